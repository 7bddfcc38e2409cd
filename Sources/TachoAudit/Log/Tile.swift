/// A stretch of up to 256 hashes of one level of the log's tree, or of the entries themselves:
/// one file each (C2SP `tlog-tiles`).
package struct Tile: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// Level l holds the heads of 256^l leaves each.
        case level(Int)
        /// Entries, each behind its length as a big-endian u16.
        case entries
    }

    /// Hashes of a full tile; entries of a full bundle.
    package static let fullWidth = 256
    /// log2 of it: the height of the subtree a tile stands for.
    static let height = 8

    package let content: Content
    package let index: UInt64
    /// 1…256.
    package let width: Int

    package init(_ content: Content, index: UInt64, width: Int) {
        precondition((1...Self.fullWidth).contains(width), "a tile is not empty")
        self.content = content
        self.index = index
        self.width = width
    }

    package var isFull: Bool { width == Self.fullWidth }

    /// Below the log's folder: `tile/0/x001/234.p/5`.
    package var path: String { isFull ? fullPath : fullPath + ".p/\(width)" }

    var full: Tile { Tile(content, index: index, width: Self.fullWidth) }

    private var fullPath: String {
        let level =
            switch content {
            case .level(let level): "\(level)"
            case .entries: "entries"
            }
        var rest = index / 1_000
        var path = Self.digits(index % 1_000)
        while rest > 0 {
            path = "x" + Self.digits(rest % 1_000) + "/" + path
            rest /= 1_000
        }
        return "tile/\(level)/\(path)"
    }

    private static func digits(_ number: UInt64) -> String {
        let text = String(number)
        return String(repeating: "0", count: 3 - text.count) + text
    }

    /// The folder of partial tiles beside the full one.
    var partialFolder: String { fullPath + ".p" }

    /// The tiles of the tree and the bundles of `size` entries, ascending by level and index, made
    /// as they are asked for: a size that somebody invented costs nothing.
    /// `from`: without those that were full at that size already.
    package static func all(size: UInt64, from old: UInt64 = 0) -> some Sequence<Tile> {
        let levels = (0..<8).filter { size >> UInt64(height * $0) > 0 }
        return ([Content.entries] + levels.map(Content.level)).lazy.flatMap { content in
            switch content {
            case .entries: row(content, count: size, from: old)
            case .level(let level):
                row(
                    content, count: size >> UInt64(height * level),
                    from: old >> UInt64(height * level))
            }
        }
    }

    private static func row(
        _ content: Content, count: UInt64, from old: UInt64
    ) -> some Sequence<Tile> {
        let width = UInt64(fullWidth)
        let isNew = count > old || (count == old && count % width != 0)
        let end = count / width + (count % width == 0 ? 0 : 1)
        return (isNew ? old / width..<end : end..<end).lazy.map { index in
            Tile(content, index: index, width: Int(min(count - index * width, width)))
        }
    }
}
