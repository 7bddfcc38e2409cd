import TachoCodec

/// What a complete checkpoint says about the journal; the value of `checkpoint` in family `meta`.
package struct CheckpointMark: Equatable, Sendable {
    /// The first group that is still needed.
    package var from: UInt64
    /// As they stood before that group.
    package var nextSequence: UInt64
    package var hash: UInt64
    /// The range open at that group, and its first sequence.
    package var range: UInt32
    package var rangeFirst: UInt64

    package init(
        from: UInt64 = 1, nextSequence: UInt64 = 1, hash: UInt64 = 0, range: UInt32 = 1,
        rangeFirst: UInt64 = 1
    ) {
        self.from = from
        self.nextSequence = nextSequence
        self.hash = hash
        self.range = range
        self.rangeFirst = rangeFirst
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(from)
        writer.put(nextSequence)
        writer.put(hash)
        writer.put(UInt64(range))
        writer.put(rangeFirst)
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(StoreError) {
        let values = bytes.withUnsafeBytes { raw -> [UInt64]? in
            var reader = ByteReader(raw)
            guard let from: UInt64 = try? reader.read(), let next: UInt64 = try? reader.read(),
                let hash: UInt64 = try? reader.read(), let range: UInt64 = try? reader.read(),
                let first: UInt64 = try? reader.read(), reader.isAtEnd, from > 0,
                range <= UInt64(UInt32.max)
            else { return nil }
            return [from, next, hash, range, first]
        }
        guard let values else { throw .damaged("the checkpoint mark cannot be read") }
        self.init(
            from: values[0], nextSequence: values[1], hash: values[2], range: UInt32(values[3]),
            rangeFirst: values[4])
    }
}

/// How far the journal of a directory can be believed: the longest run of groups from `first` that
/// are all there, unharmed, and linked by their hashes.
struct JournalExtent: Equatable {
    /// The last good group; `first − 1` if there is none.
    var group: UInt64
    var nextSequence: UInt64
    var hash: UInt64
    /// Why the run ended although more rows follow; nil when it ended with the journal.
    var damage: String?
    /// The group the watermark names has other bytes than when it was acknowledged.
    var contradictsWatermark = false

    /// Reads and checks every group after `start`. Cost: one pass over the journal.
    static func measure(
        _ journal: any Journal, after start: CheckpointMark, watermark: Watermark
    ) throws(StoreError) -> JournalExtent {
        var extent = JournalExtent(
            group: start.from - 1, nextSequence: start.nextSequence, hash: start.hash)
        let first = start.from
        do {
            try journal.replay(from: first) { number, bytes throws(StoreError) in
                guard number == extent.group + 1 else {
                    throw .damaged("journal group \(extent.group + 1) is missing")
                }
                let (header, body, hash) = try GroupHeader.read(bytes)
                guard header.group == number else {
                    throw .damaged("journal group \(number) says it is \(header.group)")
                }
                guard header.previousHash == extent.hash else {
                    throw .damaged("journal group \(number) does not follow \(number - 1)")
                }
                extent.group = number
                extent.hash = hash
                extent.nextSequence = header.firstSequence + UInt64(header.points)
                if header.points == 0, let end = try Self.lossEnd(body) {
                    extent.nextSequence = end + 1
                }
                if number == watermark.group && hash != watermark.hash {
                    extent.contradictsWatermark = true
                }
                return true
            }
        } catch .damaged(let what) {
            extent.damage = what
        }
        return extent
    }

    /// The last sequence of an accepted loss in the group, if it records one.
    private static func lossEnd(_ body: UnsafeRawBufferPointer) throws(StoreError) -> UInt64? {
        var reader = GroupReader(body)
        while let event = try reader.next() {
            if case .loss(_, let last) = event, last > 0 { return last }
        }
        return nil
    }
}
