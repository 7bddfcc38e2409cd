/// How deliveries of alerts stand: what `tacho alerts targets` shows, and metrics.
package struct NotifyStatistics: Hashable, Sendable {
    package var targets: [TargetStatistics] = []

    package init() {}

    /// Alerts that the target which is furthest behind has not got.
    package var mostLag: UInt64 { targets.filter(\.isConfigured).map(\.lagAlerts).max() ?? 0 }
}

/// One target.
package struct TargetStatistics: Hashable, Sendable {
    package var name: String
    /// alertmanager or webhook; empty of one that is not configured any more.
    package var kind = ""
    /// Without user, password, query, and of a webhook without its path.
    package var address = ""
    /// False: it was a target of an earlier start. Its mark stays until it is forgotten.
    package var isConfigured = true
    /// The newest alert that was delivered, as its id; nil: none was.
    package var delivered: String?
    /// Alerts of the stream up to that one.
    package var position: UInt64 = 0
    /// Alerts that are stored and not delivered.
    package var lagAlerts: UInt64 = 0
    /// How long the oldest of them has waited; 0: there is none.
    package var lagMs: Int64 = 0
    package var openEpisodes = 0

    // Since the start of the program.
    /// Alerts delivered, those that were repeated included.
    package var alertsDelivered: UInt64 = 0
    package var episodesResolved: UInt64 = 0
    /// Of them those that made room for others.
    package var resolvedEarly = 0
    package var requests: UInt64 = 0
    package var failures: UInt64 = 0
    /// Requests that failed since the last that did not; what they carry is sent again.
    package var failuresInARow = 0
    package var lastError: String?
    /// Unix ms; 0: never.
    package var lastErrorAtMs: Int64 = 0
    package var lastDeliveryAtMs: Int64 = 0

    package init(name: String) { self.name = name }
}
