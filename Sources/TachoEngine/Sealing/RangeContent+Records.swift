import TachoAudit
import TachoGeo
import TachoStore

/// Amendments and accepted losses of a range, in the order a segment has them: by sequence, a loss
/// before an amendment; of one sequence by the rider's name, time and ordinal.
///
/// Rows lie by sequence and the rider's number. Of one sequence there are a few as a rule, which are
/// sorted in memory; when history was judged again there may be millions, of which only the riders are
/// kept and each one's rows read in its turn.
extension RangeContent {
    /// Rows of one sequence that are sorted in memory.
    static let sortedAtOnce = 4_096

    func pourRecords<T: SegmentTaker & ~Copyable>(
        into taker: inout T, sortedAtOnce: Int = Self.sortedAtOnce
    ) throws(Failure) {
        var losses = try self.losses()[...]
        let cursor = database.cursor(.amendLog)
        cursor.seek(Keys.number(range))
        while let sequence = try amendment(at: cursor)?.sequence {
            while let loss = losses.first, loss.lowerBound <= sequence {
                try add(loss, to: &taker)
                losses.removeFirst()
            }
            try pour(sequence, cursor, sortedAtOnce, into: &taker)
        }
        for loss in losses { try add(loss, to: &taker) }
    }

    /// All of a sequence; the cursor stands on its first row, and behind its last afterwards.
    private func pour<T: SegmentTaker & ~Copyable>(
        _ sequence: UInt64, _ cursor: Cursor, _ sortedAtOnce: Int, into taker: inout T
    ) throws(Failure) {
        var group: [(amendment: Amendment, name: [UInt8])] = []
        while let amendment = try amendment(at: cursor), amendment.sequence == sequence {
            if group.count == sortedAtOnce {
                group = []
                return try pourByRider(sequence, cursor, into: &taker)
            }
            group.append((amendment, riders.name(of: amendment.rider)))
            cursor.next()
        }
        group.sort { a, b in
            if a.name != b.name { return a.name.lexicographicallyPrecedes(b.name) }
            return (a.amendment.tsMs, a.amendment.ordinal)
                < (b.amendment.tsMs, b.amendment.ordinal)
        }
        for one in group { try add(one.amendment, one.name, to: &taker) }
    }

    private func pourByRider<T: SegmentTaker & ~Copyable>(
        _ sequence: UInt64, _ cursor: Cursor, into taker: inout T
    ) throws(Failure) {
        var found: [(rider: UInt32, name: [UInt8])] = []
        cursor.seek(Keys.amendLog(range: range, sequence: sequence, rider: 0))
        while let amendment = try amendment(at: cursor), amendment.sequence == sequence {
            found.append((amendment.rider, riders.name(of: amendment.rider)))
            guard amendment.rider < .max else { break }
            cursor.seek(
                Keys.amendLog(range: range, sequence: sequence, rider: amendment.rider + 1))
        }
        for one in found.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            if isStopping() { throw .stopping }
            cursor.seek(Keys.amendLog(range: range, sequence: sequence, rider: one.rider))
            // In order of time and ordinal, as their keys are.
            while let amendment = try amendment(at: cursor), amendment.sequence == sequence,
                amendment.rider == one.rider
            {
                try add(amendment, one.name, to: &taker)
                cursor.next()
            }
        }
        cursor.seek(Keys.amendLog(range: range, sequence: sequence + 1, rider: 0))
    }

    /// nil: the cursor is behind the range's last.
    private func amendment(at cursor: Cursor) throws(Failure) -> Amendment? {
        do {
            guard try cursor.isValid(), cursor.key.count == 24,
                KeyReader.u32(cursor.key, at: 0) == range
            else { return nil }
            return try AmendmentRow.read(logKey: cursor.key, cursor.value)
        } catch {
            throw .store(error)
        }
    }

    private func add<T: SegmentTaker & ~Copyable>(
        _ amendment: Amendment, _ name: [UInt8], to taker: inout T
    ) throws(Failure) {
        do {
            try taker.add(amendment: amendment, riderName: name)
        } catch {
            throw .segment(error)
        }
    }

    private func add<T: SegmentTaker & ~Copyable>(
        _ loss: ClosedRange<UInt64>, to taker: inout T
    ) throws(Failure) {
        do {
            try taker.add(acceptedLoss: loss, ruleSet: ruleSet)
        } catch {
            throw .segment(error)
        }
    }
}
