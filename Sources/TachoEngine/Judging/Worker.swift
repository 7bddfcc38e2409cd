import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// What a judging thread is asked to do, in order.
enum WorkerJob {
    case batch(BatchWork)
    /// A reader wants a rider's history as it is now.
    case read(rider: UInt32, @Sendable (HistoryCopy) -> Void)
    /// The same of many riders, all of this shard, for a reader of all tracks.
    case copies([UInt32], @Sendable (ScanShare) -> Void)
    /// One rider's history with what tells later whether it is still so.
    case history(rider: UInt32, @Sendable (RiderStamp, HistoryCopy) -> Void)
    /// Verdicts of a rider are to be amended.
    case recompute(RiderRecompute)
    case barrier(Barrier)
    /// A rider's vehicle class is to be another from now on.
    case vehicle(rider: UInt32, VehicleClass, BatchWork)
    /// Somebody asks what is known of some riders, all of this shard.
    case riders([UInt32], @Sendable ([RiderState]) -> Void)
    /// Another rider's way, up to a fix of it, is to be compared with a rider of this thread.
    case compare(AcrossProposal, with: [WayPoint], named: [UInt8])
    /// The way of a rider of this thread, up to a fix of it, is asked for.
    case recall(rider: UInt32, tsMs: Int64, @Sendable ([WayPoint]) -> Void)
    /// Which tails have fixes of a time and a place is asked for.
    case tails(TailQuestion, @Sendable (TailAnswer) -> Void)
    /// What is written is to be let go now, not with the next batches.
    case sweep
}

/// A judging thread and its shard of riders.
final class Worker: @unchecked Sendable {
    private struct Inbox {
        var jobs: [WorkerJob] = []
        var isClosed = false
    }

    private let inbox = Monitor(Inbox())
    private let commits: CommitQueue
    private let fail: @Sendable (String) -> Void
    /// Hears why fixes are left out.
    private let notice: @Sendable (String) -> Void
    /// Raised when a rider's chunk numbers run out in this range.
    private let needsCut: @Sendable () -> Void
    /// Touched by the thread alone once it runs.
    private var shard: Shard
    private var thread: NamedThread?
    /// Set when the device failed: what was judged since is not to be believed.
    private var failure: String?

    /// Riders' rows of a checkpoint are handed over so many at a time.
    private static let slotsPerItem = 512

    init(
        shard: consuming Shard, commits: CommitQueue, fail: @escaping @Sendable (String) -> Void,
        notice: @escaping @Sendable (String) -> Void, needsCut: @escaping @Sendable () -> Void
    ) {
        self.notice = notice
        self.shard = shard
        self.commits = commits
        self.fail = fail
        self.needsCut = needsCut
    }

    func start() { thread = NamedThread("tacho-judge") { self.run() } }

    /// False: the thread has ended, the job will not be done.
    @discardableResult
    func post(_ job: WorkerJob) -> Bool {
        inbox.change { inbox in
            if inbox.isClosed { return (false, false) }
            inbox.jobs.append(job)
            return (inbox.jobs.count == 1, true)
        }
    }

    /// Finishes what was posted and ends the thread.
    func stop() {
        inbox.change { inbox in
            inbox.isClosed = true
            return (true, ())
        }
        thread?.join()
        shard.free()
    }

    private func run() {
        while true {
            let jobs = inbox.wait { inbox -> [WorkerJob]? in
                if inbox.jobs.isEmpty { return inbox.isClosed ? [] : nil }
                defer { inbox.jobs = [] }
                return inbox.jobs
            }
            if jobs.isEmpty { return }
            for job in jobs { perform(job) }
        }
    }

