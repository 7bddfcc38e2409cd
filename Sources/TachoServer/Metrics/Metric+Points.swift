import TachoEngine
import TachoGeo

/// What comes in, how it is judged, and how long it takes until it is on the device and can be seen.
extension Metric {
    static let points: [Metric] = [
        .gauge("tacho_ready", "1 while writes are taken, as /readyz says.") {
            $0.operations.obstacles.isEmpty ? 1 : 0
        },
        .stat("tacho_points_total", .counter, of: "points", "Points stored in the directory."),
        .stat("tacho_riders", of: "riders", "Riders that were ever heard of."),
        .labelled(
            "tacho_verdicts_total", .counter, by: "code",
            "Points by the codes of their verdict when they were judged, since the start; one with"
                + " two codes counts for both, one without for code \"ok\"."
        ) { verdicts($0.operations.verdicts) },
        .labelled(
            "tacho_judged_points_total", .counter, by: "effect",
            "Points by the effect of their verdict when they were judged, since the start."
        ) { sources in
            Effect.allCases.map {
                ($0.name, Int(sources.operations.verdicts.byEffect[Int($0.rawValue)]))
            }
        },
        .counter("tacho_amendments_total", "Verdicts that were changed later.") {
            Int($0.operations.amendments)
        },
        .counter("tacho_alerts_total", "Alerts that were opened.") { $0.operations.alerts },
        .latency(
            "tacho_durable_seconds",
            "From a point's receipt until it is on the device; each point counts as one."
        ) { $0.operations.commits.durable },
        .latency(
            "tacho_published_seconds",
            "From a point's receipt until latest shows it and subscribers are told."
        ) { $0.operations.commits.published },
        .latency("tacho_commit_seconds", "Writing and syncing a commit group.") {
            $0.operations.commits.commit
        },
        .stat(
            "tacho_pending_points", of: "pending_points",
            "Points that were taken and are not on the device yet."),
        .labelled(
            "tacho_refused_points_total", .counter, by: "reason",
            "Points of writes that were answered \"try again\" or refused, since the start."
        ) { sources in
            WriteRefusal.allCases.map { ($0.rawValue, sources.operations.refusals[$0]) }
        },
        .stat(
            "tacho_across_waiting_groups", of: "across_waiting",
            "Commit groups that wait to be compared with other riders' tracks."),
        .stat(
            "tacho_across_compared_total", .counter, of: "across_compared",
            "Pairs of tracks that were compared."),
        .stat(
            "tacho_across_dropped_total", .counter, of: "across_dropped",
            "Pairs of tracks that were not compared because too many waited."),
        .stat(
            "tacho_across_thinning", of: "across_thinning",
            "One in so many landmarks is compared; 1: all."),
        .stat("tacho_fences", of: "fences", "Geofences in force."),
        .stat(
            "tacho_fence_events_total", .counter, of: "fence_events", "Entries told of geofences."),
        .stat(
            "tacho_fences_waiting_groups", of: "fences_waiting",
            "Commit groups that wait to be looked at for geofences."),
    ]

    /// All codes that can be given, also those that were not.
    private static func verdicts(_ figures: VerdictFigures) -> [(String, Int)] {
        [("ok", Int(figures.ok))]
            + Code.allCases.map { ($0.name, Int(figures.byCode[Int($0.rawValue)])) }
    }
}
