/// The Merkle tree head of RFC 6962 §2.1 over leaves that arrive one by one.
///
/// Holds one hash per set bit of the count so far, at most 64. Appending costs one node hash on
/// average, the root at most 63.
package struct MerkleRoot {
    /// Roots of complete subtrees, largest first, with the number of leaves each stands for.
    private var peaks: [(leaves: UInt64, hash: [UInt8])] = []
    package private(set) var count: UInt64 = 0

    package init() {}

    /// Adds a leaf *hash*; see `Digest.leaf`.
    package mutating func append(_ leaf: [UInt8]) {
        var carry = (leaves: UInt64(1), hash: leaf)
        while let last = peaks.last, last.leaves == carry.leaves {
            peaks.removeLast()
            carry = (carry.leaves * 2, Digest.node(last.hash, carry.hash))
        }
        peaks.append(carry)
        count += 1
    }

    /// The head over all leaves so far; of none it is SHA-256 of nothing.
    package func root() -> [UInt8] {
        guard var hash = peaks.last?.hash else {
            return Digest.of(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        for peak in peaks.dropLast().reversed() { hash = Digest.node(peak.hash, hash) }
        return hash
    }
}
