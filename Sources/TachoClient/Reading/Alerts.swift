import Synchronization
import TachoWire

/// Something that a rule found: one entry of the stream `alerts`.
public struct RiderAlert: Hashable, Sendable, Identifiable {
    public enum Severity: String, Sendable {
        case info, warn, crit
    }

    /// Never changes, also over a kill of the server: make what you do for an alert harmless to repeat
    /// by it.
    public let id: String
    public let rider: String
    /// Of the fix that it is about.
    public let tsMs: Int64
    /// When that was received.
    public let atRecvMs: Int64
    public let code: String
    public let severity: Severity
    public let verdict: PositionVerdict
    /// Figures of the rule, a JSON object.
    public let evidenceJSON: String
}

/// Alerts for one consumer of a consumer group: each entry goes to one consumer of the group, and is
/// kept for it until it is acknowledged.
///
///     let alerts = client.alerts(group: "tickets", consumer: "worker-1")
///     for try await alert in alerts {
///         openTicket(alert.id, alert)
///         try await alerts.acknowledge(alert)
///     }
///
/// First comes what this consumer was given before and did not acknowledge, then what is new. After a
/// lost connection it is the same: what is not acknowledged is read again, and of that what this
/// iteration has handed out already is left out, for somebody is at it. A new iteration begins with all
/// that is not acknowledged. The group is made if there is none, and begins at `start`.
///
/// The mistake to avoid: never acknowledging. A million entries may be pending, of all groups
/// together, then nobody gets any.
public struct Alerts: AsyncSequence, Sendable {
    public typealias Element = RiderAlert
    public typealias Failure = TachoReadError

    /// Where a group begins that is not there yet.
    public enum Start: Sendable {
        case everything
        /// Only what comes from now on.
        case now
    }

    let questions: Questions
    let group: String
    let consumer: String
    let start: Start
    /// What the present iteration has handed out and is not acknowledged.
    private let open = OpenAlerts()

    init(questions: Questions, group: String, consumer: String, start: Start) {
        self.questions = questions
        self.group = group
        self.consumer = consumer
        self.start = start
    }

    /// The work for it is done: it never comes again. True unless it was acknowledged before, or taken
    /// over by another consumer. On the server's device when this returns.
    @discardableResult
    public func acknowledge(_ alert: RiderAlert) async throws(TachoReadError) -> Bool {
        try await acknowledge([alert]) == 1
    }

    /// The same of many, in one go: much cheaper than one by one. How many were pending.
    @discardableResult
    public func acknowledge(_ alerts: [RiderAlert]) async throws(TachoReadError) -> Int {
        var count = 0
        var rest = alerts[...]
        while !rest.isEmpty {
            let some = rest.prefix(1_000).map(\.id)
            rest = rest.dropFirst(some.count)
            let group = group
            let reply = try await questions.ask { $0.command(["XACK", "alerts", group] + some) }
            guard let pending = reply.integer else {
                throw .notUnderstood("XACK: a number expected")
            }
            open.remove(some)
            count += Int(pending)
        }
        return count
    }

    /// One iteration at a time: it is one consumer.
    public func makeAsyncIterator() -> Iterator {
        open.removeAll()
        return Iterator(alerts: self)
    }

    public struct Iterator: AsyncIteratorProtocol {
        public typealias Element = RiderAlert
        public typealias Failure = TachoReadError

        private static let entriesPerRequest = 256
        private static let blockMs = 2_000

        let alerts: Alerts
        private let connection: StreamConnection
        private var page: ArraySlice<RiderAlert> = []
        /// Where the next read begins: an id behind which are entries of this consumer, or `>`.
        private var place = "0"
        /// Behind this one a group is made again that is gone.
        private var newest: String?
        private var generation = 0

        init(alerts: Alerts) {
            self.alerts = alerts
            connection = StreamConnection(alerts.questions)
        }

        public mutating func next() async throws(TachoReadError) -> RiderAlert? {
            while true {
                if let alert = page.popFirst() {
                    if alerts.open.add(alert) { return alert }
                    continue
                }
                if Task.isCancelled || alerts.questions.isClosed { return nil }
                do throws(TachoReadError) {
                    try await read()
                } catch {
                    // The end of the client, or of the task, is the end of the sequence.
                    if Task.isCancelled || alerts.questions.isClosed { return nil }
                    throw error
                }
            }
        }

        private mutating func read() async throws(TachoReadError) {
            let connected = try await connection.prepare()
            if connected != generation {
                place = "0"
                guard try await makeGroup() else { return }
                generation = connected
            }
            var words = [
                "XREADGROUP", "GROUP", alerts.group, alerts.consumer, "COUNT",
                String(Self.entriesPerRequest),
            ]
            if place == ">" { words += ["BLOCK", String(Self.blockMs)] }
            words += ["STREAMS", "alerts", place]
            let reply: Reply
            do throws(ClientError) {
                reply = try await connection.ask(words, extraMs: Self.blockMs)
            } catch .refused(let message) where message.hasPrefix("NOGROUP") {
                // A database that was made again has no groups.
                _ = try await makeGroup()
                return
            } catch {
                return try await connection.failed(error)
            }
            guard let entries = ReplyValues.alerts(reply) else {
                throw .notUnderstood("XREADGROUP: entries expected")
            }
            take(entries)
        }

        private mutating func take(_ entries: [(id: String, alert: RiderAlert?)]) {
            if place == ">" {
                newest = entries.last?.id ?? newest
            } else {
                place = entries.last?.id ?? ">"
            }
            page = entries.compactMap(\.alert)[...]
        }

        /// False: not now, and the connection may be gone.
        private func makeGroup() async throws(TachoReadError) -> Bool {
            let place = newest ?? (alerts.start == .everything ? "0" : "$")
            do throws(ClientError) {
                _ = try await connection.ask(
                    ["XGROUP", "CREATE", "alerts", alerts.group, place], extraMs: 0)
            } catch .refused(let message) where message.hasPrefix("BUSYGROUP") {
                // It is there.
            } catch {
                try await connection.failed(error)
                return false
            }
            return true
        }
    }
}

/// Ids that were handed out and not acknowledged.
private final class OpenAlerts: Sendable {
    private let ids = Mutex<Set<String>>([])

    /// False: it was handed out before.
    func add(_ alert: RiderAlert) -> Bool { ids.withLock { $0.insert(alert.id).inserted } }

    func removeAll() { ids.withLock { $0.removeAll() } }

    func remove(_ done: [String]) { ids.withLock { $0.subtract(done) } }
}
