import NIOCore
import Synchronization
package import TachoEngine
package import TachoNotify

/// What the whole program knows of itself, for whoever asks from outside: HTTP, the supervisor.
package final class ServerState: Sendable {
    package enum Phase: Sendable, Equatable {
        case starting, serving, stopping
    }

    private struct Values {
        var phase = Phase.starting
        var engine: Engine?
        var resp: RespServer?
        var notifier: Notifier?
        var settings = 0
        var settingsFailed = false
    }

    private let values = Mutex(Values())
    private let shownBytes = Mutex(ShownDatabaseBytes())
    /// Unix ms.
    let startedMs: Int64
    /// Requests of HTTP by route and status.
    let requests = HTTPCounts()
    /// Connections of HTTP that are there.
    let connections = HTTPConnections()

    package init(startedMs: Int64) { self.startedMs = startedMs }

    package func serve(_ engine: Engine, _ resp: RespServer, _ notifier: Notifier? = nil) {
        values.withLock {
            $0.engine = engine
            $0.resp = resp
            $0.notifier = notifier
            $0.phase = .serving
        }
    }

    package func stop() { values.withLock { $0.phase = .stopping } }

    /// The settings were read again, or could not be.
    package func reloaded(hasFailed: Bool) {
        values.withLock {
            $0.settings += 1
            $0.settingsFailed = hasFailed
        }
    }

    package var phase: Phase { values.withLock { $0.phase } }
    var engine: Engine? { values.withLock { $0.engine } }
    var resp: RespServer? { values.withLock { $0.resp } }
    var notifier: Notifier? { values.withLock { $0.notifier } }
    /// How often settings were read again, and whether the last time failed.
    var reloads: (count: Int, hasFailed: Bool) {
        values.withLock { ($0.settings, $0.settingsFailed) }
    }

    /// What counters may show of the database: never less than before.
    func keepCounting(_ figures: inout OperationsFigures) {
        guard var database = figures.database else { return }
        shownBytes.withLock { $0.keep(&database) }
        figures.database = database
    }

    /// Why the process should be replaced; none: it is alive.
    var failures: [String] { engine?.failure.map { [$0] } ?? [] }

    /// Why writes are not taken now; none: they are.
    var obstacles: [String] {
        switch phase {
        case .starting: ["starting: the data directory is being opened"]
        case .stopping: ["stopping"]
        case .serving: engine?.obstacles ?? []
        }
    }
}

/// How often HTTP answered, by route and status. Bounded: routes are those of the table, and "other".
final class HTTPCounts: Sendable {
    struct Key: Hashable {
        var route: String
        var status: Int
    }

    private let counts = Mutex<[Key: Int]>([:])

    func note(route: String, status: Int) {
        counts.withLock { $0[Key(route: route, status: status), default: 0] += 1 }
    }

    var all: [(key: Key, count: Int)] {
        counts.withLock { $0.map { ($0.key, $0.value) } }
            .sorted { ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status) }
    }
}

/// The connections of HTTP, so that a stop can end those that do not end by themselves.
final class HTTPConnections: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        channels.withLock { $0[id] = channel }
        channel.closeFuture.whenComplete { _ in self.channels.withLock { $0[id] = nil } }
    }

    var count: Int { channels.withLock { $0.count } }

    func closeAll() {
        for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }
}
