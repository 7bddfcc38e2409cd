/// That each amendment names a fix of its own or of an earlier segment.
///
/// Fixes are counted segment by segment, and the amendments of each are looked at before the next
/// one is counted: a fix that only comes later was nobody's to amend. Memory: all amendments.
struct TargetCheck {
    private var overlay = AmendmentOverlay()

    /// Notes which fixes are amended at all, so that only those are counted. A segment that cannot
    /// be read is told of in its turn, and nothing is asked of those behind it.
    init(_ entries: [AuditDirectory.Entry]) {
        for entry in entries {
            guard let reader = try? SegmentReader(path: entry.path) else { continue }
            try? overlay.collect(reader, riders: nil)
        }
        overlay.prepare()
    }

    /// Counts the fixes of the next segment; gives its amendments of fixes that are not there.
    mutating func check(_ entry: AuditDirectory.Entry) throws(SegmentError) -> [Finding] {
        guard !overlay.isEmpty else { return [] }
        let reader = try SegmentReader(path: entry.path)
        try overlay.count(in: reader)
        return try overlay.missingTargets(of: reader).map { missing in
            let rider = String(decoding: missing.rider, as: UTF8.self)
            return Finding(
                .amendmentTarget, file: entry.fileName,
                "it amends fix \(missing.ordinal) of rider \(rider) at \(missing.tsMs) ms, "
                    + "which is in no segment so far")
        }
    }
}
