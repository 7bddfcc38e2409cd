import TachoEngine
import TachoWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// INFO. Sections and keys as in Redis where there is such a key; the engine's under `# Tacho`.
extension RespService {
    /// The sections named, in the order they always have; all if none is, or one of the words that
    /// stand for all. A name that is none has nothing.
    func info(_ wanted: [String]) -> String {
        let sections = ["server", "clients", "stats", "latency", "tacho"]
        let forAll = ["all", "default", "everything"]
        let isAll = wanted.isEmpty || wanted.contains(where: forAll.contains)
        return sections.filter { isAll || wanted.contains($0) }
            .map { name in
                let title = "# " + name.prefix(1).uppercased() + name.dropFirst()
                return ([title] + lines(of: name)).joined(separator: "\r\n") + "\r\n"
            }
            .joined(separator: "\r\n")
    }

    /// `redis_version` tells tools which generation of commands to expect.
    private func lines(of section: String) -> [String] {
        switch section {
        case "server":
            [
                "redis_version:7.0.0", "redis_mode:standalone", "tacho_version:\(Release.version)",
                "process_id:\(getpid())", "tcp_port:\(port)",
                "uptime_in_seconds:\((nowMs() - startedMs) / 1_000)",
                "tls:\(tls == nil ? "off" : "on")",
                "tls_valid_until_seconds:\(tls?.validUntilSeconds ?? 0)",
            ]
        case "clients":
            [
                "connected_clients:\(connections.count)", "maxclients:\(limits.connections)",
                "blocked_clients:\(blockedCount)",
            ]
        case "stats":
            [
                "total_connections_received:\(totalConnections)",
                "total_commands_processed:\(totalCommands)",
                "rejected_connections:\(rejectedConnections)",
            ]
        case "latency": latencies
        default:
            engine.stats().map { name, value in
                switch value {
                case .integer(let value): "\(name):\(value)"
                case .real(let value): "\(name):\(ConnectionHandler.shortest(value))"
                }
            }
        }
    }

    /// How long writers waited since the start, µs; as Redis writes percentiles.
    private var latencies: [String] {
        let figures = engine.commitFigures
        return [
            ("durable", figures.durable), ("published", figures.published),
            ("commit", figures.commit),
        ].map { name, waits in
            "latency_percentiles_usec_\(name):p50=\(waits.p50Microseconds)"
                + ",p99=\(waits.p99Microseconds),p99.9=\(waits.p999Microseconds)"
                + ",max=\(waits.maxMicroseconds),count=\(waits.count)"
        }
    }
}
