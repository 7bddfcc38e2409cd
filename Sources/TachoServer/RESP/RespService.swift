import CTacho
import Logging
import NIOCore
import TachoAccess
import TachoEngine
import TachoGeo
import TachoNotify
import TachoWire

/// What all connections of the event loop share. Lives on the loop and is touched nowhere else.
final class RespService {
    let engine: Engine
    let mailbox: LoopMailbox
    let loop: any EventLoop
    let limits: ServerLimits
    let nowMs: @Sendable () -> Int64
    let logger: Logger
    /// nil: everything is plain.
    let tls: TLSCredentials?
    let startedMs: Int64
    /// Stops the program, for SHUTDOWN; nil where the server is only a part of one.
    let requestStop: (@Sendable () -> Void)?
    /// Who delivers alerts; nil where the server is only a part of a program.
    let notifier: Notifier?
    /// The port clients see in INFO.
    var port = 0

    private(set) var connections: [UInt64: ConnectionHandler] = [:]
    private var lastID: UInt64 = 0
    /// Connections inside XREAD BLOCK, and what they wait for.
    private var blocked: [UInt64: [StreamName]] = [:]
    private var waiting: [StreamName: Set<UInt64>] = [:]
    private var isStopping = false
    private var whenEmpty: (() -> Void)?

    /// Who may do what.
    let gate: Gatekeeper

    /// What T.PUT answered lately.
    var sessions: PutSessions

    /// Who hears where which riders are.
    let positions: PositionHub
    /// What took long.
    var slowlog: Slowlog
    /// From how many µs on; below 0: nothing does.
    var slowMicroseconds: Int64

    /// Of the fixes that T.GET and T.MGET show.
    let shownCells = ShownCells()

    /// Bytes of unfinished requests of all connections.
    var heldInputBytes = 0
    /// Bytes of replies that wait on connections whose clients are slow to take them.
    var heldOutputBytes = 0
    /// What connections write their replies into, one after another.
    var spareOutput: [UInt8] = []
    /// Bytes that became free since memory was given back to the system, roughly.
    private var freedBytes = 0
    private var isReturningMemory = false
    /// Connections whose replies leave at the end of this turn of the loop, and the array they take
    /// turns with.
    private var unflushed: [ConnectionHandler] = []
    private var flushing: [ConnectionHandler] = []
    private(set) var totalConnections = 0
    private(set) var rejectedConnections = 0
    var totalCommands = 0

    init(
        engine: Engine, mailbox: LoopMailbox, loop: any EventLoop, limits: ServerLimits,
        nowMs: @escaping @Sendable () -> Int64, logger: Logger, tls: TLSCredentials? = nil,
        accounts: AccountList? = nil, records: AccessLog? = nil,
        requestStop: (@Sendable () -> Void)? = nil, notifier: Notifier? = nil
    ) {
        self.engine = engine
        self.mailbox = mailbox
        self.loop = loop
        self.limits = limits
        self.nowMs = nowMs
        self.logger = logger
        self.tls = tls
        positions = PositionHub(engine) { mailbox.post(.moves) }
        self.requestStop = requestStop
        self.notifier = notifier
        gate = Gatekeeper(accounts, records: records, mailbox: mailbox)
        slowlog = Slowlog(limit: limits.slowEntries)
        slowMicroseconds = limits.slowMicroseconds
        sessions = PutSessions(maxSessions: limits.putSessions, maxBytes: limits.putSessionBytes)
        startedMs = nowMs()
        // Fences tell from the first call on: the first reader of all is to hear of the first entry.
        _ = engine.takeFenceNews()
    }

    /// XREADGROUPs with BLOCK that are not answered.
    var groupReads = 0

    var blockedCount: Int { blocked.count + groupReads }

    enum Admission {
        case number(UInt64)
        case refused(String)
    }

    func admit(_ connection: ConnectionHandler) -> Admission {
        totalConnections += 1
        guard connections.count < limits.connections, !isStopping else {
            rejectedConnections += 1
            return .refused(
                isStopping ? "ERR the server stops" : "ERR max number of clients reached")
        }
        lastID += 1
        connections[lastID] = connection
        return .number(lastID)
    }

    func leave(_ id: UInt64) {
        connections[id] = nil
        unblock(id)
        positions.leave(id)
        freed(Self.connectionBytes)
        if connections.isEmpty, let whenEmpty {
            self.whenEmpty = nil
            whenEmpty()
        }
    }

