import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// A commit group in the making: events for the journal, rows derived from them, and who waits.
struct GroupBuilder {
    private var events = ByteWriter()
    private(set) var parts: [Part] = []
    /// Written in the same batch as the group.
    let rows: RowBatch
    var afterCommit: [@Sendable () -> Void] = []
    /// Write a group even if nothing happened in it.
    var isForced = false
    private(set) var alertCount = 0
    private var points = 0

    init(_ database: Database) { rows = RowBatch(database) }

    struct Commit {
        var header: GroupHeader
        var record: [UInt8]
        var hash: UInt64
        var nextSequence: UInt64
        var openedAlerts: Int
        var amendments: Int
        var lastAlert: AlertID?
    }

    var bytes: Int { parts.reduce(events.count) { $0 + $1.events.count } }

    var isWorthWriting: Bool {
        isForced || events.count > 0 || parts.contains { !$0.isEmpty }
    }

    mutating func add(_ part: Part) {
        parts.append(part)
        points += part.points
        alertCount += part.alerts.count
    }

    /// Sequences go on behind the loss.
    mutating func addLoss(first: UInt64, last: UInt64) {
        add(.loss(first: first, last: last))
        guard last > 0 else { return }
        rows.put(.meta, Keys.loss(first: first), RangeRow(first: first, last: last).encoded())
        lossEnd = last
    }

    private var lossEnd: UInt64?

    mutating func add(_ event: GroupEvent) { events.putEvent(event) }

    mutating func add(rider number: UInt32, name: [UInt8]) {
        events.putEvent(.rider(number: number, name: name))
        rows.put(.riders, Keys.number(number), name)
    }

    /// The record of the group that follows `before`, and its derived rows in `rows`.
    mutating func finish(
        after before: Progress.State, nowMs: Int64, thresholds: UInt64
    ) -> Commit {
        var alertMs = max(nowMs, 0)
        var alertN: UInt32 = 0
        if let last = before.lastAlert, alertMs <= last.ms {
            alertMs = last.ms
            alertN = last.n + 1
        }
        let header = GroupHeader(
            ruleSet: RuleSet.version, group: before.group + 1,
            firstSequence: before.nextSequence, points: UInt32(points), alertFirstN: alertN,
            commitMs: alertMs, thresholds: thresholds, previousHash: before.hash)
        var body = events.bytes
        var opened = 0
        var amended = 0
        for part in parts {
            body.append(contentsOf: part.events.raw)
            for tail in part.closed {
                _ = Self.put(tail, partFirst: part.firstSequence, to: rows)
            }
            for amendment in part.amendments {
                Self.put(
                    amendment, sequence: amendment.sequence.resolved(first: part.firstSequence),
                    range: before.range, to: rows)
            }
            for hit in part.alerts {
                if hit.opensWindow {
                    let id = AlertID(ms: alertMs, n: alertN + UInt32(opened))
                    rows.put(.alerts, Keys.alert(ms: UInt64(id.ms), n: id.n), AlertRow.bytes(hit))
                    opened += 1
                }
                Self.putWindow(hit, to: rows)
            }
            amended += part.amendments.count
        }
        let (record, hash) = header.record(body: body)
        return Commit(
            header: header, record: record, hash: hash,
            nextSequence: lossEnd.map { $0 + 1 } ?? before.nextSequence + UInt64(points),
            openedAlerts: opened,
            amendments: amended,
            lastAlert: opened > 0 ? AlertID(ms: alertMs, n: alertN + UInt32(opened) - 1) : nil)
    }

    /// The rows of a chunk; returns its size.
    static func put(_ tail: ClosedTail, partFirst: UInt64, to rows: RowBatch) -> Int {
        let bytes = tail.encoded(partFirst: partFirst)
        rows.put(.track, Keys.track(tail.key), bytes)
        rows.put(.ranges, Keys.ranges(tail.key), [])
        return bytes.count
    }

    static func put(
        _ a: PendingAmendment, sequence: UInt64, range: UInt32, to rows: RowBatch
    ) {
        let amendment = Amendment(
            rider: a.rider, tsMs: a.tsMs, ordinal: a.ordinal, sequence: sequence,
            verdict: a.verdict, ruleSet: RuleSet.version, cause: a.cause)
        let value = AmendmentRow.bytes(a.verdict, ruleSet: RuleSet.version, cause: a.cause)
        rows.put(.amend, Keys.amend(amendment), value)
        rows.put(.amendLog, Keys.amendLog(range: range, amendment), value)
    }

    static func putWindow(_ hit: AlertHit, to rows: RowBatch) {
        var count = ByteWriter()
        count.put(hit.windowCount)
        rows.put(
            .alerts,
            Keys.alertWindow(rider: hit.rider, code: hit.code, startMs: hit.windowStartMs),
            count.bytes)
    }
}
