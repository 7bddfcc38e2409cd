import TachoAudit
package import TachoEngine
import TachoStore

/// What a backup is to do.
package struct BackupOptions {
    /// The data directory.
    package var data: String
    /// Also the private key that signs the log of segments.
    package var withKeys = false
    /// Generations that stay, this one included; nil: all.
    package var keep: Int?
    package var pacer: Pacer
    /// For a campaign that must fail: leaves out the journal behind the checkpoint.
    package var forgetsJournal = false

    package init(data: String, pacer: Pacer) {
        self.data = data
        self.pacer = pacer
    }
}

package struct BackupSummary: Sendable {
    package var manifest: BackupManifest
    package var copiedFiles: UInt64 = 0
    package var copiedBytes: UInt64 = 0
    package var pruned: [UInt64] = []
    /// What is wrong with the source and not with the backup.
    package var warnings: [String] = []
}

/// Copies the files of a moment into a backup directory as its next generation.
package struct BackupRun {
    private let store: BackupStore
    private let options: BackupOptions
    private let point: BackupPoint
    private var summary: BackupSummary
    /// Of the newest generation, by path.
    private var before: [String: BackupManifest.File] = [:]

    /// `point` is kept until this returns.
    package static func run(
        _ store: BackupStore, _ point: BackupPoint, _ options: BackupOptions
    ) throws(BackupFailure) -> BackupSummary {
        try store.claim(engine: point.engine)
        var run = try BackupRun(store, point, options)
        try run.run()
        return run.summary
    }

    private init(
        _ store: BackupStore, _ point: BackupPoint, _ options: BackupOptions
    ) throws(BackupFailure) {
        self.store = store
        self.options = options
        self.point = point
        files = try PointFiles(point)
        let contents: BackupContents
        do throws(StoreError) {
            contents = try BackupContents(of: point.path, group: point.group, hash: point.hash)
        } catch {
            throw Self.failure(error, point)
        }
        if let difference = contents.difference(
            families: point.families, nextSequence: point.nextSequence)
        {
            throw .damaged([
                "what was kept of the database is not what it had: \(difference); run again, and "
                    + "look at the disk if it stays"
            ])
        }
        summary = BackupSummary(
            manifest: BackupManifest(
                engine: point.engine, generation: try store.nextGeneration(), atMs: point.atMs,
                group: point.group, hash: point.hash, nextSequence: point.nextSequence,
                points: contents.points, lost: contents.lost, riders: contents.riders,
                segments: point.segments, logEntries: 0, families: point.families, files: []))
        seals = contents.seals
        try rememberNewest()
    }

    /// As the database noted them when they were sealed.
    private let seals: [BackupContents.Seal]
    private let files: PointFiles

    /// What the newest generation has need not be copied. If nobody can say what that is, all is.
    private mutating func rememberNewest() throws(BackupFailure) {
        guard let newest = store.newest else { return }
        do throws(BackupFailure) {
            for file in try store.manifest(newest).files { before[file.path] = file }
        } catch {
            guard error.isOfOneFile else { throw error }
            summary.warnings.append("\(error); nothing is taken over from it")
        }
    }

    private static func failure(_ error: StoreError, _ point: BackupPoint) -> BackupFailure {
        if PointIdentity(of: point) == nil { return PointFiles.gone(point) }
        return .damaged(["what was kept of the database cannot be read: \(error); run again"])
    }

    private mutating func run() throws(BackupFailure) {
        try copySegments()
        try copyDatabase()
        if !options.forgetsJournal {
            for name in files.journal {
                try copy("\(point.path)/journal/\(name)", as: "journal/\(name)", .journal)
            }
        }
        try copy(point.path + "/watermark", as: "watermark", .watermark)
        try copyLog()
        for name in [DataDirectory.identityName, "backup-id"] {
            try copy(options.data + "/" + name, as: name, .identity)
        }
        try copyLines(of: "access", .access)
        try copyLines(of: "rejected", .rejected)
        try copyKeys()
        // Or what was copied is of two moments.
        try files.check()
        summary.manifest.files.sort { $0.path < $1.path }
        try options.pacer.check()
        try store.publish(summary.manifest)
        if let keep = options.keep { summary.pruned = try store.prune(keep: keep) }
        _ = try store.clean()
        summary.warnings += store.warnings
    }

    // MARK: Parts

    private mutating func copyDatabase() throws(BackupFailure) {
        for name in files.database {
            // Texts for people, made by whoever opened it.
            if name == "LOCK" || name == "LOG" || name.hasPrefix("LOG.") { continue }
            let role: BackupManifest.Role = name.hasSuffix(".sst") ? .table : .database
            try copy(point.path + "/db/" + name, as: "db/" + name, role)
        }
    }

    /// Heads as they were, and of tiles and entries as much as the unsigned one counts.
    private mutating func copyLog() throws(BackupFailure) {
        for name in ["checkpoint", "pending"] where files.log.contains(name) {
            try copy(point.path + "/log/" + name, as: "audit/log/" + name, .log)
        }
        let head: Checkpoint?
        do throws(LogError) {
            head = try LogHeads.largest(in: point.path + "/log")
        } catch {
            throw .damaged([error.message])
        }
        guard let head else {
            guard files.log.isEmpty else { throw PointFiles.gone(point) }
            return
        }
        summary.manifest.logEntries = head.size
        let reader = LogReader(audit: options.data + "/audit")
        var files: [(String, [UInt8])] = []
        do throws(LogError) {
            try reader.forEachFile(size: head.size) { files.append(($0, $1)) }
        } catch {
            throw .damaged([error.message])
        }
        for (name, bytes) in files {
            let temporary = store.path + "/tmp/log"
            let copy = try NewCopy(temporary)
            try bytes.withUnsafeBytes { raw in
                Result { () throws(BackupFailure) in try copy.write(raw) }
            }.get()
            try self.copy(temporary, as: "audit/log/" + name, .log)
            copy.remove()
        }
    }

    /// Files to which others append lines: up to the last one that is whole.
    private mutating func copyLines(
        of folder: String, _ role: BackupManifest.Role
    ) throws(BackupFailure) {
        let path = options.data + "/" + folder
        guard Disk.real(path) != nil else { return }
        for name in try Disk.list(path) where Disk.size(path + "/" + name) != nil {
            try copy(path + "/" + name, as: folder + "/" + name, role, wholeLines: true)
        }
    }

    private mutating func copyKeys() throws(BackupFailure) {
        let key = options.data + "/audit-key"
        if Disk.size(key + ".pub") != nil {
            try copy(key + ".pub", as: "audit-key.pub", .publicKey)
        }
        guard options.withKeys else { return }
        if Disk.size(key) == nil {
            summary.warnings.append("\(key) is not there, so no key is in the backup")
        } else {
            try copy(key, as: "audit-key", .privateKey)
        }
    }

    private mutating func copy(
        _ path: String, as name: String, _ role: BackupManifest.Role, wholeLines: Bool = false
    ) throws(BackupFailure) {
        let source = try Source(path)
        let bytes = wholeLines ? try source.wholeLines() : source.bytes
        var file = BackupManifest.File(role: role, path: name, bytes: bytes, sha256: [])
        // RocksDB puts an id that is no other file's behind the rows of a table.
        if role == .table { file.end = try source.endHash() }
        if let known = before[name], known.role == role, known.bytes == bytes, store.has(known),
            try isSame(source, file, known)
        {
            summary.manifest.files.append(known)
            return
        }
        let (sha256, isNew) = try store.put(source, count: bytes, options.pacer)
        file.sha256 = sha256
        summary.manifest.files.append(file)
        if isNew {
            summary.copiedFiles += 1
            summary.copiedBytes += bytes
        }
    }

    /// Whether it is the file of the generation before, and its object is sound: tables are known by
    /// their ends, of others both are read and nothing is written.
    private func isSame(
        _ source: Source, _ file: BackupManifest.File, _ known: BackupManifest.File
    ) throws(BackupFailure) -> Bool {
        if let end = file.end {
            guard known.end == end else { return false }
            return try Source(store.objectPath(known.sha256)).endHash() == end
        }
        let pacer = options.pacer
        let sha256 = try source.forEachPiece(to: file.bytes) { piece throws(BackupFailure) in
            try pacer.check()
            pacer.took(piece.count)
        }
        guard sha256 == known.sha256 else { return false }
        return try store.isSound(known, pacer)
    }

    // MARK: Segments

    /// A mirror of `audit/`, in which each segment of this moment must have a copy that was read back,
    /// with the hash that it was sealed with.
    private mutating func copySegments() throws(BackupFailure) {
        guard point.segments > 0 else { return }
        let target = store.path + "/audit"
        try Disk.makeDirectory(target)
        var findings: [String] = []
        // Of which the source is what the record says.
        var agreed: Set<UInt64> = []
        do throws(MirrorError) {
            let pacer = options.pacer
            let mirrored = try Mirror.run(
                from: options.data + "/audit", to: target,
                emit: { event in
                    switch event {
                    case .finding(let finding): findings.append(finding.message)
                    case .kept(let segment, _): agreed.insert(segment)
                    case .line(let line): agreed.insert(line.segment)
                    case .progress: break
                    }
                }, pace: { pacer.took($0) })
            summary.copiedFiles += mirrored.copied
            summary.copiedBytes += mirrored.copiedBytes
        } catch {
            throw .inputOutput(error.message)
        }
        try options.pacer.check()
        let record: MirrorRecord
        do throws(SegmentError) {
            record = try MirrorRecord.read(directory: target)
        } catch {
            throw .inputOutput(error.message(file: target + "/" + MirrorRecord.fileName))
        }
        for segment in 1...point.segments {
            let name = AuditDirectory.fileName(segment)
            guard let line = record.lines[segment],
                record.confirms(
                    segment: segment, bytes: line.bytes, sha256: line.sha256, in: target),
                // Where the source is none the copy is all that there is: its size says too little.
                try isSound(line, in: target, isRead: agreed.contains(segment))
            else {
                throw .damaged(
                    findings + [
                        "\(options.data)/audit/\(name) is missing or damaged, and there is no sound "
                            + "copy in \(target): put one back, or tacho seal --rebuild \(segment)"
                    ])
            }
            if let seal = seals.first(where: { $0.segment == segment }),
                seal.bytes != line.bytes || seal.sha256 != line.sha256
            {
                throw .damaged([
                    "\(target)/\(name) is not the segment \(segment) that was sealed here: it is of "
                        + "another history; name another directory for backups from here on"
                ])
            }
            summary.manifest.files.append(
                BackupManifest.File(
                    role: .segment, path: "audit/" + name, bytes: line.bytes,
                    sha256: line.sha256))
        }
        summary.warnings += findings
    }

    private func isSound(
        _ line: MirrorLine, in target: String, isRead: Bool
    ) throws(BackupFailure) -> Bool {
        if isRead { return true }
        let pacer = options.pacer
        let source = try Source(target + "/" + line.file)
        let sha256 = try source.forEachPiece(to: line.bytes) { piece throws(BackupFailure) in
            try pacer.check()
            pacer.took(piece.count)
        }
        return sha256 == line.sha256
    }
}

/// Heads of a log that were copied out of its folder.
private enum LogHeads {
    static func largest(in folder: String) throws(LogError) -> Checkpoint? {
        // A reader looks for them in `log/` of an audit directory.
        try LogReader(audit: String(folder.dropLast("/log".count))).head()
    }
}
