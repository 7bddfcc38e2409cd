package import TachoAudit
import TachoEngine
import TachoStore

#if canImport(Glibc)
    import Glibc
#endif

package struct RestoreOptions {
    /// nil: the newest.
    package var generation: UInt64?
    /// The log's key, from elsewhere; nil: the one in the backup, which shows only that it fits itself.
    package var expectedKey: VerifierKey?
    package var pacer: Pacer

    package init(pacer: Pacer) { self.pacer = pacer }
}

package struct RestoreSummary: Sendable {
    package var manifest: BackupManifest
    /// Seconds of each step.
    package var checkSeconds = 0.0
    package var copySeconds = 0.0
    package var openSeconds = 0.0
    package var auditSeconds = 0.0
    /// Fixes that the engine handed out, all riders' tracks walked through.
    package var pointsRead: UInt64 = 0
    /// The log's signature was checked with a key from elsewhere.
    package var isPinned = false
    package var warnings: [String] = []
}

/// Makes a data directory out of a generation: first every byte is read and compared, then copied and
/// compared again, then an engine counts what it has, all in a place beside. Only then does it get its
/// name.
package struct RestoreRun {
    private let store: BackupStore
    private let options: RestoreOptions
    private var summary: RestoreSummary

    package init(_ store: BackupStore, _ options: RestoreOptions) throws(BackupFailure) {
        self.store = store
        self.options = options
        let newer = try store.unindexed()
        guard let generation = options.generation ?? store.newest else {
            throw .usage("\(store.path) has no generation yet; run tacho backup to its end first")
        }
        if options.generation == nil, let newest = newer.last {
            throw .damaged([
                "\(store.manifestPath(newest)) is not named by \(BackupStore.indexName): that file is "
                    + "older than the backup, or the last backup was cut off at its very end; put "
                    + "it back from a copy, run tacho backup again, or say --generation "
                    + "\(generation)"
            ])
        }
        summary = RestoreSummary(
            manifest: try options.generation == nil
                ? store.manifest(generation) : store.manifest(askedFor: generation))
    }

    // MARK: Checking

    /// Reads every byte of the generation. Throws with a line for each file that is not what the manifest
    /// says.
    package mutating func check() throws(BackupFailure) -> RestoreSummary {
        let start = ContinuousClock.now
        var findings: [String] = []
        for file in summary.manifest.files {
            if let finding = try finding(file) { findings.append(finding) }
        }
        guard findings.isEmpty else { throw .damaged(findings) }
        summary.checkSeconds = (ContinuousClock.now - start) / .seconds(1)
        return summary
    }

    private func finding(_ file: BackupManifest.File) throws(BackupFailure) -> String? {
        let path = store.source(of: file)
        guard let bytes = Disk.size(path) else {
            return "\(path) (\(file.path)) is missing; \(remedy)"
        }
        guard bytes == file.bytes else {
            return "\(path) (\(file.path)) has \(bytes) bytes, not \(file.bytes); \(remedy)"
        }
        let pacer = options.pacer
        let sha256 = try Source(path).forEachPiece(to: bytes) { piece throws(BackupFailure) in
            try pacer.check()
            pacer.took(piece.count)
        }
        guard sha256 == file.sha256 else {
            return "\(path) (\(file.path)) has SHA-256 \(Digest.hex(sha256)), not "
                + "\(Digest.hex(file.sha256)); \(remedy)"
        }
        return nil
    }

    private var remedy: String {
        let others = (store.index?.generations ?? []).map(\.number).filter {
            $0 != summary.manifest.generation
        }
        return "put it back from a copy of the backup"
            + (others.isEmpty
                ? ""
                : ", or look at --generation " + others.map { String($0) }.joined(separator: ", "))
    }

    // MARK: Restoring

    /// To `target`, which does not exist or is empty, and is so again if this throws.
    package mutating func restore(to target: String) throws(BackupFailure) -> RestoreSummary {
        let final = try look(at: target)
        _ = try check()
        let place = try RestorePlace(for: final)
        do throws(BackupFailure) {
            let start = ContinuousClock.now
            try copy(to: place.path)
            summary.copySeconds = (ContinuousClock.now - start) / .seconds(1)
            try count(place.path)
            try verifyAudit(place.path)
            try options.pacer.check()
            try place.becomeTarget()
        } catch {
            place.giveUp()
            throw error
        }
        return summary
    }

    /// Where `target` is, without links.
    private func look(at target: String) throws(BackupFailure) -> String {
        guard let place = Disk.place(target) else {
            throw .usage("the directory that \(target) is to be in does not exist; make it first")
        }
        if let backup = Disk.real(store.path), Disk.isInside(place, backup) {
            throw .usage("\(target) lies in the backup; name a directory beside it")
        }
        if Disk.real(target) != nil {
            let names = try Disk.list(target).filter {
                $0 != "lost+found" && $0 != RestorePlace.insideName
            }
            guard names.isEmpty else {
                throw .usage(
                    "\(target) is not empty (it holds \(names[0])); name an empty directory: nothing "
                        + "is restored over what is there")
            }
        }
        // Journal files, RocksDB's log and a merge want some room too.
        let needed = summary.manifest.bytes + summary.manifest.bytes / 20 + 64 << 20
        let parent = String(place[...(place.lastIndex(of: "/") ?? place.startIndex)])
        if let space = FileSystem.space(Disk.real(target) == nil ? parent : target),
            space.free < needed
        {
            throw .inputOutput(
                "\(target) has room for \(space.free >> 20) MiB, \(needed >> 20) MiB are needed; "
                    + "name a directory on another disk")
        }
        return place
    }

    private func copy(to target: String) throws(BackupFailure) {
        var folders: Set<String> = [target]
        for file in summary.manifest.files where file.path != DataDirectory.identityName {
            let path = target + "/" + file.path
            let folder = String(path[..<path.lastIndex(of: "/")!])
            if folders.insert(folder).inserted { try makeFolder(folder, below: target) }
            try copy(file, to: path)
        }
        for folder in ["journal", "audit", "db"] {
            try makeFolder(target + "/" + folder, below: target)
        }
        for folder in folders.sorted() { try Disk.syncDirectory(folder) }
    }

    private func makeFolder(_ folder: String, below target: String) throws(BackupFailure) {
        var made = target
        for part in folder.dropFirst(target.count).split(separator: "/") {
            made += "/" + part
            guard mkdir(made, 0o750) == 0 || errno == EEXIST else {
                throw .system("create", made)
            }
            try Disk.syncDirectory(String(made[..<made.lastIndex(of: "/")!]))
        }
    }

    /// What is copied is compared once more, and read back: a disk may answer otherwise the second time.
    private func copy(_ file: BackupManifest.File, to path: String) throws(BackupFailure) {
        let mode: mode_t = file.role == .privateKey ? 0o600 : 0o640
        let copy = try NewCopy(path, mode: mode)
        let pacer = options.pacer
        let source = try Source(store.source(of: file))
        guard source.bytes == file.bytes else {
            throw .damaged(["\(source.path) (\(file.path)) changed while it was read; \(remedy)"])
        }
        let sha256 = try source.forEachPiece(to: file.bytes) { piece throws(BackupFailure) in
            try pacer.check()
            try copy.write(piece)
            pacer.took(piece.count)
        }
        guard sha256 == file.sha256 else {
            throw .damaged(["\(source.path) (\(file.path)) changed while it was read; \(remedy)"])
        }
        try copy.sync()
        let written = try Source(path).forEachPiece(to: file.bytes) { piece throws(BackupFailure) in
            try pacer.check()
            pacer.took(piece.count)
        }
        guard written == file.sha256 else {
            throw .inputOutput(
                "\(path) was written but reads back wrong; check the disk and memory, then run again"
            )
        }
    }

    /// What the copies hold by their own counters, then by an engine that opens them and hands out every
    /// fix.
    private mutating func count(_ target: String) throws(BackupFailure) {
        let start = ContinuousClock.now
        let manifest = summary.manifest
        do throws(StoreError) {
            let contents = try BackupContents(
                of: target, group: manifest.group, hash: manifest.hash)
            if let difference = contents.difference(
                families: manifest.families, nextSequence: manifest.nextSequence)
            {
                throw .damaged(difference)
            }
            guard contents.points == manifest.points, contents.lost == manifest.lost else {
                throw .damaged(
                    "\(contents.points) points, and not the \(manifest.points) that were noted")
            }
        } catch {
            throw .damaged(["what was restored is not what was backed up: \(error)"])
        }
        try hold(target)
        guard let identity = manifest.files.first(where: { $0.path == DataDirectory.identityName })
        else { throw .damaged(["the manifest names no \(DataDirectory.identityName)"]) }
        try copy(identity, to: target + "/" + identity.path)
        try Disk.syncDirectory(target)
        summary.pointsRead = try read(target)
        summary.openSeconds = (ContinuousClock.now - start) / .seconds(1)
    }

    /// Nobody signs more of the log until somebody says that it is the only one.
    private func hold(_ target: String) throws(BackupFailure) {
        do throws(LogError) {
            try LogHold(entries: summary.manifest.logEntries, atMs: summary.manifest.atMs)
                .write(audit: target + "/audit")
        } catch {
            throw .inputOutput(error.message)
        }
    }

    private func read(_ target: String) throws(BackupFailure) -> UInt64 {
        let manifest = summary.manifest
        var options = EngineOptions(directory: target)
        options.createIfMissing = false
        options.rangeSeconds = 0
        options.minFreeBytes = 0
        do {
            let engine = try Engine.open(options)
            var points: UInt64 = 0
            let scanned = Result { try engine.scan { points += UInt64($1.range.count) } }
            let next = engine.lastSequence + 1
            try engine.close()
            try scanned.get()
            guard next == manifest.nextSequence, points == manifest.points else {
                throw BackupFailure.damaged([
                    "the restored engine has \(points) points and ends with sequence \(next - 1), "
                        + "\(manifest.points) and \(manifest.nextSequence - 1) were noted"
                ])
            }
            return points
        } catch let failure as BackupFailure {
            throw failure
        } catch let error as OpenError {
            throw .damaged(["the restored directory cannot be opened: \(error.message)"])
        } catch {
            throw .damaged(["the restored directory cannot be read: \(error)"])
        }
    }

    /// Segments, their roots, the log and its signature.
    private mutating func verifyAudit(_ target: String) throws(BackupFailure) {
        guard summary.manifest.segments > 0 else { return }
        let start = ContinuousClock.now
        var pins = LogPins()
        let publicKey = target + "/audit-key.pub"
        if let key = options.expectedKey {
            pins.key = key
            summary.isPinned = true
        } else if Disk.size(publicKey) != nil, summary.manifest.logEntries > 0,
            Disk.size(target + "/audit/log/checkpoint") != nil
        {
            pins.key = try? KeyFile.readPublic(publicKey)
        }
        var findings: [String] = []
        _ = Verifier.run(directory: target + "/audit", deep: false, pins: pins) { event in
            if case .finding(let finding) = event { findings.append(finding.message) }
        }
        guard findings.isEmpty else { throw .damaged(findings) }
        summary.auditSeconds = (ContinuousClock.now - start) / .seconds(1)
    }
}
