import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// What a part leaves behind in the database, once its group is in the journal.
struct DerivedPart: Sendable {
    var firstSequence: UInt64
    var closed: [ClosedTail]
    var amendments: [PendingAmendment]
    var alerts: [AlertHit]
    var recurrences: [CodeRecurrence]
    /// Of the first alert that opens a window; the others follow it.
    var firstAlert: AlertID
}

/// What a durable group leaves behind in the database. The rows are the same whenever they are
/// made: replay makes them again.
struct DerivedGroup: Sendable {
    var group: UInt64
    var range: UInt32
    /// The range's first sequence: an amendment before the first fix of a range belongs to that.
    var rangeFirst: UInt64
    var riders: [(number: UInt32, name: [UInt8])]
    var loss: RangeRow?
    var reviews: [PendingReview]
    /// The rule set that the group puts in force.
    var rules: RuleSetRow?
    var parts: [DerivedPart] = []
    /// Of the stream `verdicts`.
    private(set) var verdicts: [VerdictRow] = []
    /// Fixes, amendments and alerts that wait in it.
    private(set) var weight = 0

    init(
        group: UInt64, range: UInt32, rangeFirst: UInt64 = 1,
        riders: [(number: UInt32, name: [UInt8])], loss: RangeRow?, reviews: [PendingReview] = [],
        rules: RuleSetRow? = nil
    ) {
        self.group = group
        self.range = range
        self.rangeFirst = rangeFirst
        self.rules = rules
        self.riders = riders
        self.loss = loss
        self.reviews = reviews
        weight = riders.count + reviews.count
    }

    /// Events stay with the part: only what rows are made of is held until they are written.
    mutating func add(_ part: Part, firstAlert: AlertID) {
        guard
            !(part.closed.isEmpty && part.amendments.isEmpty && part.alerts.isEmpty
                && part.recurrences.isEmpty)
        else { return }
        parts.append(
            DerivedPart(
                firstSequence: part.firstSequence, closed: part.closed,
                amendments: part.amendments, alerts: part.alerts,
                recurrences: part.recurrences, firstAlert: firstAlert))
        weight += part.closed.reduce(0) { $0 + $1.count }
        weight += part.amendments.count + part.alerts.count + part.recurrences.count
    }

    mutating func add(_ rows: [VerdictRow]) {
        verdicts = rows
        // Entries are a few bytes each, and coded already.
        weight += rows.count * 64
    }

    var isEmpty: Bool {
        parts.isEmpty && verdicts.isEmpty && riders.isEmpty && reviews.isEmpty && loss == nil
            && rules == nil
    }

    /// Puts all rows but places; returns the chunks' bytes.
    func put(to rows: RowBatch, _ chunks: ChunkWriter) -> Int {
        var bytes = 0
        for rider in riders { rows.put(.riders, Keys.number(rider.number), rider.name) }
        if let loss { rows.put(.meta, Keys.loss(first: loss.first), loss.encoded()) }
        for one in reviews { rows.put(.alerts, one.review.key, one.review.row) }
        if let rules { rows.put(.meta, Keys.rules(group: group), rules.bytes) }
        for row in verdicts {
            rows.put(.verdicts, row.key, row.value)
            bytes += row.value.count
        }
        for part in parts {
            for tail in part.closed {
                bytes += chunks.put(tail, partFirst: part.firstSequence, to: rows)
            }
            for amendment in part.amendments {
                let sequence = amendment.sequence.resolved(first: part.firstSequence)
                DerivedRows.put(
                    amendment, sequence: max(sequence, rangeFirst), range: range, to: rows)
            }
            for one in part.recurrences { rows.put(.alerts, one.key, one.row) }
            var n = part.firstAlert.n
            for hit in part.alerts {
                DerivedRows.putWindow(hit, to: rows)
                guard hit.opensWindow else { continue }
                DerivedRows.put(hit, id: AlertID(ms: part.firstAlert.ms, n: n), to: rows)
                n += 1
            }
        }
        return bytes
    }

    /// The rows are where readers look from now on.
    func markWritten() {
        for part in parts {
            for tail in part.closed { tail.markWritten() }
            for amendment in part.amendments { amendment.markWritten() }
        }
    }
}

/// Rows that groups make, one kind each.
enum DerivedRows {
    /// `sequence` lies within the range: history that is judged again before the range has a point
    /// counts to its first one.
    static func put(
        _ a: PendingAmendment, sequence: UInt64, range: UInt32,
        ruleSet: UInt16 = RuleSet.version, to rows: RowBatch
    ) {
        let amendment = Amendment(
            rider: a.rider, tsMs: a.tsMs, ordinal: a.ordinal, sequence: sequence,
            verdict: a.verdict, ruleSet: ruleSet, cause: a.cause)
        let value = AmendmentRow.bytes(a.verdict, ruleSet: ruleSet, cause: a.cause)
        rows.put(.amend, Keys.amend(amendment), value)
        rows.put(.amendLog, Keys.amendLog(range: range, amendment), value)
    }

    static func put(_ hit: AlertHit, id: AlertID, to rows: RowBatch) {
        rows.put(.alerts, Keys.alert(ms: UInt64(id.ms), n: id.n), AlertRow.bytes(hit))
    }

    static func putWindow(_ hit: AlertHit, to rows: RowBatch) {
        var count = ByteWriter()
        count.put(hit.windowCount)
        count.put(UInt8(hit.windowIsCritical ? 1 : 0))
        rows.put(.alerts, windowKey(hit), count.bytes)
    }

    static func windowKey(_ hit: AlertHit) -> [UInt8] {
        Keys.alertWindow(rider: hit.rider, code: hit.code, startMs: hit.windowStartMs)
    }

    /// A rider's rows of a checkpoint, valid as of a group.
    static func put(_ one: SlotRows, asOf group: UInt64, to rows: RowBatch) {
        var slot = ByteWriter()
        slot.put(group)
        slot.put(one.slot)
        rows.put(.latest, Keys.number(one.rider), slot.bytes)
        for (tail, kind) in [(one.main, TailImage.mainKind), (one.late, TailImage.lateKind)] {
            let key = Keys.tail(rider: one.rider, kind: kind)
            if let tail { rows.put(.tails, key, tail) } else { rows.delete(.tails, key) }
        }
    }
}
