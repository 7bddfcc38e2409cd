import NIOCore
import TachoEngine
import TachoGeo
import TachoWire

/// Who wants to hear where which riders are: `SUBSCRIBE pos:RIDER`, `PSUBSCRIBE pos:*`. Lives on the
/// event loop.
///
/// What is told is where a rider is now, never where it was: the engine says who moved, and what a
/// client has not taken is told anew, from what is true then, when it takes on. So a client that
/// stands still costs a number, or of riders by name a bit for each, and holds up nobody. Those who
/// have something to hear stand in a queue, and are told for some ms at a time: with ten thousand
/// who hear of all, requests are answered in between.
/// Cost: 0.3 µs for a rider that moved, 0.5 µs more if somebody hears of it, 60 ns for each message
/// to who is the only one with its patterns, otherwise what sending costs.
final class PositionHub {
    private let engine: Engine
    private let watch: PositionWatch
    /// Connections by the rider's number, and of names that nobody has yet.
    private var byRider: [UInt32: Set<UInt64>] = [:]
    private var byName: [[UInt8]: Set<UInt64>] = [:]
    /// Connections with patterns.
    private var byPattern: Set<UInt64> = []
    private(set) var patternCount = 0
    /// Names that connections hear of, each connection's counted.
    private(set) var nameCount = 0
    /// What was told of a rider last: an amendment may have changed something else.
    private var told: [UInt32: Told] = [:]
    private var moved: [UInt32] = []
    /// For those with patterns.
    private(set) var log = MoveLog()
    var messages = MoveMessages()
    /// Connections that have something to hear, and take it.
    private var queue = CircularBuffer<UInt64>()
    private var isTelling = false
    private var knownRiders = 0
    private var nextMs: Int64 = 0
    private var isScheduled = false

    private struct Told: Equatable {
        var tsMs: Int64
        var verdict: Verdict
    }

    init(_ engine: Engine, wake: @escaping @Sendable () -> Void) {
        self.engine = engine
        watch = engine.watchPositions(wake: wake)
    }

    func stop() { engine.cancel(watch) }

    // MARK: Who hears

    /// The rider's number, if there is such a rider yet. Once for each connection and rider.
    func subscribe(_ id: UInt64, to rider: [UInt8]) -> UInt32? {
        nameCount += 1
        guard let number = engine.riderNumber(of: rider) else {
            byName[rider, default: []].insert(id)
            lookForNew()
            return nil
        }
        byRider[number, default: []].insert(id)
        watch.watch(number, isWanted: true)
        return number
    }

    func unsubscribe(_ id: UInt64, from rider: [UInt8]) {
        nameCount -= 1
        byName[rider]?.remove(id)
        if byName[rider]?.isEmpty == true { byName[rider] = nil }
        guard let number = engine.riderNumber(of: rider) else { return }
        byRider[number]?.remove(id)
        guard byRider[number]?.isEmpty == true else { return }
        byRider[number] = nil
        if byPattern.isEmpty { told[number] = nil }
        watch.watch(number, isWanted: false)
    }

    /// `count`: of the connection's patterns, before and now.
    func patterns(_ id: UInt64, before: Int, now: Int) {
        patternCount += now - before
        if now > 0 { byPattern.insert(id) } else { byPattern.remove(id) }
        watch.watchAll(!byPattern.isEmpty)
        if byPattern.isEmpty {
            told = told.filter { byRider[$0.key] != nil }
            log.removeAll()
        }
    }

    /// A connection is gone; it took its subscriptions back before, or had none.
    func leave(_ id: UInt64) { byPattern.remove(id) }

    /// Names of riders with subscribers.
    var riders: [[UInt8]] {
        byRider.keys.map { engine.riderName(of: $0) } + byName.keys
    }

    func subscribers(of rider: [UInt8]) -> Int {
        let known = engine.riderNumber(of: rider).flatMap { byRider[$0]?.count } ?? 0
        return known + (byName[rider]?.count ?? 0)
    }

