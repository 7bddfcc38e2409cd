import TachoAudit
import TachoStore

#if canImport(Glibc)
    import Glibc
#endif

/// A backup is copied from files of one moment, which the engine keeps aside and goes on. Nothing is
/// written outside its own directory: whoever asked for it copies, with his own rights.
extension Engine {
    /// Keeps the files of a moment in `backup/` of the directory, in place of those of an earlier one.
    /// `completion` runs on a thread of the engine, after what was to be sealed before.
    ///
    /// The moment: the database of a time between two writes; the journal behind its checkpoint up to
    /// the last group that was durable when it was taken, so every row of the database is of a group
    /// that is there; all segments and the log, as nothing is being sealed. Everything acknowledged
    /// before the call is in it, and of every group all or nothing.
    /// Cost: a checkpoint; writers of derived rows wait for a small flush; table files that are merged
    /// meanwhile keep their room until `endBackup`.
    package func beginBackup(
        completion: @escaping @Sendable (Result<BackupPoint, BackupPointError>) -> Void
    ) {
        let closed = BackupPointError.stopped("the engine is closed")
        if control.isClosing { return completion(.failure(closed)) }
        let isTaken = sealerThread.post { [self] in
            completion(Result { () throws(BackupPointError) in try makeBackupPoint() })
        }
        if !isTaken { completion(.failure(closed)) }
    }

    package func beginBackup() throws(BackupPointError) -> BackupPoint {
        let answer = Monitor<Result<BackupPoint, BackupPointError>?>(nil)
        beginBackup { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    /// Gives up the files of the moment. `completion` runs on a thread of the engine.
    package func endBackup(completion: @escaping @Sendable () -> Void) {
        let isTaken = sealerThread.post { [store] in
            FileSystem.removeTree(store.directory.backupPath)
            completion()
        }
        if !isTaken { completion() }
    }

    package func endBackup() {
        let answer = Monitor(false)
        endBackup {
            answer.change { isDone in
                isDone = true
                return (true, ())
            }
        }
        answer.wait { $0 ? () : nil }
    }

    /// What nobody gave up is given up after a day: table files that were merged since take room.
    func expireBackup() {
        var info = stat()
        guard stat(store.directory.backupPath, &info) == 0 else { return }
        if time(nil) - info.st_mtim.tv_sec > Self.keptSeconds { endBackup {} }
    }

    private static let keptSeconds = 86_400

    /// The number of the last point that is durable.
    package var lastSequence: UInt64 { progress.now.nextSequence - 1 }

    /// Runs on the sealing thread alone.
    private func makeBackupPoint() throws(BackupPointError) -> BackupPoint {
        if let reason = control.failure { throw .stopped(reason) }
        let place = store.directory.backupPath
        FileSystem.removeTree(place)
        let needed = UInt64(progress.now.journalBytes) + UInt64(memory.rocksDB)
        if let obstacle = control.roomObstacle(bytes: needed, at: options.directory) {
            throw .refused(obstacle + "; free some and ask again")
        }
        // So that little of the journal is left behind it.
        runBarrier(.checkpoint)
        if let reason = control.failure { throw .stopped(reason) }
        do throws(StoreError) {
            return try keepFiles(in: place)
        } catch {
            FileSystem.removeTree(place)
            if control.isClosing { throw .stopped("the engine is closed") }
            throw .refused("\(error)")
        }
    }

    private func keepFiles(in place: String) throws(StoreError) -> BackupPoint {
        let engine = try Self.backupIdentity(store.directory.path)
        for folder in [place, place + "/journal", place + "/log"] {
            try FileSystem.makeDirectory(folder)
        }
        let audit = store.directory.auditPath
        // Before the unsigned head: what the signed one says is in that one too.
        for name in ["checkpoint", "pending"] where FileSystem.exists("\(audit)/log/\(name)") {
            let bytes = try FileSystem.readAll("\(audit)/log/\(name)")
            try FileSystem.replace(name, in: place + "/log", with: bytes)
        }
        let segments: UInt64
        do throws(SegmentError) {
            segments = try AuditDirectory.segments(at: audit).last?.id ?? 0
        } catch {
            throw .io("\(audit): \(error.detail)")
        }
        return try store.journal.keeping { () throws(StoreError) -> BackupPoint in
            var (mark, state, atMs) = (CheckpointMark(), progress.now, Int64(0))
            let families = try store.database.checkpoint(to: place + "/db") {
                () throws(StoreError) in
                if let bytes = try store.database.get(.meta, Keys.meta(Store.checkpointKey)) {
                    mark = try CheckpointMark(bytes)
                }
                // First the time: whatever was acknowledged before it is in the state read after it.
                atMs = options.nowMs()
                state = progress.now
            }
            try copyJournal(behind: mark, state, to: place + "/journal")
            try WatermarkFile.open(place + "/watermark", create: true).advance(
                to: Watermark(
                    group: state.group, nextSequence: state.nextSequence, hash: state.hash,
                    isClean: true))
            return BackupPoint(
                path: place, engine: engine, group: state.group,
                nextSequence: state.nextSequence, hash: state.hash, segments: segments,
                atMs: atMs, families: families)
        }
    }

    private func copyJournal(
        behind mark: CheckpointMark, _ state: Progress.State, to target: String
    ) throws(StoreError) {
        let tail = JournalTail(folder: store.directory.journalPath, behind: mark)
        var tries = 0
        while true {
            do throws(StoreError) {
                _ = try tail.copy(to: target, through: state.group, hash: state.hash)
                return
            } catch {
                // A file that was let go before may have been given its next number just now.
                tries += 1
                guard tries < 5 else { throw error }
                FileSystem.removeTree(target)
                try FileSystem.makeDirectory(target)
            }
        }
    }

    private static let identityName = "backup-id"
    private static let identityBytes = 16

    /// Made with the first backup, and part of each: whatever was restored goes on as the same engine.
    private static func backupIdentity(_ directory: String) throws(StoreError) -> String {
        let path = directory + "/" + identityName
        if FileSystem.exists(path) {
            let text = String(decoding: try FileSystem.readAll(path), as: UTF8.self)
            let digits = text.prefix { $0 != "\n" }
            guard digits.count == 2 * identityBytes, digits.allSatisfy({ $0.isHexDigit }) else {
                throw .damaged("\(path) is no name of an engine; delete it")
            }
            return String(digits)
        }
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<identityBytes).map { _ in
            UInt8.random(in: .min ... .max, using: &generator)
        }
        let digits = Digest.hex(bytes)
        try FileSystem.replace(identityName, in: directory, with: Array((digits + "\n").utf8))
        return digits
    }
}