    private func perform(_ job: WorkerJob) {
        switch job {
        case .batch(let work):
            if let failure {
                work.complete(.stopped(failure))
                return
            }
            if shard.mustWaitForCut(work) {
                needsCut()
                work.complete(
                    .tryAgain(
                        afterMs: 1000, reason: "a rider's chunks fill the range, it is being cut"))
                commits.push(.part(Part(work: work)))
                return
            }
            do {
                let part = try shard.judge(work)
                if let reason = work.unreadableReason { notice(reason) }
                commits.push(.part(part))
                shard.settle(part)
                if shard.needsCut {
                    shard.needsCut = false
                    needsCut()
                }
            } catch {
                failure = error.description
                fail("history cannot be read: \(error)")
                work.complete(.stopped(error.description))
            }
        case .read(let rider, let body):
            shard.admit(rider)
            let copy = HistoryCopy(shard.source(rider, shard.slot(rider)))
            commits.push(.afterCommit { body(copy) })
        case .copies(let riders, let body):
            let share = shard.share(of: riders)
            commits.push(.afterCommit { body(share) })
        case .history(let rider, let body):
            shard.admit(rider)
            let stamp = RiderStamp(shard.slot(rider).pointee)
            let copy = HistoryCopy(shard.source(rider, shard.slot(rider)))
            commits.push(.afterCommit { body(stamp, copy) })
        case .recompute(let work):
            recompute(work)
        case .barrier(let barrier):
            pass(barrier)
        case .vehicle(let rider, let vehicle, let work):
            if let failure { return work.complete(.stopped(failure)) }
            commits.push(.part(shard.change(vehicle, of: rider, work)))
        case .riders(let riders, let body):
            let states = shard.states(of: riders)
            commits.push(.afterCommit { body(states) })
        case .compare(let proposal, let other, let name):
            attempt { () throws(StoreError) in
                let part = try shard.compare(proposal, with: other, named: name)
                commits.push(.part(part))
            }
        case .recall(let rider, let tsMs, let body):
            attempt { () throws(StoreError) in
                body(try shard.readableStretch(of: rider, upTo: tsMs)?.way ?? [])
            }
        case .tails(let question, let body): body(shard.answer(question))
        case .sweep:
            shard.pending.sweep(now: true)
            shard.forgetPasts()
        }
    }

    /// Reads history, where a failure of the device ends all judging.
    private func attempt(_ body: () throws(StoreError) -> Void) {
        if failure != nil { return }
        do {
            try body()
        } catch {
            failure = error.description
            fail("history cannot be read: \(error)")
        }
    }

    private func recompute(_ work: RiderRecompute) {
        attempt { () throws(StoreError) in
            let made: [Part]?
            do throws(StoreError) {
                made = try shard.recompute(work)
            } catch {
                guard error.isOfStoredBytes else { throw error }
                return work.complete(.failure(.damaged(error.description)))
            }
            guard let parts = made else { return work.complete(.success(.isStale)) }
            for part in parts { commits.push(.part(part)) }
            commits.push(.afterCommit { work.complete(.success(.isDone)) })
        }
        if let failure { work.complete(.failure(.stopped(failure))) }
    }

    private func pass(_ barrier: Barrier) {
        var closed: [ClosedTail] = []
        switch barrier.kind {
        case .cut(let next):
            shard.closeAll(&closed)
            shard.range = next
            shard.isNearLimit = false
        case .checkpoint:
            handOverSlots()
            // Of ranges that were cut before nothing is left in memory: they may be retired.
            shard.pending.sweep(now: true)
        case .rules(let settings):
            shard.obey(settings.thresholds)
        }
        barrier.arrive(closed) { commits.push(.barrier(barrier)) }
    }

    private func handOverSlots() {
        var rows: [SlotRows] = []
        var encoder = ChunkEncoder(capacity: Tail.limit)
        for index in 0..<shard.slots.count {
            let slot = shard.slots[index]
            guard slot.pointee.isDirty else { continue }
            slot.pointee.isDirty = false
            rows.append(
                SlotRows(
                    rider: UInt32(index * shard.count + shard.index),
                    slot: SlotImage.slot(slot.pointee),
                    main: TailImage.bytes(slot.pointee.main, &encoder),
                    late: TailImage.bytes(slot.pointee.late, &encoder)))
            if rows.count == Self.slotsPerItem {
                commits.push(.slots(rows))
                rows = []
            }
        }
        if !rows.isEmpty { commits.push(.slots(rows)) }
    }
}
