/// The Merkle tree head of RFC 6962 §2.1 over leaves that arrive one by one.
///
/// Holds one hash per set bit of the count so far, at most 64. Appending costs one node hash on
/// average, the root at most 63.
package struct MerkleRoot {
    /// Roots of complete subtrees, largest first: one for each 1 in the bits of `count`.
    private var peaks: [DigestValue] = []
    package private(set) var count: UInt64 = 0

    package init() {}

    /// The tree of the first `size` leaves, to be gone on with. Cost: at most 64 nodes.
    package init<Nodes: MerkleNodes>(
        size: UInt64, of nodes: inout Nodes
    ) throws(Nodes.Failure) {
        for height in (0..<UInt64.bitWidth).reversed() where size >> UInt64(height) & 1 == 1 {
            let hash = try nodes.node(height: height, index: count >> UInt64(height))
            peaks.append(DigestValue(hash))
            count += 1 << UInt64(height)
        }
    }

    /// Adds a leaf *hash*; see `Digest.leaf`.
    package mutating func append(_ leaf: [UInt8]) { append(DigestValue(leaf)) }

    /// The same. No allocation but for the first leaves.
    mutating func append(_ leaf: DigestValue) {
        peaks.append(leaf)
        // Each 1 at the low end is a subtree as large as the one that has just become complete.
        for _ in 0..<(~count).trailingZeroBitCount { joinLastTwo() }
        count += 1
    }

    /// The head over all leaves so far; of none it is SHA-256 of nothing.
    package func root() -> [UInt8] {
        guard count > 0 else { return Digest.of(UnsafeRawBufferPointer(start: nil, count: 0)) }
        var rest = self
        while rest.peaks.count > 1 { rest.joinLastTwo() }
        return rest.peaks[0].bytes
    }

    private mutating func joinLastTwo() {
        peaks.withUnsafeMutableBytes { raw in
            let pair = UnsafeMutableRawBufferPointer(
                rebasing: raw[(raw.count - 2 * Digest.byteCount)...])
            Digest.node(
                UnsafeRawBufferPointer(pair),
                into: UnsafeMutableRawBufferPointer(rebasing: pair[..<Digest.byteCount]))
        }
        peaks.removeLast()
    }

    /// The head over leaf hashes that lie one behind the other. Cost: a node hash a leaf, no
    /// allocation for each.
    static func root(ofLeaves leaves: [UInt8]) -> [UInt8] {
        var count = leaves.count / Digest.byteCount
        guard count > 0 else { return MerkleRoot().root() }
        var row = leaves
        row.withUnsafeMutableBytes { row in
            // Pairs of a row make the next one, in its place; what is left over goes up as it is.
            while count > 1 {
                for pair in 0..<count / 2 {
                    let at = pair * 2 * Digest.byteCount
                    Digest.node(
                        UnsafeRawBufferPointer(rebasing: row[at..<at + 2 * Digest.byteCount]),
                        into: UnsafeMutableRawBufferPointer(
                            rebasing: row[at / 2..<at / 2 + Digest.byteCount]))
                }
                if count % 2 == 1 {
                    let from = (count - 1) * Digest.byteCount
                    let to = count / 2 * Digest.byteCount
                    for byte in 0..<Digest.byteCount { row[to + byte] = row[from + byte] }
                }
                count = (count + 1) / 2
            }
        }
        return Array(row[..<Digest.byteCount])
    }
}
