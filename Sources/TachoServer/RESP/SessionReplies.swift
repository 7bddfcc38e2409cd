import Logging
import NIOCore
import TachoEngine
import TachoGeo
import TachoWire

extension ConnectionHandler {
    func run(_ command: SessionCommand, _ arguments: Arguments) {
        switch command {
        case .hello(let request):
            if let auth = request.auth { return login(auth, arguments, .hello(request)) }
            guard access.isLoggedIn else { return output.error(Self.helloFirst) }
            hello(request)
        case .auth(let auth): login(auth, arguments, .auth)
        case .ok: output.simple("OK")
        case .acl(let command): run(command)
        case .ping(let text) where output.version == .two && (subscriber?.count ?? 0) > 0:
            // As Redis answers who hears messages in RESP2.
            output.array(2)
            output.bulk("pong")
            output.bulk(text ?? [])
        case .ping(nil): output.simple("PONG")
        case .ping(let text?), .echo(let text): output.bulk(text)
        case .info(let sections): output.verbatim(service.info(sections))
        case .client(let command): run(command)
        case .command(let query): run(query)
        case .configGet(let patterns): configGet(patterns)
        case .slowlogGet(let count): output.slow(service.slowlog.newest(count))
        case .slowlogLength: output.integer(Int64(service.slowlog.count))
        case .slowlogReset:
            service.slowlog.removeAll()
            output.simple("OK")
        case .time: time()
        case .size: output.integer(service.riderCount())
        case .reset:
            output.version = .two
            session.name = []
            unsubscribeFromAll()
            output.simple("RESET")
            // A stranger stays one: another deadline with each RESET would be none.
            if access.isLoggedIn { logOut() }
        case .quit:
            output.simple("OK")
            state.finish(.close)
        case .shutdown: shutdown()
        }
    }

    /// As Redis words it.
    private static let helloFirst =
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO"
        + " <proto> AUTH <user> <pass> option can be used to authenticate the client and select the"
        + " RESP protocol version at the same time"

    /// A map, already in the version that was asked for.
    func hello(_ request: HelloRequest) {
        if let version = request.version { output.version = version }
        if let name = request.clientName { session.name = name }
        output.map(7)
        output.bulk("server")
        output.bulk("tacho")
        output.bulk("version")
        output.bulk(Release.version)
        output.bulk("proto")
        output.integer(Int64(output.version.rawValue))
        output.bulk("id")
        output.integer(Int64(id))
        output.bulk("mode")
        output.bulk("standalone")
        output.bulk("role")
        output.bulk("master")
        output.bulk("modules")
        output.array(0)
    }

    /// The few settings that tools ask for.
    private func configGet(_ patterns: [GlobPattern]) {
        let settings = [
            ("save", ""), ("appendonly", "yes"), ("appendfsync", "always"), ("databases", "1"),
            ("maxclients", String(service.limits.connections)),
            ("proto-max-bulk-len", String(WireLimits.maxBulkBytes)),
            ("slowlog-log-slower-than", String(service.slowMicroseconds)),
            ("slowlog-max-len", String(service.limits.slowEntries)),
        ]
        let found = settings.filter { name, _ in patterns.contains { $0.matches(name.utf8) } }
        output.map(found.count)
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

    /// As Redis, without a reply: the end of the connection is the answer.
    private func shutdown() {
        guard let address = context?.remoteAddress, ListenAddress.isLoopback(address) else {
            return output.error(
                "ERR SHUTDOWN is accepted from this machine only, send SIGTERM to tachod")
        }
        guard let requestStop = service.requestStop else {
            return output.error("ERR this server is stopped by the program it runs in")
        }
        service.logger.notice("connection \(id) from \(session.address) stops the server")
        state.finish(.close)
        requestStop()
    }
}

extension RespService {
    func riderCount() -> Int64 {
        for (name, value) in engine.stats() {
            if name == "riders", case .integer(let count) = value { return count }
        }
        return 0
    }
}
