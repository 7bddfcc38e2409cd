import TachoCodec
import TachoGeo

/// What stands inside a block whose checksum is right.
enum BlockContent {
    /// Puts fixes and arrivals into `columns`. `stored` is the whole block.
    static func fixes(
        _ stored: UnsafeRawBufferPointer, count: Int, at location: BlockLocation,
        into columns: inout ChunkColumns
    ) throws(SegmentError) {
        do throws(ColumnError) {
            try FixColumns.decode(
                StoredBlock.payload(stored), count: count, into: &columns)
        } catch .unknownCodec {
            throw location.error(
                .unknownAlgorithm, "a column has a codec that is unknown here", stored.count)
        } catch {
            throw location.error(
                .blockColumns, "its columns do not decode: \(error.message)", stored.count)
        }
    }

    /// The records of an amendment block, each checked against the header; sequences ascend. What
    /// holds over all blocks is for `AmendmentOrder`.
    static func records(
        _ stored: UnsafeRawBufferPointer, count: Int, at location: BlockLocation,
        header: SegmentHeader
    ) throws(SegmentError) -> [AuditRecord] {
        let payload = StoredBlock.payload(stored)
        guard payload.count == count * AmendmentLayout.byteCount else {
            throw location.error(.amendment, "its records do not fill it", stored.count)
        }
        var records: [AuditRecord] = []
        records.reserveCapacity(count)
        for i in 0..<count {
            let start = i * AmendmentLayout.byteCount
            let bytes = UnsafeRawBufferPointer(
                rebasing: payload[start..<start + AmendmentLayout.byteCount])
            guard let record = AuditRecord.decode(bytes), isPossible(record, header) else {
                throw location.error(.amendment, "record \(i) is impossible", stored.count)
            }
            if let last = records.last, record.sequence < last.sequence {
                throw location.error(.amendment, "record \(i) is out of order", stored.count)
            }
            records.append(record)
        }
        return records
    }

    private static func isPossible(_ record: AuditRecord, _ header: SegmentHeader) -> Bool {
        let interval = header.interval.firstSequence...header.interval.lastSequence
        switch record {
        case .amendment(let amendment):
            return interval.contains(amendment.sequence)
                && amendment.tsMs.magnitude < UInt64(Fix.timeLimitMs)
                && UInt64(amendment.rider) < UInt64(header.riders) + UInt64(header.otherRiders)
        case .acceptedLoss(let lost, _):
            return interval.contains(lost.lowerBound) && interval.contains(lost.upperBound)
        }
    }

    static func compare(
        _ stored: StoredBlock, with entry: BlockEntry, at location: BlockLocation
    ) throws(SegmentError) {
        guard stored.kind == entry.kind, stored.rider == entry.rider,
            stored.count == Int(entry.count), stored.storedBytes == Int(entry.storedBytes)
        else {
            throw location.error(
                .blockHeader, "its header and its index entry differ", stored.storedBytes)
        }
    }

    /// Checks a whole stored block: its checksum, which binds it to its place, its index entry and
    /// its leaf, which in a segment of version `major` may cover names.
    static func check(
        _ stored: UnsafeRawBufferPointer, _ entry: BlockEntry, at location: BlockLocation,
        leaf: DigestValue, major: UInt16, names: some RiderNames
    ) throws(SegmentError) {
        let block = try StoredBlock.check(stored, at: location)
        try compare(block, with: entry, at: location)
        guard LeafNames.leaf(stored, block, names, major: major) == leaf else {
            throw location.error(.blockLeaf, "it is not the block of its leaf", stored.count)
        }
    }

    /// That the fixes of a block ascend by (time, arrival) within the times of its index entry, as
    /// `Recount` finds with the same words. Without it a search by time would pass over fixes that
    /// are there. Cost: a nanosecond a fix.
    static func checkOrder(
        _ columns: borrowing ChunkColumns, _ entry: BlockEntry, at location: BlockLocation
    ) throws(SegmentError) {
        let at = columns.at
        for i in stride(from: 1, to: columns.count, by: 1) {
            let (last, next) = (at.tsMs[i - 1], at.tsMs[i])
            guard last < next || last == next && at.arrival[i - 1] < at.arrival[i] else {
                throw location.error(.blockOrder, orderDetail(i), Int(entry.storedBytes))
            }
        }
        guard at.tsMs[0] == entry.tsBounds.minMs,
            at.tsMs[columns.count - 1] == entry.tsBounds.maxMs
        else { throw location.error(.blockOrder, boundsDetail, Int(entry.storedBytes)) }
    }

    static func orderDetail(_ fix: Int) -> String { "fix \(fix) is out of order" }
    static let boundsDetail = "its times are not those of its index entry"
}
