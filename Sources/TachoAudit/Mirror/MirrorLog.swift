#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Copies the log of segments as far as it is signed: the tiles and bundles of its checkpoint,
/// then the checkpoint.
///
/// Tiles and entries behind the checkpoint are left out: nobody signed them, and a key left there
/// by a kill may still give way to a segment. The target's checkpoint is replaced only by one that
/// is shown, by a consistency proof out of the source's tiles, to begin with it. Other bytes for
/// the same part of the log are another history: a finding, and the target's checkpoint stays.
/// Signatures are not looked at: that is verifying, and any reader of the copy can.
struct MirrorLog {
    private let source: LogReader
    private let target: MirrorTarget
    private let copies: LogReader
    private let head: MirrorHead
    /// Folders with files of the log, which must be on the device before the checkpoint is.
    private var folders: Set<String> = []
    /// Files written.
    private(set) var copied: UInt64 = 0

    static let checkpointName = "log/checkpoint"

    init(_ head: MirrorHead, from: String, target: MirrorTarget) {
        self.head = head
        self.target = target
        source = LogReader(audit: from)
        copies = LogReader(audit: target.path)
    }

    /// Whether both paths lead to one directory.
    static func areSame(_ a: String, _ b: String) -> Bool {
        var (one, other) = (stat(), stat())
        guard stat(a, &one) == 0, stat(b, &other) == 0 else { return false }
        return one.st_dev == other.st_dev && one.st_ino == other.st_ino
    }

    mutating func mirror() throws(MirrorError) -> [Finding] {
        let ours: SignedCheckpoint
        switch head.content {
        case .failure(let error): return [finding(error, in: source.audit)]
        case .success(let checkpoint):
            guard let checkpoint else { return [] }
            ours = checkpoint
        }
        let theirs: SignedCheckpoint?
        do throws(LogError) {
            theirs = try copies.checkpoint()
        } catch {
            return [finding(error, in: target.path)]
        }
        if let theirs, let finding = follows(ours.head, theirs.head) { return [finding] }
        for tile in Tile.all(size: ours.head.size) {
            // One that is missing or different says it all: the checkpoint stays.
            if let finding = try mirror(tile) { return [finding] }
        }
        for folder in folders.sorted() { try target.sync(folder: folder) }
        if theirs != ours { try put(ours) }
        return []
    }

    /// That the source's log begins with the target's.
    private func follows(_ ours: Checkpoint, _ theirs: Checkpoint) -> Finding? {
        guard theirs.size > 0 || theirs.origin != ours.origin else { return nil }
        var nodes = TileNodes(source, size: ours.size)
        do throws(LogError) {
            try LogConsistency.check(from: theirs, to: ours, &nodes)
            return nil
        } catch {
            guard [.fork, .rollback, .otherOrigin].contains(error.code) else {
                return finding(error, in: source.audit)
            }
            return fork(
                Self.checkpointName,
                "that of \(source.audit) does not follow it: " + error.detail)
        }
    }

    /// Copies what the checkpoint signs of a tile or bundle, or compares it with what is there.
    private mutating func mirror(_ tile: Tile) throws(MirrorError) -> Finding? {
        let name = LogReader.folderName + "/" + tile.path
        let bytes: [UInt8]
        do throws(LogError) {
            bytes = try Self.read(tile, source)
        } catch {
            return finding(error, in: source.audit)
        }
        // Also for one that is there: a run that was killed may have left its name in memory.
        try makeFolders(of: name)
        do throws(LogError) {
            let isSame = try Self.read(tile, copies) == bytes
            return isSame ? nil : fork(name, "it has other bytes than the original")
        } catch {
            guard error.code == .missingTile else { return finding(error, in: target.path) }
        }
        var copy = try MirrorCopy(target, name: "log")
        try bytes.withUnsafeBytes { raw in
            Result { () throws(MirrorError) in try copy.write(raw) }
        }.get()
        let sha256 = bytes.withUnsafeBytes { Digest.of($0) }
        guard try copy.publish(as: name, sha256: sha256) else {
            return fork(name, "something else made it meanwhile")
        }
        copied += 1
        return nil
    }

    /// As many hashes or entries as the tile is wide: the file may hold more by now.
    private static func read(_ tile: Tile, _ reader: LogReader) throws(LogError) -> [UInt8] {
        switch tile.content {
        case .level: Array(try reader.hashes(of: tile).joined())
        case .entries: EntryBundle.encode(try reader.entries(of: tile))
        }
    }

    private mutating func put(_ checkpoint: SignedCheckpoint) throws(MirrorError) {
        let path = target.file(Self.checkpointName)
        try target.makeFolder(LogReader.folderName)
        do throws(OutputFailure) {
            let text = String(decoding: checkpoint.encoded(), as: UTF8.self)
            try NewFile(path: path, text: text).name()
            try NewFile.syncFolder(of: path)
        } catch {
            throw .output(error)
        }
        copied += 1
    }

    private func fork(_ name: String, _ detail: String) -> Finding {
        Finding(.logFork, file: target.file(name), detail)
    }

    /// An error of a reader, with the directory it was read in.
    private func finding(_ error: LogError, in directory: String) -> Finding {
        let isBelow = error.file.hasPrefix(LogReader.folderName)
        let file = isBelow ? directory + "/" + error.file : error.file
        return Finding(LogError(error.code, file: file, error.detail, bytes: error.bytes))
    }

    private mutating func makeFolders(of name: String) throws(MirrorError) {
        var folder = ""
        for part in name.split(separator: "/").dropLast() {
            folder += folder.isEmpty ? String(part) : "/" + part
            try target.makeFolder(folder)
        }
        folders.insert(folder)
    }
}

/// The checkpoint of the directory that is copied from, read before anything else: whatever it
/// speaks of was there already, so the segments and tiles that are listed after it are enough.
struct MirrorHead {
    let content: Result<SignedCheckpoint?, LogError>

    init(of directory: String) {
        content = Result { () throws(LogError) in
            try LogReader(audit: directory).checkpoint()
        }
    }
}
