import TachoCodec
import TachoGeo

/// All amendments of a directory, by the fix they name: what turns stored verdicts into current
/// ones.
///
/// A fix is named by rider, time and ordinal, its place among all fixes of that rider and time in
/// order of arrival. A later segment can hold a further fix of a time, so ordinals go on from
/// segment to segment, and segments must be visited in order of their ids. Memory: about 60 bytes
/// an amendment; a fleet amends few fixes.
package struct AmendmentOverlay {
    private var riders: [[UInt8]: RiderAmendments] = [:]

    package init() {}

    package var isEmpty: Bool { riders.isEmpty }

    /// Takes in the amendments of a segment. `riders`: only these names, nil for all.
    package mutating func collect(
        _ reader: SegmentReader, riders wanted: Set<[UInt8]>?
    ) throws(SegmentError) {
        for block in reader.amendmentBlocks {
            for record in try reader.readRecords(block: block) {
                guard case .amendment(let amendment) = record else { continue }
                let name = reader.names.name(Int(amendment.rider))
                if let wanted, !wanted.contains(name) { continue }
                entry(for: name).add(amendment, segment: reader.header.interval.segmentID)
            }
        }
    }

    /// Takes in the amendments of the riders in `wanted`, of fixes with times in `tsMs`.
    mutating func collect(
        _ glance: SegmentGlance, riders wanted: Set<[UInt8]>, tsMs: ClosedRange<Int64>
    ) throws(SegmentError) {
        var numbers: [UInt32: [UInt8]] = [:]
        for name in wanted {
            if let index = try glance.names.indexWithPoints(name) { numbers[UInt32(index)] = name }
        }
        for index in glance.names.sortedCount..<glance.names.count {
            let name = try glance.names.name(index)
            if wanted.contains(name) { numbers[UInt32(index)] = name }
        }
        guard !numbers.isEmpty else { return }
        for block in try glance.amendmentBlocks()
        where try glance.entry(block).tsBounds.overlaps(tsMs) {
            for record in try glance.readRecords(block: block) {
                guard case .amendment(let amendment) = record, tsMs.contains(amendment.tsMs),
                    let name = numbers[amendment.rider]
                else { continue }
                entry(for: name).add(amendment, segment: glance.header.interval.segmentID)
            }
        }
    }

    /// Stored explicitly: a defaulted subscript would not keep a new object.
    private mutating func entry(for rider: [UInt8]) -> RiderAmendments {
        if let known = riders[rider] { return known }
        let new = RiderAmendments()
        riders[rider] = new
        return new
    }

    /// Call once, after collecting and before looking up.
    package mutating func prepare() {
        for rider in riders.values { rider.prepare() }
    }

    /// The amendments of a rider; nil for most riders.
    package func amendments(of rider: [UInt8]) -> RiderAmendments? { riders[rider] }

    /// Counts the fixes of amended times in a segment, decoding only blocks that may hold some.
    mutating func count(in reader: SegmentReader) throws(SegmentError) {
        var buffer: [UInt8] = []
        var fixes = ChunkColumns()
        for (name, amendments) in riders {
            guard let rider = reader.names.indexWithPoints(name) else { continue }
            for block in reader.blocks(ofRider: rider)
            where amendments.touches(reader.index[block].tsBounds) {
                try reader.readFixes(block: block, buffer: &buffer, into: &fixes)
                let tsMs = fixes.at.tsMs
                var cursor = amendments.cursor(from: tsMs[0])
                for i in 0..<fixes.count { _ = amendments.advance(&cursor, to: tsMs[i]) }
            }
        }
    }

    struct MissingTarget {
        var rider: [UInt8]
        var tsMs: Int64
        var ordinal: UInt16
    }

    /// Amendments of a segment, in their order, of fixes that were not counted so far.
    func missingTargets(of reader: SegmentReader) throws(SegmentError) -> [MissingTarget] {
        var missing: [MissingTarget] = []
        for block in reader.amendmentBlocks {
            for case .amendment(let amendment) in try reader.readRecords(block: block) {
                let name = reader.names.name(Int(amendment.rider))
                if Int(amendment.ordinal) < riders[name]?.count(at: amendment.tsMs) ?? 0 {
                    continue
                }
                missing.append(
                    MissingTarget(
                        rider: name, tsMs: amendment.tsMs, ordinal: amendment.ordinal))
            }
        }
        return missing
    }
}

/// The amendments of one rider by time, and how many fixes of each time have gone by.
package final class RiderAmendments {
    struct Entry {
        var ordinal: UInt16
        var segment: UInt64
        var verdict: Verdict
    }

    private var collected: [Int64: [Entry]] = [:]
    /// Ascending; `entries` and `seen` are parallel to it.
    private var times: [Int64] = []
    private var entries: [[Entry]] = []
    private var seen: [Int] = []

    /// Amendments come in the order of segments, blocks and records, so the last one is current.
    fileprivate func add(_ amendment: Amendment, segment: UInt64) {
        collected[amendment.tsMs, default: []].append(
            Entry(ordinal: amendment.ordinal, segment: segment, verdict: amendment.verdict))
    }

    fileprivate func prepare() {
        times = collected.keys.sorted()
        entries = times.map { collected[$0]! }
        seen = Array(repeating: 0, count: times.count)
        collected = [:]
    }

    /// Whether some amended time lies within the bounds.
    package func touches(_ bounds: TimeBounds) -> Bool {
        let next = cursor(from: bounds.minMs)
        return next < times.count && times[next] <= bounds.maxMs
    }

    /// Where to start for fixes from `tsMs` on.
    package func cursor(from tsMs: Int64) -> Int {
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < tsMs { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Counts a fix of time `tsMs`, not before the last one of this cursor. Gives its place among
    /// amended times and its ordinal; nil when no fix of that time was amended.
    func advance(_ cursor: inout Int, to tsMs: Int64) -> (slot: Int, ordinal: Int)? {
        while cursor < times.count && times[cursor] < tsMs { cursor += 1 }
        guard cursor < times.count, times[cursor] == tsMs else { return nil }
        defer { seen[cursor] += 1 }
        return (cursor, seen[cursor])
    }

    /// The verdict at the seal of `segment` and the current one.
    func verdicts(
        slot: Int, ordinal: Int, stored: Verdict, segment: UInt64
    ) -> (atSeal: Verdict, current: Verdict) {
        var result = (atSeal: stored, current: stored)
        for entry in entries[slot] where Int(entry.ordinal) == ordinal {
            result.current = entry.verdict
            if entry.segment <= segment { result.atSeal = entry.verdict }
        }
        return result
    }

    /// How many fixes of an amended time have gone by.
    fileprivate func count(at tsMs: Int64) -> Int {
        let slot = cursor(from: tsMs)
        return slot < times.count && times[slot] == tsMs ? seen[slot] : 0
    }
}
