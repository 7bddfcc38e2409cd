package import TachoClient
package import TachoGeo

/// What commands ask about alerts.
package protocol AlertTarget {
    /// One page of alerts by `at_recv_ms`; `cursor` is that of the page before.
    func alerts(
        _ filter: AlertFilter, limit: Int, after cursor: String?
    ) throws(ToolFailure) -> AlertRows

    /// An alert with its history; nil: there is none of that id.
    func alert(_ id: String) throws(ToolFailure) -> AlertFileRow?

    /// Appends to an alert's history; returns when it is durable.
    func review(_ order: ReviewOrder) throws(ToolFailure) -> ReviewRow

    /// By number of the rule.
    func feedback() throws(ToolFailure) -> [FeedbackRow]

    /// The greatest risk first.
    func risk(_ order: RiskOrder) throws(ToolFailure) -> [RiskRow]

    /// Where alerts are delivered to, by whoever serves the directory.
    func deliveries() throws(ToolFailure) -> [DeliveryRow]

    /// Forgets where a target stood that is none any more.
    func forgetDelivery(to name: String) throws(ToolFailure)
}

extension AlertTarget {
    package func alerts(after cursor: String?) throws(ToolFailure) -> AlertRows {
        try alerts(AlertFilter(), limit: AlertRows.pageAlerts, after: cursor)
    }
}

package struct AlertRow: Equatable, Sendable {
    package var rider: String
    package var tsMs: Int64
    package var atRecvMs: Int64
    package var code: String
    package var severity: String
    package var verdict: String
    /// Hits of the same code within the alert's window, the first included.
    package var count: Int64
    /// A JSON object.
    package var evidence: String
    /// nil from a server of an older version, as `state`.
    package var id: String?
    package var state: String?
}

package struct AlertRows: Sendable {
    package var rows: [AlertRow]
    package var next: String?

    /// Alerts asked for at a time.
    package static let pageAlerts = 500
}

/// One entry of an alert's history.
package struct ReviewRow: Equatable, Sendable {
    package var step: Int64
    package var state: String
    package var atMs: Int64
    package var actor: String
    package var note: String
}

package struct AlertFileRow: Equatable, Sendable {
    package var alert: AlertRow
    package var history: [ReviewRow]
}

/// Something to be said about an alert.
package struct ReviewOrder: Sendable {
    package var id: String
    package var state: AlertState
    package var actor: String
    package var note: String

    package init(id: String, state: AlertState, actor: String, note: String = "") {
        self.id = id
        self.state = state
        self.actor = actor
        self.note = note
    }
}

/// What was said of one rule's alerts.
package struct FeedbackRow: Equatable, Sendable {
    package var code: String
    package var alerts: Int64
    package var acknowledged: Int64
    package var falsePositives: Int64
    package var confirmed: Int64
    package var appeals: Int64
    package var upheld: Int64
    package var rejected: Int64
    /// A JSON number; nil: nothing is decided.
    package var falsePositiveRate: String?
}

package struct RiskOrder: Sendable {
    /// Empty: all that have alerts.
    package var riders: [[UInt8]] = []
    /// Millionths.
    package var minE6: Int32?
    package var limit = Self.maxRiders
    package var atMs: Int64?

    package init() {}

    /// Riders of one answer.
    package static let maxRiders = 1_000
}

/// A rider's risk. Numbers that are no integers are JSON texts.
package struct RiskRow: Equatable, Sendable {
    package struct Share: Equatable, Sendable {
        package var code: String
        package var severity: String
        package var alerts: Int64
        package var risk: String
        package var lastAtRecvMs: Int64
    }

    package var rider: String
    package var risk: String
    package var caseSinceMs: Int64?
    package var alerts: Int64
    package var atMs: Int64
    package var shares: [Share]
}
