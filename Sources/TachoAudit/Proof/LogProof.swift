/// That an entry is in a log at a signed head: the text of C2SP `tlog-proof`.
package struct LogProof: Equatable, Sendable {
    package let index: UInt64
    /// From the leaf's sibling up.
    package let path: [[UInt8]]
    package let checkpoint: SignedCheckpoint

    static let title = "c2sp.org/tlog-proof@v1"

    init(index: UInt64, path: [[UInt8]], checkpoint: SignedCheckpoint) {
        self.index = index
        self.path = path
        self.checkpoint = checkpoint
    }

    package func encoded() -> [UInt8] {
        let lines = [Self.title, "index \(index)"] + path.map { Base64Text.encode($0) } + [""]
        return Array(lines.map { $0 + "\n" }.joined().utf8) + checkpoint.encoded()
    }

    /// Reads a proof. `extra` data is refused: nothing here would look at it.
    package init(parsing bytes: [UInt8]) throws(NoteError) {
        var rest = bytes[...]
        func line() throws(NoteError) -> ArraySlice<UInt8> {
            guard let end = rest.firstIndex(of: 0x0A) else { throw .format("a proof is cut") }
            defer { rest = rest[(end + 1)...] }
            return rest[..<end]
        }
        guard try line().elementsEqual(Self.title.utf8) else {
            throw .format("it does not start with \(Self.title)")
        }
        let second = try line()
        guard second.starts(with: "index ".utf8),
            let index = CanonicalText.number(second.dropFirst(6))
        else { throw .format("its second line is no index") }
        var path: [[UInt8]] = []
        while true {
            let text = try line()
            if text.isEmpty { break }
            guard let hash = Base64Text.decode(text), hash.count == Digest.byteCount,
                path.count < 64
            else { throw .format("a line is no hash") }
            path.append(hash)
        }
        self.init(
            index: index, path: path, checkpoint: try SignedCheckpoint(parsing: Array(rest)))
    }

    /// Whether the entry is at `index` of the log with the checkpoint's root.
    package func holds(_ entry: [UInt8]) -> Bool {
        let head = checkpoint.head
        let leaf = entry.withUnsafeBytes { Digest.leaf($0) }
        return MerkleProof.root(leaf: leaf, index: index, size: head.size, path: path) == head.root
    }
}
