/// The riders' names that the leaf of a block covers before the block itself; not stored with it.
///
/// A block says by a number whose it is. With the names under the leaf, a block and its path to
/// the segment's root prove whose fixes they are, without the segment's table of names. Each name
/// stands behind its length (u8): one for a block of fixes; one for each record of a block of
/// amendments, a lone 0 for a record without a rider.
package enum LeafNames {
    /// Of a block of fixes.
    package static func fixes(of name: [UInt8]) -> [UInt8] {
        precondition(name.count <= UInt8.max, "names have at most 128 bytes")
        return [UInt8(name.count)] + name
    }

    /// Of the block `stored`, whose checksum is right, in a segment of version `major`. A number
    /// that is of no name counts as none: content is looked at later.
    static func of(
        _ stored: UnsafeRawBufferPointer, _ block: StoredBlock, _ names: some RiderNames,
        major: UInt16
    ) -> [UInt8] {
        var out: [UInt8] = []
        forEach(stored, block, names, major: major) { name in
            out.append(UInt8(name?.count ?? 0))
            if let name { out += name }
        }
        return out
    }

    /// The leaf of the same block: SHA-256(0x00 ‖ names ‖ block). Cost: one pass over the bytes and
    /// 0.3 µs, no array.
    static func leaf(
        _ stored: UnsafeRawBufferPointer, _ block: StoredBlock, _ names: some RiderNames,
        major: UInt16
    ) -> DigestValue {
        var hash = RunningDigest()
        hash.update(0)
        forEach(stored, block, names, major: major) { name in
            let count = name?.count ?? 0
            // Together, because each call costs as much as a few bytes.
            withUnsafeTemporaryAllocation(byteCount: 1 + count, alignment: 1) { raw in
                raw[0] = UInt8(count)
                if let name {
                    UnsafeMutableRawBufferPointer(rebasing: raw[1...]).copyMemory(from: name)
                }
                hash.update(UnsafeRawBufferPointer(raw))
            }
        }
        hash.update(stored)
        return hash.inline
    }

    @inline(__always)
    private static func forEach(
        _ stored: UnsafeRawBufferPointer, _ block: StoredBlock, _ names: some RiderNames,
        major: UInt16, _ body: (UnsafeRawBufferPointer?) -> Void
    ) {
        guard major >= SegmentFormat.namedLeaves else { return }
        switch block.kind {
        case .fixes: names.withName(block.rider, body)
        case .amendments:
            let payload = StoredBlock.payload(stored)
            for record in 0..<min(block.count, payload.count / AmendmentLayout.byteCount) {
                let start = record * AmendmentLayout.byteCount
                let view = RecordView(
                    UnsafeRawBufferPointer(rebasing: payload[start...]),
                    count: AmendmentLayout.byteCount)
                names.withName(view.get(AmendmentLayout.rider), body)
            }
        }
    }

    /// Takes the names apart again; nil when they are not `count` names.
    package static func split(_ bytes: [UInt8], count: Int) -> [[UInt8]]? {
        var names: [[UInt8]] = []
        var place = 0
        while place < bytes.count {
            let end = place + 1 + Int(bytes[place])
            guard end <= bytes.count else { return nil }
            names.append(Array(bytes[place + 1..<end]))
            place = end
        }
        return names.count == count ? names : nil
    }
}

/// Who knows the names of a segment by their numbers.
protocol RiderNames {
    /// Passes a name to `body`; nil for a number that is of none.
    func withName<R>(_ index: UInt32, _ body: (UnsafeRawBufferPointer?) -> R) -> R
}
