/// Hashes of complete subtrees of an RFC 6962 tree, from which heads and proofs are made.
///
/// A node at `height` h and `index` i stands for leaves i·2^h …< (i+1)·2^h. Asked for only where
/// the tree has all of those leaves.
package protocol MerkleNodes {
    associatedtype Failure: Error
    mutating func node(height: Int, index: UInt64) throws(Failure) -> [UInt8]
}

extension MerkleNodes {
    /// The head of the first `size` leaves. Cost: at most 64 nodes.
    package mutating func root(size: UInt64) throws(Failure) -> [UInt8] {
        guard size > 0 else {
            return Digest.of(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return try head(0..<size)
    }

    /// What leads from leaf `index` to the head of the first `size` leaves, from the leaf's
    /// sibling up (RFC 6962 §2.1.1).
    package mutating func inclusion(
        of index: UInt64, size: UInt64
    ) throws(Failure) -> [[UInt8]] {
        precondition(index < size, "the leaf is in the tree")
        var path: [[UInt8]] = []
        var range = 0..<size
        while range.count > 1 {
            let middle = range.lowerBound + Self.split(range)
            if index < middle {
                path.append(try head(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(try head(range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        return path.reversed()
    }

    /// What shows that the first `old` of `size` leaves are those of the head at `old`
    /// (RFC 6962 §2.1.2). Empty when both are equal or `old` is 0.
    package mutating func consistency(
        from old: UInt64, to size: UInt64
    ) throws(Failure) -> [[UInt8]] {
        precondition(old <= size, "a log only grows")
        guard old > 0 && old < size else { return [] }
        var path: [[UInt8]] = []
        var range = 0..<size
        while range.upperBound != old {
            let middle = range.lowerBound + Self.split(range)
            if old <= middle {
                path.append(try head(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(try head(range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        // The old head itself is known to who asks.
        if range.lowerBound > 0 { path.append(try head(range)) }
        return path.reversed()
    }

    /// The head over a range that starts at a multiple of every complete subtree in it.
    private mutating func head(_ range: Range<UInt64>) throws(Failure) -> [UInt8] {
        let count = range.upperBound - range.lowerBound
        if count & (count - 1) == 0 {
            let height = count.trailingZeroBitCount
            return try node(height: height, index: range.lowerBound >> UInt64(height))
        }
        let middle = range.lowerBound + Self.split(range)
        let left = try head(range.lowerBound..<middle)
        return Digest.node(left, try head(middle..<range.upperBound))
    }

    /// The largest power of two below the count of the range, which is at least 2.
    private static func split(_ range: Range<UInt64>) -> UInt64 {
        let last = range.upperBound - range.lowerBound - 1
        return 1 << UInt64(63 - last.leadingZeroBitCount)
    }
}

/// All complete subtrees of a tree in memory: 64 B a leaf.
package struct MerkleTree: MerkleNodes, Sendable {
    /// `levels[h][i]` is the node at height h and index i.
    private var levels: [[[UInt8]]] = [[]]

    package init() {}

    package var count: UInt64 { UInt64(levels[0].count) }

    /// Adds a leaf *hash*.
    package mutating func append(_ leaf: [UInt8]) {
        var hash = leaf
        var height = 0
        while true {
            if height == levels.count { levels.append([]) }
            levels[height].append(hash)
            let count = levels[height].count
            guard count % 2 == 0 else { return }
            hash = Digest.node(levels[height][count - 2], hash)
            height += 1
        }
    }

    package func node(height: Int, index: UInt64) -> [UInt8] { levels[height][Int(index)] }

    /// Nodes at a height so far.
    func count(height: Int) -> Int { height < levels.count ? levels[height].count : 0 }
}
