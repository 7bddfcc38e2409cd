import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// A commit group in the making: events for the journal, what rows are derived from them, and who
/// waits.
struct GroupBuilder {
    /// Events of the group itself: riders, cuts, losses. They come before those of the parts.
    private var events = ByteWriter()
    private(set) var parts: [Part] = []
    private var riders: [(number: UInt32, name: [UInt8])] = []
    private var loss: RangeRow?
    /// The loss is none: see `CommitItem.loss`.
    private var lossIsHeld = false
    private var reviews: [PendingReview] = []
    private var rules: [UInt8]?
    /// In the order of their events.
    private(set) var orders: [PendingOrder] = []
    private(set) var fenceChanges: [FenceChange] = []
    /// Who waits for them.
    private(set) var fencesDone: [@Sendable () -> Void] = []
    private(set) var points = 0
    private(set) var livePoints = 0
    private var partBytes = 0
    /// Alerts and verdicts that are told.
    private(set) var entryCount = 0
    var afterCommit: [@Sendable () -> Void] = []

    struct Commit {
        var header: GroupHeader
        var derived: DerivedGroup
        var nextSequence: UInt64
        var openedAlerts: Int
        var amendments: Int
        var lastAlert: AlertID?
        var orders: [CommittedOrder]
    }

    var bytes: Int { events.count + partBytes }

    mutating func add(_ part: Part) {
        parts.append(part)
        points += part.points
        livePoints += part.livePoints
        partBytes += part.events.count + part.verdicts.bytes
        entryCount += part.alerts.count + part.verdicts.count
    }

    /// Sequences go on behind the loss.
    mutating func addLoss(first: UInt64, last: UInt64, isHeld: Bool) {
        add(.loss(first: first, last: last))
        lossIsHeld = isHeld
        if last > 0 { loss = RangeRow(first: first, last: last) }
    }

    mutating func add(rules image: [UInt8]) {
        add(.rules(image: image))
        rules = image
    }

    mutating func add(_ event: GroupEvent) { events.putEvent(event) }

    mutating func add(_ changes: [FenceChange], done: @escaping @Sendable () -> Void) {
        for change in changes { add(.fence(change: change.bytes)) }
        fenceChanges += changes
        fencesDone.append(done)
    }

    mutating func add(_ pending: PendingReview) {
        add(.review(pending.review))
        reviews.append(pending)
    }

    mutating func add(_ pending: PendingOrder) {
        add(.order(pending.event))
        orders.append(pending)
    }

    mutating func add(rider number: UInt32, name: [UInt8]) {
        events.putEvent(.rider(number: number, name: name))
        riders.append((number, name))
    }

    /// Fills `buffer` with the body of the group that follows `before`.
    func finish(
        after before: Progress.State, nowMs: Int64, thresholds: UInt64, revision: UInt64,
        thinning: UInt8, into buffer: GroupBuffer
    ) -> Commit {
        let commitMs = before.commitMs(nowMs: nowMs)
        let alertN = Progress.State.nextN(after: before.lastAlert, atMs: commitMs)
        let orderN = Progress.State.nextN(after: before.lastOrder, atMs: commitMs)
        let verdictN = Progress.State.nextN(after: before.lastVerdict, atMs: commitMs)
        let header = GroupHeader(
            ruleSet: RuleSet.version, group: before.group + 1,
            firstSequence: before.nextSequence, points: UInt32(points), alertFirstN: alertN,
            commitMs: commitMs, thresholds: thresholds, previousHash: before.hash,
            thinning: thinning)
        buffer.clear()
        if !orders.isEmpty || parts.contains(where: { !$0.verdicts.isEmpty }) {
            append(.entries(orderN: orderN, verdictN: verdictN), to: buffer)
        }
        buffer.append(events.bytes)
        var derived = DerivedGroup(
            group: header.group, range: before.range, rangeFirst: before.rangeFirst,
            riders: riders, loss: lossIsHeld ? nil : loss, reviews: reviews,
            rules: rules.map { RuleSetRow(sinceMs: header.commitMs, image: $0) })
        var opened = 0
        var amended = 0
        var runs: [VerdictRuns.Run] = []
        for part in parts {
            buffer.append(part.events.raw)
            if !part.verdicts.isEmpty {
                for run in part.verdicts.runs { append(.verdicts(run), to: buffer) }
                runs += part.verdicts.runs
            }
            derived.add(part, firstAlert: AlertID(ms: commitMs, n: alertN + UInt32(opened)))
            opened += part.alerts.count { $0.opensWindow }
            amended += part.amendments.count
        }
        derived.add(
            VerdictRow.rows(
                runs, first: AlertID(ms: commitMs, n: verdictN), before: before.verdicts,
                revision: revision))
        return Commit(
            header: header, derived: derived,
            nextSequence: loss.map { $0.last + 1 } ?? before.nextSequence + UInt64(points),
            openedAlerts: opened, amendments: amended,
            lastAlert: opened > 0 ? AlertID(ms: commitMs, n: alertN + UInt32(opened) - 1) : nil,
            orders: orders.enumerated().map { index, pending in
                CommittedOrder(
                    id: AlertID(ms: commitMs, n: orderN + UInt32(index)),
                    number: before.orders + UInt64(index) + 1, pending: pending)
            })
    }

    private func append(_ event: GroupEvent, to buffer: GroupBuffer) {
        var writer = ByteWriter()
        writer.putEvent(event)
        buffer.append(writer.bytes)
    }
}
