/// Checks proofs of RFC 6962 trees. Hashes are 32 bytes each; what is not is no proof.
package enum MerkleProof {
    /// The head that a leaf and its path lead to (RFC 9162 §2.1.3.2); nil when the path cannot be
    /// one of a tree of `size` leaves.
    package static func root(
        leaf: [UInt8], index: UInt64, size: UInt64, path: [[UInt8]]
    ) -> [UInt8]? {
        guard index < size, isHashes(path), leaf.count == Digest.byteCount else { return nil }
        var place = index
        var last = size - 1
        var hash = leaf
        for sibling in path {
            guard last > 0 else { return nil }
            if place & 1 == 1 || place == last {
                hash = Digest.node(sibling, hash)
                while place & 1 == 0 && place > 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                hash = Digest.node(hash, sibling)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 ? hash : nil
    }

    /// Whether the tree of `size` leaves with head `root` begins with the tree of `oldSize` leaves
    /// with head `oldRoot` (RFC 9162 §2.1.4.2). The empty tree begins every tree.
    package static func isConsistent(
        oldSize: UInt64, oldRoot: [UInt8], size: UInt64, root: [UInt8], path: [[UInt8]]
    ) -> Bool {
        guard oldSize <= size, isHashes(path) else { return false }
        if oldSize == size { return path.isEmpty && oldRoot == root }
        if oldSize == 0 { return path.isEmpty && oldRoot == MerkleRoot().root() }
        var rest = path[...]
        if oldSize & (oldSize - 1) == 0 { rest = ([oldRoot] + path)[...] }
        guard let first = rest.popFirst() else { return false }
        var place = oldSize - 1
        var last = size - 1
        while place & 1 == 1 {
            place >>= 1
            last >>= 1
        }
        var (old, new) = (first, first)
        for hash in rest {
            guard last > 0 else { return false }
            if place & 1 == 1 || place == last {
                old = Digest.node(hash, old)
                new = Digest.node(hash, new)
                while place & 1 == 0 && place > 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                new = Digest.node(new, hash)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && old == oldRoot && new == root
    }

    private static func isHashes(_ path: [[UInt8]]) -> Bool {
        path.count <= 64 && path.allSatisfy { $0.count == Digest.byteCount }
    }
}