    private func lookForNew() {
        knownRiders = engine.riderCount
        watch.watchNew(from: byName.isEmpty ? nil : UInt32(clamping: knownRiders))
    }

    /// Riders that have come since somebody asked for them.
    private func findNew() {
        guard !byName.isEmpty, engine.riderCount != knownRiders else { return }
        for (name, ids) in byName {
            guard let number = engine.riderNumber(of: name) else { continue }
            byName[name] = nil
            byRider[number, default: []].formUnion(ids)
            watch.watch(number, isWanted: true)
        }
        lookForNew()
    }

    // MARK: Telling

    /// Some moved: they are told now, or when it is time again.
    func wake(_ service: RespService) {
        guard !isScheduled else { return }
        let waitMs = nextMs - Self.nowMs()
        if waitMs <= 0 { return note(service) }
        isScheduled = true
        service.loop.assumeIsolated().scheduleTask(in: .milliseconds(waitMs)) { [self] in
            isScheduled = false
            note(service)
        }
    }

    private static func nowMs() -> Int64 {
        Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
    }

    /// Who has to hear of those that moved stands in the queue.
    private func note(_ service: RespService) {
        nextMs = Self.nowMs() + Int64(service.limits.moveMs)
        let isOthersTurn = isTelling
        isTelling = true
        findNew()
        watch.take(into: &moved)
        messages.removeAll()
        let before = log.end
        for rider in moved {
            let ids = byRider[rider] ?? []
            guard !ids.isEmpty || !byPattern.isEmpty, let fix = engine.shown(rider) else {
                continue
            }
            let now = Told(tsMs: fix.fix.tsMs, verdict: fix.verdict)
            if told[rider] == now { continue }
            told[rider] = now
            if !byPattern.isEmpty { log.append(rider) }
            for id in ids {
                guard let connection = service.connections[id] else { continue }
                connection.subscriber?.waiting.insert(rider)
                queue(connection)
            }
        }
        if log.end != before {
            for id in byPattern {
                if let connection = service.connections[id] { queue(connection) }
            }
        }
        if !isOthersTurn { tell(service) }
    }

    /// It may have something to hear that it did not take before. Cost: 20 ns where it has not.
    func queue(_ connection: ConnectionHandler) {
        guard connection.subscriber != nil, connection.hasToHear(log.end),
            connection.subscriber?.isQueued == false
        else { return }
        connection.subscriber?.isQueued = true
        queue.append(connection.id)
        if !isTelling, queue.count == 1 {
            isTelling = true
            goOn(connection.service, in: .zero)
        }
    }

    /// One after another, each a piece, as long as it is their turn.
    private func tell(_ service: RespService) {
        let end = NIODeadline.now() + .microseconds(service.limits.moveTurnMicroseconds)
        while let id = queue.popFirst() {
            guard let connection = service.connections[id] else { continue }
            connection.subscriber?.isQueued = false
            connection.sendMoves()
            queue(connection)
            if NIODeadline.now() >= end { break }
        }
        if queue.isEmpty {
            isTelling = false
            messages.removeAll()
        } else {
            goOn(service, in: Self.pause)
        }
    }

    /// Sockets are looked at in between: a task of now would run before them.
    private func goOn(_ service: RespService, in time: TimeAmount) {
        service.loop.assumeIsolated().scheduleTask(in: time) { [self] in tell(service) }
    }

    private static let pause = TimeAmount.microseconds(200)
}

/// What one connection hears of.
struct Subscriber {
    var riders: Set<[UInt8]> = []
    private(set) var patterns: [GlobPattern] = []
    private(set) var patternBytes = 0
    /// Riders among `riders` that moved and were not told of.
    var waiting: Set<UInt32> = []
    /// With patterns: the first move that it was not told of.
    var heard: UInt64 = 0
    /// It stands in the hub's queue.
    var isQueued = false

    var count: Int { riders.count + patterns.count }

    mutating func add(_ pattern: GlobPattern) {
        patterns.append(pattern)
        patternBytes += pattern.text.count
    }

    mutating func removePattern(at index: Int) {
        patternBytes -= patterns.remove(at: index).text.count
    }
}
