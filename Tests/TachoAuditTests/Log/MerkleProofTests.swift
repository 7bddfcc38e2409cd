import Testing

@testable import TachoAudit

@Suite struct MerkleProofTests {
    private static let limit: UInt64 = 70

    private static func leaf(_ number: UInt64) -> [UInt8] {
        withUnsafeBytes(of: number) { Digest.leaf($0) }
    }

    private static func tree(_ count: UInt64) -> MerkleTree {
        var tree = MerkleTree()
        for number in 0..<count { tree.append(leaf(number)) }
        return tree
    }

    @Test func `heads are those of leaves that arrive one by one`() {
        var tree = Self.tree(Self.limit)
        var arriving = MerkleRoot()
        for size in 0...Self.limit {
            #expect(tree.root(size: size) == arriving.root(), "size \(size)")
            arriving.append(Self.leaf(size))
        }
    }

    @Test func `every leaf of every tree has a proof, of no other leaf or place`() {
        var tree = Self.tree(Self.limit)
        for size in 1...Self.limit {
            let root = tree.root(size: size)
            for index in 0..<size {
                let path = tree.inclusion(of: index, size: size)
                let leaf = Self.leaf(index)
                func proved(_ leaf: [UInt8], _ index: UInt64, _ size: UInt64) -> [UInt8]? {
                    MerkleProof.root(leaf: leaf, index: index, size: size, path: path)
                }
                #expect(proved(leaf, index, size) == root)
                #expect(proved(Self.leaf(index + 1), index, size) != root)
                for other in 0..<size where other != index {
                    #expect(proved(leaf, other, size) != root, "\(index) as \(other) of \(size)")
                }
            }
        }
    }

    @Test func `every tree begins every longer one, and no other does`() {
        var tree = Self.tree(Self.limit)
        var other = MerkleTree()
        for number in 0..<Self.limit { other.append(Self.leaf(number ^ 1)) }
        for size in 1...Self.limit {
            for old in 0...size {
                let path = tree.consistency(from: old, to: size)
                let (from, to) = (tree.root(size: old), tree.root(size: size))
                func isConsistent(_ from: [UInt8], _ to: [UInt8], _ path: [[UInt8]]) -> Bool {
                    MerkleProof.isConsistent(
                        oldSize: old, oldRoot: from, size: size, root: to, path: path)
                }
                #expect(isConsistent(from, to, path), "\(old) to \(size)")
                if old > 0 {
                    #expect(!isConsistent(other.root(size: old), to, path))
                    #expect(!isConsistent(from, other.root(size: size), path))
                }
                #expect(!isConsistent(from, to, path + [Digest.none]))
                guard !path.isEmpty else { continue }
                #expect(!isConsistent(from, to, path.dropLast()))
                for place in path.indices {
                    var forged = path
                    forged[place][31] ^= 1
                    #expect(!isConsistent(from, to, forged), "hash \(place), \(old) to \(size)")
                }
            }
        }
    }

    @Test func `a proof with too few, too many or odd hashes is none`() {
        var tree = Self.tree(21)
        let root = tree.root(size: 21)
        let path = tree.inclusion(of: 11, size: 21)
        for bad in [
            path.dropLast(), path + [Digest.none], [[1, 2, 3]] + path.dropFirst(),
            Array(path.dropFirst()), [],
        ] {
            #expect(
                MerkleProof.root(leaf: Self.leaf(11), index: 11, size: 21, path: bad) != root)
        }
        #expect(MerkleProof.root(leaf: Self.leaf(11), index: 21, size: 21, path: path) == nil)
        #expect(MerkleProof.root(leaf: Self.leaf(11), index: 0, size: 0, path: []) == nil)
    }

    /// The tree of the test data of RFC 6962's first implementations: eight entries, known heads.
    @Test func `heads are those that other programs publish`() throws {
        let entries: [[UInt8]] = [
            [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
            [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            [
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D,
                0x6E, 0x6F,
            ],
        ]
        var tree = MerkleTree()
        for entry in entries { tree.append(entry.withUnsafeBytes { Digest.leaf($0) }) }
        #expect(
            Digest.hex(tree.root(size: 1))
                == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
        #expect(
            Digest.hex(tree.root(size: 8))
                == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
    }
}
