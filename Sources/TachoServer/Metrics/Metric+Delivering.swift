import TachoNotify

/// Alerts on their way to people, by target.
extension Metric {
    static let delivering: [Metric] = [
        target("tacho_alert_lag_alerts", "Stored alerts that a target has not got.") {
            Int(clamping: $0.lagAlerts)
        },
        .reals(
            "tacho_alert_lag_seconds", by: "target", "How long the oldest of them has waited."
        ) { sources in
            sources.targets.map { ($0.name, Double($0.lagMs) / 1_000) }
        },
        target("tacho_alert_open_episodes", "Episodes of alerts that a target takes for open.") {
            $0.openEpisodes
        },
        target(
            "tacho_alert_deliveries_total", .counter,
            "Alerts that a target has taken, those that were repeated included."
        ) { Int(clamping: $0.alertsDelivered) },
        target(
            "tacho_alert_resolved_total", .counter, "Episodes whose end a target has taken."
        ) { Int(clamping: $0.episodesResolved) },
        target("tacho_alert_requests_total", .counter, "Requests that were sent to a target.") {
            Int(clamping: $0.requests)
        },
        target(
            "tacho_alert_failures_total", .counter,
            "Of them, those that failed; what they carried was sent again."
        ) { Int(clamping: $0.failures) },
        target(
            "tacho_alert_failures_in_a_row", "Failures since the last request that did not fail."
        ) { Int(clamping: $0.failuresInARow) },
    ]

    private static func target(
        _ name: String, _ help: String,
        _ read: @escaping @Sendable (TargetStatistics) -> Int
    ) -> Metric { target(name, .gauge, help, read) }

    private static func target(
        _ name: String, _ kind: Kind, _ help: String,
        _ read: @escaping @Sendable (TargetStatistics) -> Int
    ) -> Metric {
        labelled(name, kind, by: "target", help) { sources in
            sources.targets.map { ($0.name, read($0)) }
        }
    }
}
