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
