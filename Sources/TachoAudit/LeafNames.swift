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
        _ stored: UnsafeRawBufferPointer, _ block: StoredBlock, _ names: NameTable, major: UInt16
    ) -> [UInt8] {
        of(stored, block, major: major, name: names.nameIfAny)
    }

    /// The same with `name` to look names up by their numbers.
    static func of(
        _ stored: UnsafeRawBufferPointer, _ block: StoredBlock, major: UInt16,
        name: (UInt32) -> [UInt8]?
    ) -> [UInt8] {
        guard major >= SegmentFormat.namedLeaves else { return [] }
        switch block.kind {
        case .fixes: return entry(name(block.rider))
        case .amendments:
            let payload = StoredBlock.payload(stored)
            var out: [UInt8] = []
            for record in 0..<min(block.count, payload.count / AmendmentLayout.byteCount) {
                let start = record * AmendmentLayout.byteCount
                let view = RecordView(
                    UnsafeRawBufferPointer(rebasing: payload[start...]),
                    count: AmendmentLayout.byteCount)
                out += entry(name(view.get(AmendmentLayout.rider)))
            }
            return out
        }
    }

    private static func entry(_ name: [UInt8]?) -> [UInt8] { name.map(fixes) ?? [0] }

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
