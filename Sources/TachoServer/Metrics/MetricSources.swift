import NIOCore
import Synchronization
import TachoEngine
import TachoGeo
import TachoNotify

/// Everything that one page of figures is made of, read once, so that its lines fit each other.
struct MetricSources: Sendable {
    struct Lag: Sendable {
        var stream: String
        var group: String
        var entries: Int
        var pending: Int
    }

    var operations: OperationsFigures
    var resp: RespFigures
    var process = ProcessFigures.now
    var lags: [Lag]
    /// Where alerts are delivered to, those of this start.
    var targets: [TargetStatistics]
    var startedMs: Int64
    var reloads: (count: Int, hasFailed: Bool)
    var http: [(key: HTTPCounts.Key, count: Int)]
    var httpConnections: Int
    var tls: (validUntilSeconds: Int, done: Int, failed: Int)?
    private var stats: [String: StatValue]

    /// A figure of `tacho stats --json`.
    func stat(_ key: String) -> Metric.Value? {
        switch stats[key] {
        case .integer(let value): .integer(value)
        case .real(let value): .real(value)
        case nil: nil
        }
    }

    func integer(_ key: String) -> Int? {
        guard case .integer(let value) = stats[key] else { return nil }
        return Int(value)
    }

    /// Without the prefix, in order.
    func names(withPrefix prefix: String) -> [String] {
        stats.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
            .sorted()
    }

    /// nil: nothing is served yet, or not any more.
    static func now(_ state: ServerState) async -> MetricSources? {
        guard let engine = state.engine, let resp = state.resp, let figures = await resp.figures
        else { return nil }
        let stats = Dictionary(engine.stats().map { ($0.name, $0.value) }) { first, _ in first }
        let handshakes = resp.tls?.handshakes
        var operations = engine.operations()
        state.keepCounting(&operations)
        return MetricSources(
            operations: operations, resp: figures, lags: await lags(engine),
            targets: state.notifier?.statistics().targets.filter(\.isConfigured) ?? [],
            startedMs: state.startedMs, reloads: state.reloads, http: state.requests.all,
            httpConnections: state.connections.count,
            tls: resp.tls.map { ($0.validUntilSeconds, handshakes!.done, handshakes!.failed) },
            stats: stats)
    }

    // MARK: Consumer groups

    /// Of a stream there may be thousands, and each is a time series.
    static let maxGroups = 100
    /// Their thread may wait for a sync that does not come back: then they are left out.
    private static let lagSeconds = 0.5

    /// Of the streams that are about all riders; those of fences are too many.
    private static func lags(_ engine: Engine) async -> [Lag] {
        var lags: [Lag] = []
        for name in ["alerts", "orders", "verdicts"] {
            let key = Array(name.utf8).withUnsafeBytes { StreamKey($0) }
            for group in await groups(engine, key).prefix(maxGroups) {
                guard let lag = group.lag else { continue }
                lags.append(
                    Lag(
                        stream: name, group: String(decoding: group.name, as: UTF8.self),
                        entries: Int(lag), pending: group.pending))
            }
        }
        return lags
    }

    private static func groups(_ engine: Engine, _ key: StreamKey) async -> [GroupShown] {
        let once = OneAnswer()
        await withCheckedContinuation { continuation in
            once.expect(continuation)
            Task {
                try? await Task.sleep(for: .seconds(lagSeconds))
                once.give([])
            }
            engine.ask(
                .groups(key), limits: GroupReplyLimits(entries: maxGroups, bytes: 1 << 20)
            ) { reply in
                guard case .groups(let groups) = reply else { return once.give([]) }
                once.give(groups)
            }
        }
        return once.groups
    }
}

/// Keeps the first answer and resumes whoever waits for it; later ones are nobody's. It goes through
/// the lock, not the continuation: what a continuation hands over the thread sanitiser cannot see.
private final class OneAnswer: Sendable {
    private struct State {
        var waiting: CheckedContinuation<Void, Never>?
        var groups: [GroupShown] = []
    }

    private let state = Mutex(State())

    var groups: [GroupShown] { state.withLock { $0.groups } }

    func expect(_ continuation: CheckedContinuation<Void, Never>) {
        state.withLock { $0.waiting = continuation }
    }

    func give(_ groups: [GroupShown]) {
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            if state.waiting != nil { state.groups = groups }
            return state.waiting
        }
        waiting?.resume()
    }
}