    /// Clients that do not take their replies fill the memory of all: those with the most are closed
    /// until there is room for an eighth more.
    func closeLargest() {
        for connection in connections.values where connection.countedOutput > 0 {
            connection.countOutput()
        }
        guard heldOutputBytes > limits.allOutputBytes else { return }
        var left = heldOutputBytes
        for connection in connections.values.sorted(by: { $0.countedOutput > $1.countedOutput }) {
            guard left > limits.allOutputBytes / 8 * 7 else { return }
            left -= connection.countedOutput
            connection.closeUntaken()
        }
    }

    /// What a turn of the loop queues runs when all its connections have been read.
    func flushLater(_ connection: ConnectionHandler) {
        unflushed.append(connection)
        guard unflushed.count == 1 else { return }
        loop.assumeIsolated().execute { self.flushAll() }
    }

    private func flushAll() {
        swap(&unflushed, &flushing)
        for connection in flushing { connection.flushDue() }
        flushing.removeAll(keepingCapacity: true)
    }

    /// Memory of connections became free. The allocator keeps it, so after a storm the process would
    /// stay as large as it was in it; giving it back costs some ms on another thread, and waits for
    /// the rest of the storm.
    func freed(_ bytes: Int) {
        freedBytes += bytes
        guard freedBytes >= Self.worthReturning, !isReturningMemory else { return }
        isReturningMemory = true
        loop.assumeIsolated().scheduleTask(in: .seconds(Int64(limits.keptMemorySeconds))) {
            [weak self] in
            guard let self else { return }
            isReturningMemory = false
            freedBytes = 0
            if spareOutput.capacity > Self.connectionBytes { spareOutput = [] }
            _ = tacho_return_memory()
        }
    }

    /// Of one that idles, measured: 6.7 KB.
    private static let connectionBytes = 7_000
    private static let worthReturning = 1 << 21

    /// On streams that can have entries.
    func block(_ id: UInt64, on streams: [StreamName]) {
        guard !streams.isEmpty else { return }
        blocked[id] = streams
        for stream in streams { waiting[stream, default: []].insert(id) }
    }

    func unblock(_ id: UInt64) {
        for stream in blocked.removeValue(forKey: id) ?? [] {
            waiting[stream]?.remove(id)
            if waiting[stream]?.isEmpty == true { waiting[stream] = nil }
        }
    }

    /// Who waits for one of the streams that may have something new.
    private func takeExpectant() -> Set<UInt64> {
        let told = engine.takeFenceNews()
        var ids = waiting[.alerts] ?? []
        for stream in [StreamName.orders, .verdicts] { ids.formUnion(waiting[stream] ?? []) }
        if told.isEmpty { return ids }
        if told.count > waiting.count {
            for (stream, waiters) in waiting {
                if case .fence(let id) = stream, told.contains(id) { ids.formUnion(waiters) }
            }
        } else {
            for id in told { ids.formUnion(waiting[.fence(id: id)] ?? []) }
        }
        return ids
    }

    /// Each connection that got letters sends once, however many there were.
    func receive(_ letters: [LoopMailbox.Letter]) {
        var touched: [ConnectionHandler] = []
        for letter in letters {
            switch letter {
            case .written(let id, let ticket, let result):
                guard let connection = connections[id] else { continue }
                if connection.written(ticket, result) { touched.append(connection) }
            case .answering(let id, let ticket, let piece):
                guard let connection = connections[id] else { continue }
                if connection.answering(ticket, piece) { touched.append(connection) }
            case .answered(let id, let ticket, let reply):
                guard let connection = connections[id] else { continue }
                if connection.answered(ticket, reply) { touched.append(connection) }
            case .newAlerts:
                var found: [BlockedRead.Question: [(name: StreamName, entries: StreamEntries)]] =
                    [:]
                for id in takeExpectant() {
                    guard let connection = connections[id] else { continue }
                    if connection.entriesArrived(&found) { touched.append(connection) }
                }
            case .checked(let number, let isRight): touched += checked(number, isRight)
            case .moves: positions.wake(self)
            }
        }
        for connection in touched { connection.goOn() }
    }

    /// Takes no further requests; calls `done` when the last connection is gone.
    func stop(_ done: @escaping () -> Void) {
        isStopping = true
        guard !connections.isEmpty else { return done() }
        whenEmpty = done
        for connection in Array(connections.values) { connection.stop() }
    }

    func closeAll() {
        for connection in Array(connections.values) { connection.closeNow() }
    }
}
