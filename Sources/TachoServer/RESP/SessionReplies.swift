import NIOCore
import TachoEngine
import TachoGeo
import TachoWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a client has said about itself, for CLIENT LIST.
struct ClientSession {
    var name: [UInt8] = []
    var address = "?"
    var localAddress = "?"
    let sinceMs: Int64

    init(sinceMs: Int64) { self.sinceMs = sinceMs }

    func line(id: UInt64, nowMs: Int64) -> String {
        let name = String(decoding: name, as: UTF8.self)
        return "id=\(id) addr=\(address) laddr=\(localAddress) fd=-1 name=\(name)"
            + " age=\((nowMs - sinceMs) / 1_000) idle=0 flags=N db=0 sub=0 psub=0 multi=-1"
            + " cmd=client user=default resp=2\n"
    }
}

extension ConnectionHandler {
    func run(_ command: SessionCommand) {
        switch command {
        case .hello(let name):
            if let name { session.name = name }
            hello()
        case .ok: output.simple("OK")
        case .whoAmI: output.bulk("default")
        case .ping(let text) where (subscriber?.count ?? 0) > 0:
            // As Redis answers who hears messages in RESP2.
            output.array(2)
            output.bulk("pong")
            output.bulk(text ?? [])
        case .ping(nil): output.simple("PONG")
        case .ping(let text?), .echo(let text): output.bulk(text)
        case .info: output.bulk(service.info())
        case .clientSetName(let name):
            session.name = name
            output.simple("OK")
        case .clientGetName: session.name.isEmpty ? output.null() : output.bulk(session.name)
        case .clientID: output.integer(Int64(id))
        case .clientInfo: output.bulk(session.line(id: id, nowMs: service.nowMs()))
        case .clientList: output.bulk(service.clientList())
        case .commandCount: output.integer(Int64(CommandName.allCases.count))
        case .commandInfo(let names): commandInfo(names)
        case .commandDocs, .emptyList: output.array(0)
        case .configGet(let patterns): configGet(patterns)
        case .slowlogLength: output.integer(0)
        case .time: time()
        case .size: output.integer(service.riderCount())
        case .reset:
            session.name = []
            unsubscribeFromAll()
            output.simple("RESET")
        case .quit:
            output.simple("OK")
            state.finish(.close)
        }
    }

    /// The map of HELLO, in RESP2 an array of names and values.
    private func hello() {
        output.array(14)
        output.bulk("server")
        output.bulk("tacho")
        output.bulk("version")
        output.bulk(Release.version)
        output.bulk("proto")
        output.integer(2)
        output.bulk("id")
        output.integer(Int64(id))
        output.bulk("mode")
        output.bulk("standalone")
        output.bulk("role")
        output.bulk("master")
        output.bulk("modules")
        output.array(0)
    }

    /// [name, arity, flags, first key, last key, step] as Redis gives it: an arity counts the
    /// name, and is negative where more may follow.
    private func commandInfo(_ names: [CommandName?]) {
        output.array(names.count)
        for name in names {
            guard let name else {
                output.nullArray()
                continue
            }
            let least = Int64(name.arity.lowerBound + 1)
            output.array(6)
            output.bulk(name.rawValue.lowercased())
            output.integer(name.arity.count == 1 ? least : -least)
            output.array(1)
            output.simple(name.isWrite ? "write" : "readonly")
            let key: Int64 = name.hasKey ? 1 : 0
            output.integer(key)
            output.integer(Int64(name.lastKey))
            output.integer(key)
        }
    }

    /// The few settings that tools ask for. `*` matches all of them.
    private func configGet(_ patterns: [String]) {
        let settings = [
            ("save", ""), ("appendonly", "yes"), ("appendfsync", "always"), ("databases", "1"),
            ("maxclients", String(service.limits.connections)),
            ("proto-max-bulk-len", String(WireLimits.maxBulkBytes)),
        ]
        let found = settings.filter { name, _ in
            patterns.contains { $0 == "*" || $0.lowercased() == name }
        }
        output.array(found.count * 2)
        for (name, value) in found {
            output.bulk(name)
            output.bulk(value)
        }
    }

    private func time() {
        let nowMs = service.nowMs()
        output.array(2)
        output.bulk(String(nowMs / 1_000))
        output.bulk(String(nowMs % 1_000 * 1_000))
    }
}

extension RespService {
    func clientList() -> String {
        let now = nowMs()
        return connections.sorted { $0.key < $1.key }
            .map { $0.value.session.line(id: $0.key, nowMs: now) }.joined()
    }

    func riderCount() -> Int64 {
        for (name, value) in engine.stats() {
            if name == "riders", case .integer(let count) = value { return count }
        }
        return 0
    }

    /// Sections and keys as in Redis where there is such a key; the engine's under `# Tacho`.
    /// `redis_version` tells tools which generation of commands to expect.
    func info() -> String {
        var lines = [
            "# Server", "redis_version:7.0.0", "redis_mode:standalone",
            "tacho_version:\(Release.version)", "process_id:\(getpid())", "tcp_port:\(port)",
            "uptime_in_seconds:\((nowMs() - startedMs) / 1_000)", "", "# Clients",
            "connected_clients:\(connections.count)", "maxclients:\(limits.connections)",
            "blocked_clients:\(blockedCount)", "", "# Stats",
            "total_connections_received:\(totalConnections)",
            "total_commands_processed:\(totalCommands)",
            "rejected_connections:\(rejectedConnections)", "", "# Tacho",
        ]
        for (name, value) in engine.stats() {
            switch value {
            case .integer(let value): lines.append("\(name):\(value)")
            case .real(let value): lines.append("\(name):\(ConnectionHandler.shortest(value))")
            }
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }
}
