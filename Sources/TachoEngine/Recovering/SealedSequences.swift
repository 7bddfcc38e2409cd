import TachoAudit

/// Which sequences sealed segments hold, asked when the journal has lost them: a point in a segment is
/// not missing, so it is not among those that an operator is asked to give up.
enum SealedSequences {
    /// The last sequence up to which segments hold all from `first` on; `first` − 1 if they do not hold
    /// that one. A segment that cannot be read holds nothing, nor do those behind a gap.
    /// Cost: the heads of the segments from there on, some 20 µs each.
    static func through(from first: UInt64, in auditPath: String) -> UInt64 {
        guard first > 0, let entries = try? AuditDirectory.segments(at: auditPath) else { return 0 }
        // Newest first, back to the one that has `first`: what is lost is at the end.
        var held: (from: UInt64, through: UInt64)?
        var newerID: UInt64?
        for entry in entries.reversed() {
            guard let interval = try? SegmentReader(path: entry.path).header.interval,
                interval.segmentID == entry.id
            else {
                (held, newerID) = (nil, nil)
                continue
            }
            if let one = held, newerID == entry.id + 1, interval.lastSequence + 1 == one.from {
                held = (interval.firstSequence, one.through)
            } else {
                held = (interval.firstSequence, interval.lastSequence)
            }
            newerID = entry.id
            if interval.firstSequence <= first { break }
        }
        guard let held, held.from <= first, first <= held.through else { return first - 1 }
        return held.through
    }
}
