#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads the log of an audit directory. Holds nothing open and nothing in memory; checks the form
/// of what it reads, not its truth: that is `LogCheck`.
package struct LogReader: Sendable {
    /// The audit directory.
    package let audit: String

    package init(audit: String) { self.audit = audit }

    package var folder: String { audit + "/" + Self.folderName }

    static let folderName = "log"
    static let checkpointName = "checkpoint"
    static let pendingName = "pending"

    package var exists: Bool { access(folder, F_OK) == 0 }

    /// The newest signed head; nil before the first.
    package func checkpoint() throws(LogError) -> SignedCheckpoint? {
        let bytes = try LogFile.read(folder + "/" + Self.checkpointName)
        return try bytes.map { bytes throws(LogError) in
            do throws(NoteError) {
                let checkpoint = try SignedCheckpoint(parsing: bytes)
                try Self.checkSize(checkpoint.head)
                return checkpoint
            } catch {
                throw Self.error(.checkpointFormat, Self.checkpointName, error.message)
            }
        }
    }

    /// The head that tiles and bundles hold, signed or not; nil before the first entry.
    package func pending() throws(LogError) -> Checkpoint? {
        let bytes = try LogFile.read(folder + "/" + Self.pendingName)
        return try bytes.map { bytes throws(LogError) in
            do throws(NoteError) {
                let head = try Checkpoint(text: bytes)
                try Self.checkSize(head)
                return head
            } catch {
                throw Self.error(.checkpointFormat, Self.pendingName, error.message)
            }
        }
    }

    /// A log of more entries is none: at one segment a second it would be 30,000 years old.
    static let maxEntries: UInt64 = 1 << 40

    private static func checkSize(_ head: Checkpoint) throws(NoteError) {
        guard head.size > maxEntries else { return }
        throw .format("it states \(head.size) entries, more than \(maxEntries)")
    }

    /// The larger of both.
    package func head() throws(LogError) -> Checkpoint? {
        let signed = try checkpoint()?.head
        guard let pending = try pending() else { return signed }
        guard let signed, signed.size > pending.size else { return pending }
        return signed
    }

    /// The bytes of a tile or bundle, and how wide the file is. A full one stands for the partial
    /// ones before it.
    private func bytes(of tile: Tile) throws(LogError) -> (bytes: [UInt8], width: Int) {
        for candidate in tile.isFull ? [tile] : [tile, tile.full] {
            guard let bytes = try LogFile.read(folder + "/" + candidate.path) else { continue }
            return (bytes, candidate.width)
        }
        throw Self.error(.missingTile, tile.path, "it is missing")
    }

    /// The hashes of a tile, as many as it is wide. The file has these and nothing behind them.
    func hashes(of tile: Tile) throws(LogError) -> [[UInt8]] {
        let (bytes, width) = try bytes(of: tile)
        guard bytes.count == width * Digest.byteCount else {
            throw Self.error(
                .tileFormat, tile.path, "its file has \(bytes.count) bytes, not \(width) hashes")
        }
        return (0..<tile.width).map {
            Array(bytes[$0 * Digest.byteCount..<($0 + 1) * Digest.byteCount])
        }
    }

    /// The entries of a bundle. The file has as many as its name says.
    func entries(of bundle: Tile) throws(LogError) -> [[UInt8]] {
        let (bytes, width) = try bytes(of: bundle)
        guard let entries = EntryBundle.decode(bytes, count: width) else {
            throw Self.error(
                .tileFormat, bundle.path, "its file does not hold \(width) entries")
        }
        return Array(entries[..<bundle.width])
    }

    /// The entries of `range` in a log of `size`, passed on with their indices.
    package func forEachEntry(
        of range: Range<UInt64>, size: UInt64,
        _ body: (UInt64, [UInt8]) throws(LogError) -> Void
    ) throws(LogError) {
        let width = UInt64(Tile.fullWidth)
        var index = range.lowerBound
        while index < range.upperBound {
            let number = index / width
            let bundle = Tile(
                .entries, index: number, width: Int(min(width, size - number * width)))
            let end = min((number + 1) * width, range.upperBound)
            let entries = try entries(of: bundle)
            while index < end {
                try body(index, entries[Int(index % width)])
                index += 1
            }
        }
    }

    package func entry(_ index: UInt64, size: UInt64) throws(LogError) -> LogEntry {
        var found: LogEntry?
        try forEachEntry(of: index..<index + 1, size: size) { index, bytes throws(LogError) in
            found = try Self.parse(bytes, index)
        }
        return found!
    }

    /// The keys of a log of `size`. Reads all entries.
    package func keys(size: UInt64) throws(LogError) -> KeyChain {
        var keys = KeyChain()
        try forEachEntry(of: 0..<size, size: size) { index, bytes throws(LogError) in
            guard bytes.starts(with: KeyRotation.title.utf8) else { return }
            if case .keyRotation(let rotation) = try Self.parse(bytes, index) {
                try keys.add(rotation, at: index)
            }
        }
        return keys
    }

    static func parse(_ bytes: [UInt8], _ index: UInt64) throws(LogError) -> LogEntry {
        do throws(EntryError) {
            return try LogEntry(parsing: bytes)
        } catch {
            let code: LogError.Code =
                if case .unknown = error { .unknownEntry } else { .entryFormat }
            throw LogError(code, file: Self.bundleName(index), "entry \(index): \(error.message)")
        }
    }

    /// Where an entry stands once its bundle is full; for messages.
    static func bundleName(_ index: UInt64) -> String {
        let bundle = Tile(
            .entries, index: index / UInt64(Tile.fullWidth), width: Tile.fullWidth)
        return folderName + "/" + bundle.path
    }

    static func error(_ code: LogError.Code, _ name: String, _ detail: String) -> LogError {
        LogError(code, file: folderName + "/" + name, detail)
    }
}

/// The log's tree at a size, from its tiles. Keeps the tiles it has read.
package struct TileNodes: MerkleNodes {
    private let reader: LogReader
    private let size: UInt64
    private var known: [Tile: [[UInt8]]] = [:]

    package init(_ reader: LogReader, size: UInt64) {
        self.reader = reader
        self.size = size
    }

    package mutating func node(height: Int, index: UInt64) throws(LogError) -> [UInt8] {
        let level = height / Tile.height
        let inner = height % Tile.height
        let first = index << UInt64(inner)
        let width = UInt64(Tile.fullWidth)
        let total = size >> UInt64(level * Tile.height)
        let tile = Tile(
            .level(level), index: first / width,
            width: Int(min(width, total - first / width * width)))
        var hashes = known[tile] ?? []
        if hashes.isEmpty {
            hashes = try reader.hashes(of: tile)
            known[tile] = hashes
        }
        let start = Int(first % width)
        var tree = MerkleRoot()
        for hash in hashes[start..<start + 1 << inner] { tree.append(hash) }
        return tree.root()
    }
}
