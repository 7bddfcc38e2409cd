#if canImport(Glibc)
    import Glibc
#endif

/// How a data directory is opened.
package struct StoreOptions: Sendable {
    package var path: String
    package var createIfMissing = true
    /// The operator's word that exactly these acknowledged points may be given up.
    package var acceptLoss: ClosedRange<UInt64>?
    /// The last sequence up to which others than the journal hold all points from the given one on;
    /// the one before it if they do not hold that.
    package var heldElsewhere: @Sendable (_ first: UInt64, _ directory: DataDirectory) -> UInt64 = {
        first, _ in first - 1
    }
    package var journal = FileJournal.Settings()

    package init(path: String) { self.path = path }
}

/// A data directory that is open: its lock, database, journal and watermark.
///
/// Opening proves that every acknowledged point is still there, up to the watermark; what was
/// acknowledged in the last 100 ms before a crash cannot be told from a torn write.
package final class Store: @unchecked Sendable {
    package let directory: DataDirectory
    package let database: Database
    package let geoRuns: GeoRuns
    package let journal: any Journal
    package let watermark: WatermarkFile
    /// The last complete checkpoint: replay starts at its `from`.
    package let checkpoint: CheckpointMark
    /// The last group in the journal, and what follows it.
    package let lastGroup: UInt64
    package let nextSequence: UInt64
    package let lastHash: UInt64
    /// Acknowledged points that are gone with the operator's consent; to be recorded by the caller.
    package let acceptedLoss: (first: UInt64, last: UInt64)?

    package static let checkpointKey = "checkpoint"

    package static func open(_ options: StoreOptions) throws(StoreOpenError) -> Store {
        let (directory, isNew) = try DataDirectory.open(
            options.path, create: options.createIfMissing)
        do {
            return try Opening(directory: directory, options: options).open(isNew: isNew)
        } catch let error as StoreOpenError {
            throw error
        } catch let error as StoreError {
            switch error {
            case .io(let what): throw StoreOpenError(isNew ? .cannotCreate : .io, what)
            case .damaged(let what), .segment(let what): throw StoreOpenError(.damaged, what)
            case .missing(let what): throw StoreOpenError(.acknowledgedDataMissing, what)
            }
        } catch {
            throw StoreOpenError(.io, "\(error)")
        }
    }

    fileprivate init(
        directory: DataDirectory, database: Database, geoRuns: GeoRuns, journal: any Journal,
        watermark: WatermarkFile, checkpoint: CheckpointMark, extent: JournalExtent,
        acceptedLoss: (first: UInt64, last: UInt64)?
    ) {
        self.directory = directory
        self.database = database
        self.geoRuns = geoRuns
        self.journal = journal
        self.watermark = watermark
        self.checkpoint = checkpoint
        lastGroup = extent.group
        nextSequence = extent.nextSequence
        lastHash = extent.hash
        self.acceptedLoss = acceptedLoss
    }

    /// Ends the use of the database and gives up the directory.
    package func close() {
        journal.close()
        database.close()
        directory.release()
    }
}

/// The steps of opening, in order, with what each of them found.
private struct Opening {
    let directory: DataDirectory
    let options: StoreOptions

    func open(isNew: Bool) throws -> Store {
        if isNew { try initialise() }
        let watermark: WatermarkFile
        do {
            watermark = try WatermarkFile.open(directory.watermarkPath, create: false)
        } catch .damaged(let what) {
            throw StoreOpenError(
                .acknowledgedDataMissing,
                "\(what): whether acknowledged points are missing cannot be told; restore it")
        }
        // Also after a clean stop: files can be damaged while nobody looks, and recovery deletes
        // what it cannot replay.
        let copies = isNew ? nil : try RecoveryCopies.keep(directory)
        let database = try openDatabase(watermark.current, copies)
        do {
            return try check(database, watermark, copies)
        } catch {
            database.close()
            throw error
        }
    }

    /// Everything but the name; a crash in between leaves a directory that is made again.
    private func initialise() throws(StoreError) {
        for place in [directory.databasePath, directory.journalPath] {
            FileSystem.removeTree(place)
            try FileSystem.makeDirectory(place)
        }
        try FileSystem.makeDirectory(directory.auditPath)
        _ = try WatermarkFile.open(directory.watermarkPath, create: true)
        try directory.writeIdentity()
    }

