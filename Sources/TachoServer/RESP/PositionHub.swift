import NIOCore
import TachoEngine
import TachoGeo
import TachoWire

/// Who wants to hear where which riders are: `SUBSCRIBE pos:RIDER`, `PSUBSCRIBE pos:*`. Lives on the
/// event loop.
///
/// What is told is where a rider is now, never where it was: the engine says who moved, and what a
/// client has not taken is told anew, from what is true then, when it takes on. So a client that
/// stands still costs a bit for each rider, and holds up nobody.
/// Cost: 0.5 µs for a rider that moved and somebody hears of, 0.1 µs for each who hears.
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
        if byPattern.isEmpty { told = told.filter { byRider[$0.key] != nil } }
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
        if waitMs <= 0 { return tell(service) }
        isScheduled = true
        service.loop.assumeIsolated().scheduleTask(in: .milliseconds(waitMs)) { [self] in
            isScheduled = false
            tell(service)
        }
    }

    private static func nowMs() -> Int64 {
        Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
    }

    private func tell(_ service: RespService) {
        nextMs = Self.nowMs() + Int64(service.limits.moveMs)
        findNew()
        watch.take(into: &moved)
        var touched: Set<UInt64> = []
        var payload: [UInt8] = []
        for rider in moved {
            let ids = byRider[rider] ?? []
            guard !ids.isEmpty || !byPattern.isEmpty, let fix = engine.shown(rider) else {
                continue
            }
            let now = Told(tsMs: fix.fix.tsMs, verdict: fix.verdict)
            if told[rider] == now { continue }
            told[rider] = now
            let name = engine.riderName(of: rider)
            payload.removeAll(keepingCapacity: true)
            PositionMessage.append(
                rider: name, fix, cell: service.shownCells.cell(of: fix.fix, rider: rider),
                to: &payload)
            for id in ids.union(byPattern) {
                guard let connection = service.connections[id] else { continue }
                if connection.hear(rider, name, payload, isByName: ids.contains(id)) {
                    touched.insert(id)
                }
            }
        }
        for id in touched { service.connections[id]?.goOn() }
    }
}

/// What one connection hears of.
struct Subscriber {
    var riders: Set<[UInt8]> = []
    private(set) var patterns: [GlobPattern] = []
    private(set) var patternBytes = 0
    /// Riders that moved while the client did not take, or was in the middle of a reply.
    var waiting: Set<UInt32> = []

    var count: Int { riders.count + patterns.count }

    mutating func add(_ pattern: GlobPattern) {
        patterns.append(pattern)
        patternBytes += pattern.text.count
    }

    mutating func removePattern(at index: Int) {
        patternBytes -= patterns.remove(at: index).text.count
    }
}
