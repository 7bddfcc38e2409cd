import TachoEngine
import TachoWire

/// Clients, and the process itself.
extension Metric {
    static let serving: [Metric] = [
        .gauge("tacho_connections", "Connections of RESP clients.") { $0.resp.connections },
        .gauge("tacho_connections_limit", "Beyond so many a client is refused.") {
            $0.resp.connectionsLimit
        },
        .counter("tacho_connections_accepted_total", "RESP connections that came.") {
            $0.resp.accepted
        },
        .counter("tacho_connections_rejected_total", "Of them, those that were too many.") {
            $0.resp.rejected
        },
        .gauge("tacho_blocked_connections", "Connections that wait for entries of streams.") {
            $0.resp.blocked
        },
        .counter("tacho_commands_total", "Requests of RESP that were answered.") {
            $0.resp.commands
        },
        .counter("tacho_slow_commands_total", "Requests that were noted for SLOWLOG.") {
            $0.resp.slowCommands
        },
        .gauge("tacho_held_input_bytes", "Unfinished requests of all connections.") {
            $0.resp.heldInputBytes
        },
        .gauge(
            "tacho_held_output_bytes", "Replies that clients above the mark have not taken."
        ) { $0.resp.heldOutputBytes },
        .gauge("tacho_subscribers", "Connections that hear of riders' moves.") {
            $0.resp.subscribers
        },
        .gauge("tacho_subscriptions", "Channels and patterns they named.") {
            $0.resp.subscriptions
        },
        .stat("tacho_consumer_groups", of: "groups", "Consumer groups of all streams."),
        .stat(
            "tacho_consumer_pending_entries", of: "groups_pending",
            "Entries that were delivered and not acknowledged."),
        .samples(
            "tacho_consumer_lag_entries",
            "Entries a consumer group has not been given yet, of the streams alerts, orders and"
                + " verdicts; the first 100 groups of each."
        ) { sources in
            sources.lags.map {
                ([("stream", $0.stream), ("group", $0.group)], $0.entries)
            }
        },
        .labelled(
            "tacho_stream_entries_total", .counter, by: "stream",
            "Entries of the streams that are about all riders."
        ) {
            [
                ("alerts", $0.operations.alerts), ("orders", Int($0.operations.orders)),
                ("verdicts", Int($0.operations.verdictEntries)),
            ]
        },
        .counter("tacho_failed_logins_total", "Answers to wrong passwords.") {
            $0.resp.failedLogins
        },
    ]

    static let surroundings: [Metric] = [
        .counter("tacho_tls_handshakes_total", "TLS handshakes that came to their end.") {
            $0.tls?.done
        },
        .counter("tacho_tls_failed_handshakes_total", "TLS handshakes that did not.") {
            $0.tls?.failed
        },
        .gauge(
            "tacho_tls_certificate_expiry_timestamp_seconds",
            "When the certificate in use ends, Unix time."
        ) { $0.tls?.validUntilSeconds },
        .gauge("tacho_http_connections", "Connections of HTTP clients.") { $0.httpConnections },
        .samples(
            "tacho_http_requests_total", .counter, "Requests of HTTP by route and status."
        ) { sources in
            sources.http.map {
                ([("route", $0.key.route), ("status", "\($0.key.status)")], $0.count)
            }
        },
        .counter("tacho_reloads_total", "How often settings were read again (SIGHUP).") {
            $0.reloads.count
        },
        .gauge("tacho_reload_failed", "1 if the last time something could not be taken.") {
            $0.reloads.hasFailed ? 1 : 0
        },
        .samples("tacho_build_info", "1, with the version that runs.") { _ in
            [([("version", Release.version)], 1)]
        },
        .real("process_start_time_seconds", "When the server was started, Unix time.") {
            Double($0.startedMs) / 1_000
        },
        .real("process_cpu_seconds_total", .counter, "Processor time that was used.") {
            $0.process.cpuSeconds
        },
        .gauge("process_resident_memory_bytes", "Memory of the process.") {
            $0.process.residentBytes
        },
        .gauge("process_virtual_memory_bytes", "Address space of the process.") {
            $0.process.virtualBytes
        },
        .gauge("process_open_fds", "Open files and sockets.") { $0.process.openFiles },
        .gauge("process_max_fds", "How many may be open.") { $0.process.maxFiles },
        .gauge("process_threads", "Threads of the process.") { $0.process.threads },
    ]

    /// Everything that /metrics prints, in its order.
    static let all: [Metric] =
        points + storage + database + sealing + serving + delivering + surroundings
}
