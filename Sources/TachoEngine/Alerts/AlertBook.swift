import Synchronization
import TachoGeo
import TachoIngest
import TachoStore

/// A review on its way to the journal, and what the alert's reviews came to before it.
struct PendingReview: Sendable {
    var review: AlertReview
    var before: ReviewSummary

    var after: ReviewSummary {
        var after = before
        after.add(review.state)
        return after
    }
}

/// What is known of alerts in memory: risk by rider, feedback by rule, and reviews that the database
/// does not have yet. Off the path of a fix: only alerts and reviews come here.
///
/// All of it follows from rows of family `alerts`, and is made from them again at a start.
final class AlertBook: Sendable {
    private struct State {
        var risk: RiskTable
        var feedback: [Code: RuleFeedback] = [:]
        /// By alert, in order of steps; `group` nil: not durable yet.
        var open: [AlertID: [(review: AlertReview, group: UInt64?)]] = [:]

        mutating func add(_ hit: RiskHit, rider: UInt32) {
            risk.add(hit, rider: rider)
            feedback[hit.code, default: RuleFeedback(code: hit.code)].alerts += 1
        }

        mutating func apply(_ pending: PendingReview) {
            let review = pending.review
            guard let code = Code(rawValue: review.code) else { return }
            feedback[code, default: RuleFeedback(code: code)].move(
                from: pending.before, to: pending.after)
            risk.set(
                idMs: review.alertMs, idN: review.alertN, rider: review.rider,
                counts: review.state.counts)
        }
    }

    private let state: Mutex<State>
    private let observers = Mutex<[@Sendable ([(id: AlertID, state: AlertState)]) -> Void]>([])

    /// `riskAlerts`: so many at most are remembered for risk scores.
    init(riskAlerts: Int) { state = Mutex(State(risk: RiskTable(capacity: riskAlerts))) }

    // MARK: What happens

    /// A review is about to be committed; later ones of its alert come after it.
    func reserve(_ review: AlertReview) {
        let id = AlertID(review)
        state.withLock { $0.open[id, default: []].append((review, nil)) }
    }

    /// A group is durable.
    func add(_ group: DerivedGroup) {
        guard !group.reviews.isEmpty || group.parts.contains(where: { !$0.alerts.isEmpty })
        else { return }
        state.withLock { state in
            for part in group.parts {
                var n = part.firstAlert.n
                for hit in part.alerts where hit.opensWindow {
                    if let seen = RiskHit(hit, id: AlertID(ms: part.firstAlert.ms, n: n)) {
                        state.add(seen, rider: hit.rider)
                    }
                    n += 1
                }
            }
            for pending in group.reviews {
                state.apply(pending)
                let id = AlertID(pending.review)
                guard
                    let index = state.open[id]?.firstIndex(where: {
                        $0.review.step == pending.review.step
                    })
                else { continue }
                state.open[id]![index].group = group.group
            }
        }
        guard !group.reviews.isEmpty else { return }
        let news = group.reviews.map { (id: AlertID($0.review), state: $0.review.state) }
        for observer in observers.withLock({ $0 }) { observer(news) }
    }

    /// `body` is called with each durable review, on the committer's thread.
    func observe(_ body: @escaping @Sendable ([(id: AlertID, state: AlertState)]) -> Void) {
        observers.withLock { $0.append(body) }
    }

    /// The database has all rows of groups up to that one.
    func forget(upTo group: UInt64) {
        state.withLock { state in
            if state.open.isEmpty { return }
            for (id, list) in state.open {
                let kept = list.filter { $0.group.map { $0 > group } ?? true }
                if kept.count < list.count { state.open[id] = kept.isEmpty ? nil : kept }
            }
        }
    }

    // MARK: What is asked

    /// Reviews of an alert that the database may not have; taken before it is read.
    func openReviews(of id: AlertID, durableOnly: Bool) -> [AlertReview] {
        state.withLock { state in
            (state.open[id] ?? []).filter { !durableOnly || $0.group != nil }.map(\.review)
        }
    }

    /// The last durable one of every alert that has some here.
    func openStates() -> [AlertID: AlertState] {
        state.withLock { state in
            state.open.compactMapValues { list in
                list.last { $0.group != nil }?.review.state
            }
        }
    }

    /// Rules that gave alerts, by number.
    func feedback() -> [RuleFeedback] {
        state.withLock { Array($0.feedback.values) }
            .sorted { $0.code.rawValue < $1.code.rawValue }
    }

    /// Scores at a moment, of these riders or of all that have alerts here; nil: memory does not go
    /// back so far. Whoever commits alerts waits for a slice of riders at most.
    func scores(of riders: [UInt32]?, atMs: Int64) -> [(rider: UInt32, score: RiskScore)]? {
        let all = state.withLock { state in
            state.risk.coversFromMs <= atMs - RiskScore.horizonMs
                ? riders ?? state.risk.riders : nil
        }
        guard let all else { return nil }
        var scores: [(rider: UInt32, score: RiskScore)] = []
        for start in stride(from: 0, to: all.count, by: Self.ridersAtOnce) {
            let slice = all[start..<min(start + Self.ridersAtOnce, all.count)]
            let isWhole = state.withLock { state in
                for rider in slice {
                    let score = RiskScore.of(state.risk.hits(of: rider), atMs: atMs)
                    if riders != nil || score.alerts > 0 { scores.append((rider, score)) }
                }
                return state.risk.coversFromMs <= atMs - RiskScore.horizonMs
            }
            if !isWhole { return nil }
        }
        return scores
    }

    private static let ridersAtOnce = 1_024

    // MARK: Start

    /// Fills an empty book from the rows. Cost: all alerts are read, about 1 µs each.
    func load(_ database: Database) throws(StoreError) {
        var fresh = state.withLock { $0 }
        let cursor = database.cursor(.alerts)
        cursor.seek(Keys.alert(ms: 0, n: 0))
        while try cursor.isValid(), let id = AlertReader.id(cursor.key) {
            let (hit, rider) = try AlertRow.hit(cursor.value, id: id)
            fresh.add(hit, rider: rider)
            cursor.next()
        }
        var last: AlertID?
        var summary = ReviewSummary()
        try AlertReviews.all(database) { review in
            if AlertID(review) != last {
                last = AlertID(review)
                summary = ReviewSummary()
            }
            let pending = PendingReview(review: review, before: summary)
            fresh.apply(pending)
            summary = pending.after
        }
        state.withLock { [fresh] in $0 = fresh }
    }
}

extension AlertID {
    init(_ review: AlertReview) { self.init(ms: review.alertMs, n: review.alertN) }
}

extension RiskHit {
    /// nil: the code is not known here.
    init?(_ hit: AlertHit, id: AlertID) {
        guard let code = Code(rawValue: hit.code), let severity = Severity(rawValue: hit.severity)
        else { return nil }
        self.init(
            atRecvMs: hit.atRecvMs, idMs: id.ms, idN: id.n, code: code, severity: severity)
    }
}