    private func openDatabase(_ mark: Watermark, _ copies: String?) throws -> Database {
        var settings = DatabaseOptions()
        settings.directIO = FileSystem.supportsDirectIO(directory.path)
        settings.creates = mark.counter == 0
        let refusal: StoreError
        do throws(StoreError) {
            let database = try Database.open(path: directory.databasePath, settings)
            return database
        } catch {
            refusal = error
        }
        guard case .damaged(let what) = refusal else { throw refusal }
        // RocksDB holds nothing that the journal does not make again, if that goes back to the
        // first group.
        let extent = try JournalExtent.measure(
            directory.journalPath, after: CheckpointMark(), watermark: mark)
        guard extent.end != nil else { throw missing(mark, nil, copies, because: what) }
        if extent.isShort(of: mark) {
            guard let consent = options.acceptLoss,
                isConsent(consent, to: Self.lost(mark, extent))
            else { throw missing(mark, extent, copies, because: what) }
        }
        try RecoveryCopies.putAside(directory, copies)
        try FileSystem.makeDirectory(directory.databasePath)
        settings.creates = true
        return try Database.open(path: directory.databasePath, settings)
    }

    private func check(
        _ database: Database, _ watermark: WatermarkFile, _ copies: String?
    ) throws -> Store {
        let mark = watermark.current
        var start = CheckpointMark()
        if let bytes = try database.get(.meta, Keys.meta(Store.checkpointKey)) {
            start = try CheckpointMark(bytes)
        }
        let extent = try JournalExtent.measure(
            directory.journalPath, after: start, watermark: mark)
        var accepted: (first: UInt64, last: UInt64)?
        if extent.isShort(of: mark) {
            let lost = Self.lost(mark, extent)
            guard let consent = options.acceptLoss, isConsent(consent, to: lost) else {
                throw missing(
                    mark, extent, copies,
                    because: extent.damage ?? "the journal ends before the watermark")
            }
            accepted = lost
            try RecoveryCopies.cutJournal(directory, behind: extent.end)
        } else if let consent = options.acceptLoss {
            throw StoreOpenError(
                .damaged,
                "nothing is missing, so the loss of \(consent.lowerBound)-\(consent.upperBound) "
                    + "cannot be accepted; start without --accept-loss")
        }
        if mark.isClean && accepted == nil { RecoveryCopies.remove(directory) }
        try FileSystem.makeDirectory(directory.journalPath)
        let journal = try FileJournal(
            directory: directory.journalPath, end: extent.end, settings: options.journal)
        return Store(
            directory: directory, database: database, geoRuns: try GeoRuns(database),
            journal: journal, watermark: watermark, checkpoint: start, extent: extent,
            acceptedLoss: accepted)
    }

    private func isConsent(
        _ consent: ClosedRange<UInt64>, to lost: (first: UInt64, last: UInt64)
    ) -> Bool {
        let missing = nowhere(lost)
        return consent.lowerBound == missing.first && consent.upperBound == missing.last
    }

    /// What of it nothing else holds: what an operator is asked to give up.
    private func nowhere(_ lost: (first: UInt64, last: UInt64)) -> (first: UInt64, last: UInt64) {
        guard lost.last > 0 else { return lost }
        let held = options.heldElsewhere(lost.first, directory)
        return held >= lost.last ? (0, 0) : (max(lost.first, held + 1), lost.last)
    }

    private static func lost(
        _ mark: Watermark, _ extent: JournalExtent
    ) -> (first: UInt64, last: UInt64) {
        if mark.nextSequence <= extent.nextSequence { return (0, 0) }
        return (extent.nextSequence, mark.nextSequence - 1)
    }

    private func missing(
        _ mark: Watermark, _ extent: JournalExtent?, _ copies: String?, because what: String
    ) -> StoreOpenError {
        var text = ""
        if let extent {
            let all = Self.lost(mark, extent)
            let lost = nowhere(all)
            text =
                lost.last == 0
                ? "records that hold no points are missing or damaged"
                : "acknowledged points \(lost.first)-\(lost.last) are missing or damaged"
            text += " (\(what)"
            if all.first != lost.first {
                let held = lost.last == 0 ? all.last : lost.first - 1
                text += "; points \(all.first)-\(held) are gone too, but sealed segments hold them"
            }
            text += "); restore a copy, or give them up with "
            text += "--accept-loss \(lost.first)-\(lost.last)"
        } else {
            text = "the database cannot be read (\(what)); restore a copy"
        }
        if let copies {
            RecoveryCopies.markRefused(copies, directory)
            text += "; the files as found are kept in \(copies)"
        }
        return StoreOpenError(.acknowledgedDataMissing, text)
    }
}
