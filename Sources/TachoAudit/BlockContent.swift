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
        _ stored: [UInt8], _ entry: BlockEntry, at location: BlockLocation,
        leaf: some Sequence<UInt8>, major: UInt16, name: (UInt32) -> [UInt8]?
    ) throws(SegmentError) {
        let result = stored.withUnsafeBytes { raw in
            Result { () throws(SegmentError) in
                let block = try StoredBlock.check(raw, at: location)
                try compare(block, with: entry, at: location)
                let names = LeafNames.of(raw, block, major: major, name: name)
                guard Digest.leaf(raw, names: names).elementsEqual(leaf) else {
                    throw location.error(.blockLeaf, "it is not the block of its leaf", raw.count)
                }
            }
        }
        try result.get()
    }
}
