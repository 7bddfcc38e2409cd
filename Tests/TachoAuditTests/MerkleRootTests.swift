import Testing

@testable import TachoAudit

@Suite struct MerkleRootTests {
    /// The definition of RFC 6962 §2.1, word for word: split at the largest power of two below n.
    private func head(_ leaves: ArraySlice<[UInt8]>) -> [UInt8] {
        if leaves.isEmpty { return Digest.of(UnsafeRawBufferPointer(start: nil, count: 0)) }
        if leaves.count == 1 { return leaves.first! }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        return Digest.node(head(leaves.prefix(split)), head(leaves.dropFirst(split)))
    }

    @Test func `the running root equals the recursive definition`() {
        var tree = MerkleRoot()
        var leaves: [[UInt8]] = []
        for number in 0..<70 {
            #expect(tree.root() == head(leaves[...]), "\(number) leaves")
            let leaf = withUnsafeBytes(of: number) { Digest.leaf($0) }
            leaves.append(leaf)
            tree.append(leaf)
        }
    }

    @Test func `the root of nothing is the hash of nothing`() {
        #expect(
            Digest.hex(MerkleRoot().root())
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func `a leaf of no bytes hashes the prefix alone`() {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(
            Digest.hex(Digest.leaf(empty))
                == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
    }
}
