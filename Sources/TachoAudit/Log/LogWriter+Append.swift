extension LogWriter {
    /// Bundles, then tiles, then `pending`: whoever finds a head finds all it stands for.
    mutating func append(_ entries: [LogEntry]) throws(LogError) -> Checkpoint {
        requireLock()
        let old = size
        let texts = entries.map { $0.encoded() }
        for (place, entry) in entries.enumerated() {
            guard entry.partition == partition else {
                throw LogReader.error(
                    .otherPartition, LogReader.pendingName,
                    "entry \(old + UInt64(place)) is of partition \(entry.partition)")
            }
        }
        var edge = try TileEdge(reader, size: old)
        for text in texts { edge.append(text) }
        let new = edge.size
        for (tile, bytes) in try bundles(texts, from: old) + edge.finished() {
            try put(tile, bytes)
        }
        removePartials(from: old, to: new)
        let root = try readRoot(size: new)
        let head = Checkpoint(origin: origin, size: new, root: root)
        try LogFile.replace(
            reader.folder + "/" + LogReader.pendingName, head.text, hook: hook)
        self.head = head
        lastLeaf = edge.lastLeaf
        return head
    }

    /// The bundles that the new entries begin, go on with or fill.
    private func bundles(
        _ texts: [[UInt8]], from old: UInt64
    ) throws(LogError) -> [(Tile, [UInt8])] {
        let width = UInt64(Tile.fullWidth)
        var pending: [[UInt8]] = []
        if old % width > 0 {
            pending = try reader.entries(
                of: Tile(.entries, index: old / width, width: Int(old % width)))
        }
        var bundles: [(Tile, [UInt8])] = []
        var index = old / width
        for text in texts {
            pending.append(text)
            guard pending.count == Tile.fullWidth else { continue }
            bundles.append(
                (Tile(.entries, index: index, width: pending.count), EntryBundle.encode(pending)))
            pending.removeAll()
            index += 1
        }
        if !pending.isEmpty {
            bundles.append(
                (Tile(.entries, index: index, width: pending.count), EntryBundle.encode(pending)))
        }
        return bundles
    }

    /// Writes a tile or bundle beyond the stored head. What is there already was left by an append
    /// that was broken off: the statement about a segment must be the same then. A key's successor
    /// may come in its place or in another's, and tiles only follow bundles.
    private func put(_ tile: Tile, _ bytes: [UInt8]) throws(LogError) {
        let path = reader.folder + "/" + tile.path
        if case .entries = tile.content, let found = try LogFile.read(path), found != bytes {
            guard mayReplace(found, by: bytes, tile) else {
                throw LogReader.error(
                    .otherContent, tile.path,
                    "it exists and says something else of a segment; nothing was changed")
            }
        }
        let folder = tile.path.split(separator: "/").dropLast().joined(separator: "/")
        try LogFile.makeFolder(reader.folder + "/" + folder, below: reader.folder)
        try LogFile.replace(path, bytes, hook: hook)
    }

    private func mayReplace(_ found: [UInt8], by ours: [UInt8], _ bundle: Tile) -> Bool {
        guard let theirs = EntryBundle.decode(found, count: bundle.width),
            let ours = EntryBundle.decode(ours, count: bundle.width)
        else { return false }
        return zip(theirs, ours).allSatisfy { a, b in
            if a == b { return true }
            guard case .segment(var a)? = try? LogEntry(parsing: a),
                case .segment(let b)? = try? LogEntry(parsing: b)
            else { return true }
            a.previous = b.previous
            return a == b
        }
    }

    /// From the disk, through the tiles as others will read them.
    private func readRoot(size: UInt64) throws(LogError) -> [UInt8] {
        var nodes = TileNodes(reader, size: size)
        return try nodes.root(size: size)
    }

    /// A full tile stands for its partial ones. Before the new head: a kill leaves them to the same
    /// append, made again.
    private func removePartials(from old: UInt64, to new: UInt64) {
        for tile in Tile.all(size: new, from: old) where tile.isFull {
            LogFile.removeFolder(reader.folder + "/" + tile.partialFolder)
        }
    }
}

/// The right edge of the tree: the tiles that are not full, level by level.
private struct TileEdge {
    private(set) var size: UInt64
    private(set) var lastLeaf = Digest.none
    private var rows: [(index: UInt64, hashes: [[UInt8]])] = []
    private var full: [(Tile, [UInt8])] = []
    private let old: UInt64

    init(_ reader: LogReader, size: UInt64) throws(LogError) {
        self.size = size
        old = size
        var level = 0
        while size >> UInt64(Tile.height * level) > 0 {
            let count = size >> UInt64(Tile.height * level)
            let width = Int(count % UInt64(Tile.fullWidth))
            let index = count / UInt64(Tile.fullWidth)
            var hashes: [[UInt8]] = []
            if width > 0 {
                hashes = try reader.hashes(of: Tile(.level(level), index: index, width: width))
            }
            rows.append((index, hashes))
            level += 1
        }
    }

    mutating func append(_ entry: [UInt8]) {
        size += 1
        lastLeaf = entry.withUnsafeBytes(Digest.leaf)
        add(lastLeaf, level: 0)
    }

    private mutating func add(_ hash: [UInt8], level: Int) {
        if level == rows.count { rows.append((0, [])) }
        rows[level].hashes.append(hash)
        guard rows[level].hashes.count == Tile.fullWidth else { return }
        let (index, hashes) = rows[level]
        full.append(
            (Tile(.level(level), index: index, width: Tile.fullWidth), Array(hashes.joined())))
        rows[level] = (index + 1, [])
        var tree = MerkleRoot()
        for hash in hashes { tree.append(hash) }
        add(tree.root(), level: level + 1)
    }

    /// The tiles that are new or wider than at the start.
    func finished() -> [(Tile, [UInt8])] {
        var tiles = full
        for (level, row) in rows.enumerated() where !row.hashes.isEmpty {
            let shift = UInt64(Tile.height * level)
            guard size >> shift > old >> shift else { continue }
            tiles.append(
                (
                    Tile(.level(level), index: row.index, width: row.hashes.count),
                    Array(row.hashes.joined())
                ))
        }
        return tiles
    }
}
