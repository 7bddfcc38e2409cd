import Synchronization
package import TachoGeo
import TachoIngest
import TachoStore

/// A Tacho data directory in use: takes fixes, judges them, makes them durable, answers questions.
///
/// Threads: judging workers (riders are divided among them by number), one committer, one for
/// derived rows, one for fences, one for orders, one for consumer groups, one reader, two for places, one that
/// seals, one that retires, one that scrubs, one for rules, one ticker. `submit` never
/// blocks; everything else says what it waits for.
package final class Engine: Sendable {
    let options: EngineOptions
    let store: Store
    let riders: RiderTable
    let latest: LatestTable
    let grid: LiveGrid
    let progress: Progress
    let workers: [Worker]
    let commits: CommitQueue
    let derived: DerivedWriter
    let fences: FenceThread
    let orders: OrderThread
    let verdicts: VerdictReader
    /// Consumer groups of the streams.
    let groups: GroupThread
    let groupTokens = Atomic<UInt64>(0)
    private let groupNews: AlertObserver
    /// nil: tracks are not compared.
    let across: AcrossThread?
    let reader: ReaderThread
    let placesThread: ReaderThread
    let whoThread: ReaderThread
    let background = BackgroundJobs()
    let sealerThread: ReaderThread
    /// Sealed ranges leave the database here, and files are merged after it, which takes minutes: nobody
    /// who seals waits for it.
    let retireThread: ReaderThread
    let scrubber: Scrubber
    /// Tests of rules and recomputations, one at a time.
    let rulesThread: ReaderThread
    /// Blocks of sealed segments, for points that left the database.
    let segments: SegmentShelf
    let retirement: Retirement
    /// Who hears of riders' moves.
    let watches: PositionWatches
    /// Where derived rows go: the database, but for tests.
    let rowTarget: any RowWriting
    let control: EngineControl
    let rulesInForce: Mutex<RulesInForce>
    /// With how often it changed.
    let geoPlan: Mutex<(plan: GeoPlan, changes: Int)>
    let alerts: AlertReader
    let book: AlertBook
    let commitTimes = CommitTimes()
    /// Of the judging threads.
    let tallies: [VerdictTally]
    private let threads: Mutex<[NamedThread]>

    /// Opens or creates a data directory and recovers its state.
    /// Cost: the journal behind the last checkpoint is read twice, at most 256 MiB by default.
    package static func open(_ options: EngineOptions) throws(OpenError) -> Engine {
        var storeOptions = StoreOptions(path: options.directory)
        storeOptions.createIfMissing = options.createIfMissing
        storeOptions.acceptLoss = options.acceptLoss
        storeOptions.heldElsewhere = { SealedSequences.through(from: $0, in: $1.auditPath) }
        storeOptions.journal.syncs = options.fault != .skipSync
        storeOptions.journal.fileBytes = options.journalFileBytes
        let store: Store
        do {
            store = try Store.open(storeOptions)
        } catch {
            throw OpenError(OpenError.Code(rawValue: error.exitCode) ?? .io, error.message)
        }
        // What a kill or a full disk left of segments that were being written.
        FileSystem.removeTree(store.directory.auditPath + "/tmp")
        // Files of a backup that nobody can be copying any more as it was asked for.
        FileSystem.removeTree(store.directory.backupPath)
        do {
            if let bytes = options.reserveBytes { try store.directory.setReserve(bytes: bytes) }
            return try Engine(options, store)
        } catch {
            store.close()
            switch error {
            case .io(let what): throw OpenError(.io, what)
            case .damaged(let what), .segment(let what): throw OpenError(.damaged, what)
            case .missing(let what): throw OpenError(.acknowledgedDataMissing, what)
            }
        }
    }

    private init(_ options: EngineOptions, _ store: Store) throws(StoreError) {
        let rules = RuleSet(thresholds: options.thresholds)
        let count = options.workers ?? EngineOptions.defaultWorkers
        let riders = RiderTable()
        let segments = SegmentShelf(directory: store.directory.auditPath)
        let shards = (0..<count).map {
            Shard(
                index: $0, count: count, rules: rules, database: store.database,
                segments: segments,
                memoryLimitBytes: options.memoryLimitBytes ?? EngineOptions.defaultMemoryLimitBytes)
        }
        let rowTarget = options.rowTarget?(store.database) ?? store.database
        let memory =
            options.judgesAcross
            ? try AcrossState(
                database: store.database, target: rowTarget, keepDays: options.replayDays,
                limits: options.thresholds) : nil
        var plan = try GeoPlan.read(store.database)
        if let resolution = options.geoResolution, resolution != plan.fine {
            plan = plan.changed(to: resolution)
            try plan.write(store.database)
        }
        geoPlan = Mutex((plan, 0))
        let fenceState = try FenceState(database: store.database)
        var recovery = Recovery(
            store: store, riders: riders, shards: shards, ownRules: options.thresholds,
            places: plan, fences: fenceState, across: memory)
        try recovery.run()
        let live = Self.live(recovery.shards)
        self.options = options
        self.store = store
        self.segments = segments
        self.rowTarget = rowTarget
        retirement = try Retirement(store.database)
        let watches = PositionWatches()
        self.watches = watches
        self.riders = riders
        latest = live.latest
        grid = live.grid
        let progress = Progress(recovery.progress)
        let control = EngineControl(options: options)
        let commits = CommitQueue(nextSequence: recovery.progress.nextSequence)
        self.progress = progress
        self.control = control
        self.commits = commits
        let recent = RecentAlerts()
        let recentVerdicts = RecentVerdicts()
        let verdicts = VerdictReader(
            database: store.database, riders: riders, recent: recentVerdicts)
        self.verdicts = verdicts
        let book = AlertBook(riskAlerts: options.riskAlerts)
        self.book = book
        try book.load(store.database)
        alerts = AlertReader(
            database: store.database, riders: riders, recent: recent, book: book)
        reader = ReaderThread("tacho-read")
        placesThread = ReaderThread("tacho-places")
        whoThread = ReaderThread("tacho-who")
        sealerThread = ReaderThread("tacho-seal", yieldsToOthers: true)
        retireThread = ReaderThread("tacho-retire", yieldsToOthers: true)
        scrubber = try Scrubber(store, control, options)
        rulesThread = ReaderThread("tacho-rules", yieldsToOthers: true)
        rulesInForce = Mutex(RulesInForce(recovery.rules))
        let derived = DerivedWriter(
            database: store.database, target: rowTarget,
            journal: store.journal, lastGroup: store.lastGroup, places: plan,
            runs: store.geoRuns, notesPlaces: options.notesPlaces,
            context: DerivedWriter.Context(
                fail: { control.fail($0) }, failure: { control.failure },
                written: { group in
                    recent.forget(upTo: group)
                    book.forget(upTo: group)
                    recentVerdicts.forget(upTo: group)
                },
                released: { end in
                    progress.update { $0.journalReleased = max($0.journalReleased, end) }
                    control.journalWasReleased(bytes: progress.now.journalBytes)
                }, releasesFirst: options.fault == .releaseFirst))
        self.derived = derived
        let across = memory.map { memory in
            AcrossThread(
                state: memory, lastGroup: store.lastGroup, derived: derived,
                fail: { control.fail($0) }, failure: { control.failure })
        }
        self.across = across
        let orders = OrderThread(
            database: store.database, target: rowTarget,
            context: OrderThread.Context(
                nowMs: options.nowMs, commit: { commits.push($0) },
                fail: { control.fail($0) }, failure: { control.failure },
                entriesAreReadable: { control.notifyObservers() }))
        self.orders = orders
        let fences = FenceThread(
            state: fenceState, database: store.database, target: rowTarget,
            context: FenceThread.Context(
                fail: { control.fail($0) }, failure: { control.failure },
                eventsAreReadable: { control.notifyObservers() },
                pass: { mark, end, barrier, rows in
                    // By way of orders, whose rows are to be written before.
                    let isTaken = orders.push(
                        .pass {
                            if let across {
                                across.push(.checkpoint(mark, journalEnd: end, barrier, rows: rows))
                            } else {
                                derived.push(
                                    .checkpoint(mark, journalEnd: end, barrier, rows: rows))
                            }
                        })
                    if !isTaken { barrier.complete() }
                }))
        self.fences = fences
        let groups = try Self.groups(
            store.database, rowTarget, alerts, verdicts, fences.book, riders, progress, control,
            options)
        self.groups = groups
        groupNews = AlertObserver { groups.news() }
        control.add(groupNews)
        let committer = Committer(
            journal: store.journal, queue: commits, derived: derived, fences: fences,
            orders: orders, across: across, recent: recent, recentVerdicts: recentVerdicts,
            book: book, riders: riders, live: live,
            progress: progress, times: commitTimes,
            context: Committer.Context(
                thresholds: recovery.rules.settings.thresholds.hash64,
                revision: recovery.rules.settings.revision, nowMs: options.nowMs,
                acknowledgesBeforeSync: options.fault == .acknowledgeBeforeSync,
                journalLimitBytes: options.journalLimitBytes,
                acrossFullRate: options.acrossFullRate,
                fail: { control.fail($0) }, failure: { control.failure },
                entriesAreDurable: { control.notifyObservers() },
                riderMoved: { watches.note($0) },
                journalGrew: { control.journalGrew(bytes: $0) },
                pointsDone: { control.done(points: $0) }))
        tallies = recovery.shards.map(\.tally)
        workers = recovery.shards.map { shard in
            Worker(
                shard: shard, commits: commits, fail: { control.fail($0) },
                notice: { control.note(unreadable: $0) },
                needsCut: { control.requestCut() })
        }
        threads = Mutex([])
        for worker in workers { worker.start() }
        let committerThread = NamedThread("tacho-commit") { committer.run() }
        let derivedThread = NamedThread("tacho-rows") { derived.run() }
        let fenceThread = NamedThread("tacho-fences") { fences.run() }
        let groupThread = NamedThread("tacho-groups") { groups.run() }
        let orderThread = NamedThread("tacho-orders") { orders.run() }
        let acrossThread = across.map { [workers] across in
            let line = ProposalLine(workers: workers, riders: riders)
            return NamedThread("tacho-across") { across.run { line.post($0) } }
        }
        try control.load(store.database)
        try recordLoss(recovery.adopted)
        try storeOwnRules()
        control.checkDisk(options.directory, shortage: store.journal.shortage())
        try advanceWatermark(isClean: false, isForced: true)
        if recovery.progress.journalBytes >= options.journalLimitBytes {
            control.journalGrew(bytes: recovery.progress.journalBytes)
        }
        let tickerThread = NamedThread("tacho-tick") { self.tick() }
        // In the order they are to be joined: the ticker first, so that it starts nothing new.
        threads.withLock {
            $0 =
                [
                    tickerThread, committerThread, derivedThread, fenceThread, groupThread,
                    orderThread,
                ]
                + (acrossThread.map { [$0] } ?? [])
        }
    }

    private static func groups(
        _ database: Database, _ target: any RowWriting, _ alerts: AlertReader,
        _ verdicts: VerdictReader, _ fences: FenceBook, _ riders: RiderTable, _ progress: Progress,
        _ control: EngineControl,
        _ options: EngineOptions
    ) throws(StoreError) -> GroupThread {
        let source = StreamSource(
            database: database, alerts: alerts, verdicts: verdicts, fences: fences,
            riders: riders, progress: progress)
        let book = try GroupBook(
            database: database, source: source, limits: options.groupLimits, nowMs: options.nowMs)
        return GroupThread(
            book: book, target: target,
            context: GroupThread.Context(
                fail: { control.fail($0) }, failure: { control.failure },
                skipsSync: options.fault == .skipSync))
    }

    /// What readers see of the riders that were recovered.
    private static func live(_ shards: [Shard]) -> LivePositions {
        let live = LivePositions()
        for shard in shards {
            let records = (0..<shard.slots.count).lazy.compactMap { index -> Part.Latest? in
                let slot = shard.slots[index]
                guard slot.pointee.hasNewest else { return nil }
                return Part.Latest(
                    rider: UInt32(index * shards.count + shard.index),
                    record: slot.pointee.latestRecord)
            }
            live.publish(records)
        }
        return live
    }

    // MARK: Writing

    /// Takes a batch. `completion` is called once, from a thread of the engine, when every stored
    /// fix of it is durable, with a mask per entry; or with the reason why nothing was promised.
    /// Never blocks. Cost: one look-up per rider of the batch on the caller's thread.
    package func submit(
        _ batch: FixBatch, receivedAtMs: Int64,
        completion: @escaping @Sendable (Result<[ReplyMask], AppendError>) -> Void
    ) {
        if let refusal = control.admit(points: batch.count) {
            completion(.failure(refusal))
            return
        }
        let numbers = numbers(of: batch)
        let judges = judges(of: numbers)
        let work = BatchWork(
            batch: batch, numbers: numbers, receivedAtMs: receivedAtMs, parts: judges.count,
            completion: completion)
        for judge in judges where !workers[judge].post(.batch(work)) {
            work.complete(.stopped("the engine is closed"))
        }
    }

    /// The workers whose riders are in a batch: a single fix wakes one of them only. At least one,
    /// for a batch without a good entry is answered too.
    private func judges(of numbers: [UInt32]) -> [Int] {
        let count = workers.count
        var isWanted = [Bool](repeating: false, count: count)
        var wanted = 0
        for number in numbers where number != UInt32.max {
            let judge = Int(number) % count
            if isWanted[judge] { continue }
            isWanted[judge] = true
            wanted += 1
            if wanted == count { break }
        }
        return wanted == 0 ? [0] : (0..<count).filter { isWanted[$0] }
    }

    /// Rider numbers by entry, each of the batch's riders looked up once.
    private func numbers(of batch: FixBatch) -> [UInt32] {
        var known: [UInt32] = []
        known.reserveCapacity(batch.riders.count)
        let places = batch.riders
        batch.names.withUnsafeBytes { names in
            riders.resolve(
                count: places.count,
                { rider in
                    let start = Int(places[rider].start)
                    return UnsafeRawBufferPointer(
                        rebasing: names[start..<start + Int(places[rider].count)])
                }, into: &known)
        }
        return batch.entries.map { entry in
            entry.malformed == nil ? known[Int(entry.riderIndex)] : UInt32.max
        }
    }

    /// Takes a batch and waits until it is durable.
    package func append(_ batch: FixBatch) throws(AppendError) -> [ReplyMask] {
        let answer = Monitor<Result<[ReplyMask], AppendError>?>(nil)
        submit(batch, receivedAtMs: options.nowMs()) { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    // MARK: Life

    /// Checkpoint, clean mark, and the end of all threads. What was submitted before is durable
    /// and answered; later calls are refused.
    package func close() throws {
        guard control.beginClosing() else { return }
        control.waitForScans()
        // No barrier is on its way to some judges only when they end.
        control.withBarrierOrder {}
        stopBackground()
        settleAcross()
        if control.failure == nil { runBarrier(.checkpoint) }
        stopThreads()
        defer { store.close() }
        if let reason = control.failure { throw StoreError.io(reason) }
        try advanceWatermark(isClean: true)
    }

    /// Stops as a kill would: no checkpoint, no clean mark. For tests of recovery.
    package func abandon() {
        guard control.beginClosing() else { return }
        control.waitForScans()
        // No barrier is on its way to some judges only when they end.
        control.withBarrierOrder {}
        stopBackground()
        stopThreads(discarding: true)
        store.close()
    }

    /// What takes long looks at `isClosing`; a merge of files is broken off.
    private func stopBackground() {
        store.database.stopMerging()
        sealerThread.stop()
        retireThread.stop()
        scrubber.stop()
        rulesThread.stop()
        whoThread.stop()
    }

    private func stopThreads(discarding: Bool = false) {
        control.endTicks()
        let threads = threads.withLock { $0 }
        threads[0].join()
        for worker in workers { worker.stop() }
        commits.close()
        threads[1].join()
        fences.close(discarding: discarding)
        threads[3].join()
        orders.close(discarding: discarding)
        threads[5].join()
        across?.close(discarding: discarding)
        if threads.count > 6 { threads[6].join() }
        groups.close(discarding: discarding)
        threads[4].join()
        derived.close(discarding: discarding)
        threads[2].join()
        reader.stop()
        placesThread.stop()
    }

    /// Waits until everything that was submitted is compared, as far as tracks are compared at all.
    func settleAcross() {
        guard let across else { return }
        while control.failure == nil && across.waiting(behind: progress.now.group) > 0 {
            _ = control.sleepOneTick(milliseconds: 1)
        }
    }

    /// Runs a barrier through all workers and the committer and waits for its end.
    func runBarrier(_ kind: Barrier.Kind) {
        let done = Monitor(false)
        let barrier = Barrier(kind, shards: workers.count) {
            done.change { isDone in
                isDone = true
                return (true, ())
            }
        }
        control.withBarrierOrder {
            for worker in workers { worker.post(.barrier(barrier)) }
        }
        done.wait { $0 ? () : nil }
    }

    /// Brings the watermark up to the last durable group.
    func advanceWatermark(isClean: Bool, isForced: Bool = false) throws(StoreError) {
        let state = progress.now
        try control.advance(
            store.watermark,
            to: Watermark(
                group: state.group, nextSequence: state.nextSequence, hash: state.hash,
                isClean: isClean), isForced: isForced)
    }
}
