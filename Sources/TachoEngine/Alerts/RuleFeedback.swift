package import TachoGeo

/// What people said of one rule's alerts: how often it was right.
package struct RuleFeedback: Sendable, Hashable {
    package var code: Code
    /// All of its alerts.
    package var alerts = 0
    /// Those that somebody ever took.
    package var acknowledged = 0
    /// Those whose last decision is that; each alert is in one of these four at most.
    package var falsePositives = 0
    package var confirmed = 0
    package var upheld = 0
    package var rejected = 0
    /// Those that were ever appealed.
    package var appeals = 0

    init(code: Code) { self.code = code }

    /// Alerts that turned out wrong (false positives and upheld appeals) among those decided, in
    /// millionths; nil: none is decided.
    package var falsePositiveRateE6: Int32? {
        let wrong = falsePositives + upheld
        let decided = wrong + confirmed + rejected
        if decided == 0 { return nil }
        return Int32((Double(wrong) / Double(decided) * 1e6).rounded())
    }

    /// Moves an alert from what its reviews came to before to what they come to now.
    mutating func move(from before: ReviewSummary, to after: ReviewSummary) {
        count(before, -1)
        count(after, 1)
    }

    private mutating func count(_ summary: ReviewSummary, _ by: Int) {
        if summary.wasAcknowledged { acknowledged += by }
        if summary.wasAppealed { appeals += by }
        switch summary.decision {
        case .falsePositive: falsePositives += by
        case .confirmed: confirmed += by
        case .appealUpheld: upheld += by
        case .appealRejected: rejected += by
        case .open, .acknowledged, .appeal, nil: break
        }
    }
}

/// What the reviews of one alert come to.
struct ReviewSummary: Sendable, Hashable {
    private(set) var state = AlertState.open
    private(set) var wasAcknowledged = false
    private(set) var wasAppealed = false
    /// The last one; taking or appealing decides nothing.
    private(set) var decision: AlertState?

    init() {}

    init(_ states: some Sequence<AlertState>) { for state in states { add(state) } }

    mutating func add(_ next: AlertState) {
        state = next
        if next == .acknowledged { wasAcknowledged = true }
        if next == .appeal { wasAppealed = true }
        if next.isDecision { decision = next }
    }
}
