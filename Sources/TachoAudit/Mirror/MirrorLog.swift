#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Copies the log of segments, as far as there is one: tiles and bundles, which only ever become
/// more, then the checkpoint.
///
/// A file of the same name with other bytes is another history: a finding, and the target's
/// checkpoint stays. A checkpoint never goes back. Signatures and proofs are not looked at: that is
/// verifying, and any reader of the copy can.
struct MirrorLog {
    private let from: String
    private let target: MirrorTarget
    private let checkpoint: [UInt8]?
    /// Files written.
    private(set) var copied: UInt64 = 0

    static let folder = "log"
    static let checkpointName = "log/checkpoint"
    /// Longer files are no part of a log: a bundle of 256 entries has about 150 KB.
    private static let maxBytes: UInt64 = 16 << 20
    private static let maxDepth = 12

    /// Reads the checkpoint: whatever it speaks of is there already, and copied after this.
    init(from: String, target: MirrorTarget) throws(MirrorError) {
        self.from = from
        self.target = target
        do throws(SegmentError) {
            checkpoint = try Self.read(from + "/" + Self.checkpointName)
        } catch {
            throw .source(Finding(error, file: from + "/" + Self.checkpointName))
        }
    }

    /// Whether both paths lead to one directory.
    static func areSame(_ a: String, _ b: String) -> Bool {
        var (one, other) = (stat(), stat())
        guard stat(a, &one) == 0, stat(b, &other) == 0 else { return false }
        return one.st_dev == other.st_dev && one.st_ino == other.st_ino
    }

    mutating func mirror() throws(MirrorError) -> [Finding] {
        guard access(from + "/" + Self.folder, F_OK) == 0 else { return [] }
        var findings: [Finding] = []
        let tiles: [String]
        do throws(SegmentError) {
            tiles = try Self.tiles(below: from)
        } catch {
            return [Finding(error, file: from + "/" + Self.folder)]
        }
        for name in tiles {
            if let finding = try mirror(tile: name) { findings.append(finding) }
        }
        if findings.isEmpty, let checkpoint, let finding = try mirror(checkpoint) {
            findings.append(finding)
        }
        return findings
    }

    private mutating func mirror(tile asked: String) throws(MirrorError) -> Finding? {
        let (name, bytes): (String, [UInt8])
        do throws(SegmentError) {
            guard let ours = try Self.readTile(from, asked) else { return nil }
            let theirs = target.file(ours.name)
            if let copy = try Self.read(theirs) {
                return copy == ours.bytes
                    ? nil : Self.fork(theirs, "it has other bytes than the original")
            }
            (name, bytes) = ours
        } catch {
            return Finding(error, file: from + "/" + asked)
        }
        try makeFolders(of: name)
        var copy = try MirrorCopy(target, name: "log")
        try bytes.withUnsafeBytes { raw in
            Result { () throws(MirrorError) in try copy.write(raw) }
        }.get()
        let sha256 = bytes.withUnsafeBytes { Digest.of($0) }
        guard try copy.publish(as: name, sha256: sha256) else {
            return Self.fork(target.file(name), "something else made it meanwhile")
        }
        copied += 1
        return nil
    }

    private mutating func mirror(_ checkpoint: [UInt8]) throws(MirrorError) -> Finding? {
        let path = target.file(Self.checkpointName)
        let ours = String(decoding: checkpoint, as: UTF8.self)
        do throws(SegmentError) {
            if let copy = try Self.read(path) {
                if copy == checkpoint { return nil }
                let theirs = String(decoding: copy, as: UTF8.self)
                let (size, had) = (ExportManifest.size(of: ours), ExportManifest.size(of: theirs))
                guard let size, let had else {
                    return Self.fork(path, "one of both checkpoints is none")
                }
                guard size >= had else {
                    return Self.fork(path, "it is of \(had) entries, the original of \(size)")
                }
                if size == had, Self.root(of: ours) != Self.root(of: theirs) {
                    return Self.fork(path, "it has another root for the same \(size) entries")
                }
            }
        } catch {
            return Finding(error, file: path)
        }
        do throws(OutputFailure) {
            try NewFile(path: path, text: ours).name()
        } catch {
            throw .output(error)
        }
        NewFile.syncFolder(of: path)
        copied += 1
        return nil
    }

    private static func fork(_ file: String, _ detail: String) -> Finding {
        Finding(.logFork, file: file, detail)
    }

    /// The third line of a checkpoint (C2SP tlog-checkpoint).
    private static func root(of checkpoint: String) -> Substring? {
        let lines = checkpoint.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count > 2 ? lines[2] : nil
    }

    private func makeFolders(of name: String) throws(MirrorError) {
        var folder = ""
        for part in name.split(separator: "/").dropLast() {
            folder += folder.isEmpty ? String(part) : "/" + part
            try target.makeFolder(folder)
        }
    }
}

// MARK: Files

extension MirrorLog {
    /// nil if there is no such file.
    private static func read(_ path: String) throws(SegmentError) -> [UInt8]? {
        if access(path, F_OK) != 0 && errno == ENOENT { return nil }
        let source = try SegmentSource(path: path)
        guard source.byteCount <= maxBytes else {
            throw SegmentError(.inputOutput, "it is too long for a file of a log")
        }
        return try source.read(at: 0, count: Int(source.byteCount))
    }

    /// A tile, or the full one that took its place after they were listed; nil if there is neither.
    private static func readTile(
        _ directory: String, _ name: String
    ) throws(SegmentError) -> (name: String, bytes: [UInt8])? {
        if let bytes = try read(directory + "/" + name) { return (name, bytes) }
        guard let mark = name.firstRange(of: ".p/") else { return nil }
        let full = String(name[..<mark.lowerBound])
        return try read(directory + "/" + full).map { (full, $0) }
    }

    /// Names, from the directory on, of all files that tiles and bundles can have, in order.
    private static func tiles(below directory: String) throws(SegmentError) -> [String] {
        var names: [String] = []
        try collect(directory, folder + "/tile", depth: 0, &names)
        return names
    }

    private static func collect(
        _ directory: String, _ name: String, depth: Int, _ names: inout [String]
    ) throws(SegmentError) {
        guard let stream = opendir(directory + "/" + name) else {
            if errno == ENOENT { return }
            throw SegmentError(.inputOutput, "open directory: \(SystemError.text(errno))")
        }
        var children: [String] = []
        while let item = readdir(stream) {
            let child = withUnsafeBytes(of: &item.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if isTilePart(child) { children.append(child) }
        }
        closedir(stream)
        for child in children.sorted() {
            let path = name + "/" + child
            var status = stat()
            guard stat(directory + "/" + path, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                if depth < maxDepth { try collect(directory, path, depth: depth + 1, &names) }
            } else {
                names.append(path)
            }
        }
    }

    /// `entries`, or digits with an `x` before them or `.p` behind: no temporary file is named so.
    private static func isTilePart(_ name: String) -> Bool {
        if name == "entries" { return true }
        let digits = name.drop { $0 == "x" }
        let plain = digits.hasSuffix(".p") ? digits.dropLast(2) : digits
        return !plain.isEmpty && plain.utf8.allSatisfy { $0 &- 48 < 10 }
    }
}
