import TachoGeo
import TachoIngest
import TachoStore
import Testing

@testable import TachoEngine

/// A fence's stream against a look at every fence with every fix.
struct FenceTests {
    private struct Told: Hashable {
        var fence: String
        var kind: FenceEventKind
        var rider: String
        var tsMs: Int64
        var sinceMs: Int64
    }

    /// What should be told: all fences are looked at with each fix.
    private struct Model {
        struct Stay {
            var sinceMs: Int64
            var wasTold = false
        }
        struct Fence {
            var definition: FenceDefinition
            var outline: AreaOutline
            var stays: [String: Stay] = [:]
        }
        var fences: [String: Fence] = [:]
        var newest: [String: Int64] = [:]
        var told: [Told] = []

        mutating func set(_ definition: FenceDefinition) throws {
            let id = String(decoding: definition.id, as: UTF8.self)
            if let old = fences[id], old.definition.areaText == definition.areaText,
                old.definition.marginM == definition.marginM
            {
                fences[id]!.definition = definition
                return
            }
            fences[id] = Fence(
                definition: definition, outline: AreaOutline(try definition.area()))
        }

        mutating func take(_ rider: String, _ fix: Fix) {
            if let last = newest[rider], fix.tsMs <= last { return }
            newest[rider] = fix.tsMs
            if fix.accuracyDm != Fix.absent && fix.accuracyDm > 1_000 { return }
            for id in fences.keys.sorted() { take(rider, fix, id) }
        }

        private mutating func take(_ rider: String, _ fix: Fix, _ id: String) {
            var fence = fences[id]!
            defer { fences[id] = fence }
            let detection = fence.definition.detection
            func tell(_ kind: FenceEventKind, _ since: Int64) -> Told {
                Told(fence: id, kind: kind, rider: rider, tsMs: fix.tsMs, sinceMs: since)
            }
            if let stay = fence.stays[rider] {
                if fence.outline.isBeyond(fence.definition.marginM, fix.coordinate) {
                    fence.stays[rider] = nil
                    if detection.exit { told.append(tell(.exit, stay.sinceMs)) }
                    return
                }
            } else if fence.outline.contains(fix.coordinate) {
                fence.stays[rider] = Stay(sinceMs: fix.tsMs)
                if detection.enter { told.append(tell(.enter, fix.tsMs)) }
            } else {
                return
            }
            if let seconds = detection.dwellSeconds, let stay = fence.stays[rider], !stay.wasTold,
                fix.tsMs - stay.sinceMs >= Int64(seconds) * 1000
            {
                fence.stays[rider]!.wasTold = true
                told.append(tell(.dwell, stay.sinceMs))
            }
        }
    }

    private static let ids = (0..<24).map { "f\($0)" }

    private func definition(_ id: String, _ random: inout SeededGenerator) -> FenceDefinition {
        let at = fix(
            0, north: Double(random.number(-400...400)),
            east: Double(random.number(-400...400)))
        let (lat, lon) = (at.coordinate.lat, at.coordinate.lon)
        let size = Double(random.one([40, 150, 900, 30_000]))
        func north(_ share: Double) -> String { "\(lat + share * size / 111_000)" }
        func east(_ share: Double) -> String { "\(lon + share * size / 88_000)" }
        let area: String
        switch random.number(0...4) {
        case 0, 1: area = "CIRCLE \(lat) \(lon) \(size)"
        case 2: area = "BBOX \(north(-1)) \(east(-1)) \(north(1)) \(east(1))"
        case 3:
            area =
                "POLYGON 2 5 \(north(-1)) \(east(-1)) \(north(1)) \(east(-0.8)) \(north(1)) \(east(1))"
                + " \(north(-0.9)) \(east(1)) \(north(-1)) \(east(-1))"
                + " 4 \(north(-0.2)) \(east(-0.2)) \(north(0.3)) \(east(0)) \(north(-0.2)) \(east(0.2))"
                + " \(north(-0.2)) \(east(-0.2))"
        default:
            let cell = Cell.containing(
                latDegrees: lat, lonDegrees: lon, resolution: size < 100 ? 10 : size < 1_000 ? 8 : 4
            )
            area = "CELL \(cell.hex)"
        }
        let detection = FenceDetection(
            enter: random.chance(80), exit: random.chance(80),
            dwellSeconds: random.chance(50) ? random.one([3, 30, 200]) : nil)
        return FenceDefinition(
            id: Array(id.utf8), areaText: area, detection: detection,
            marginM: random.one([0, 20, 20, 300]))
    }

    private struct Fleet {
        var north: [Double]
        var east: [Double]
        var seconds = 1_000.0

        init(_ count: Int) {
            north = .init(repeating: 0, count: count)
            east = north
        }

        mutating func round(_ random: inout SeededGenerator) -> [(String, Fix)] {
            seconds += Double(random.number(3...5))
            return north.indices.map { rider in
                let stride = rider % 4 == 0 ? 3.0 : 40
                north[rider] += Double.random(in: -stride...stride, using: &random)
                east[rider] += Double.random(in: -stride...stride, using: &random)
                var one = fix(seconds, north: north[rider], east: east[rider])
                switch random.number(0...40) {
                case 0: one.tsMs -= Int64(random.number(1...60_000))
                case 1: one.accuracyDm = 1_001
                case 2: one.accuracyDm = 1_000
                case 3: one.tsMs += 400_000_000
                // Held: a degree away.
                case 4: one.latE7 += 10_000_000
                default: break
                }
                return ("r\(rider)", one)
            }
        }
    }

    /// Rules of motion off: what is accepted is known without them.
    private func options(_ directory: TemporaryDirectory, workers: Int = 1) -> EngineOptions {
        var options = testOptions(directory, workers: workers)
        for code in Code.allCases where ![.tsFuture, .tsPast].contains(code) {
            options.thresholds.off |= 1 << UInt64(code.rawValue)
        }
        return options
    }

    private func told(_ engine: Engine) -> [Told] {
        var all: [(AlertID, Told)] = []
        for id in Self.ids {
            var last = AlertID(ms: -1, n: 0)
            let events = engine.fenceEvents(Array(id.utf8), after: nil, through: nil, limit: .max)
            #expect(events.count == engine.fenceStream(Array(id.utf8)).events, "\(id)")
            for event in events {
                #expect(event.id > last)
                last = event.id
                guard let rider = event.rider else { continue }
                all.append(
                    (
                        event.id,
                        Told(
                            fence: id, kind: event.kind,
                            rider: String(decoding: rider, as: UTF8.self), tsMs: event.tsMs,
                            sinceMs: event.sinceMs)
                    ))
            }
        }
        #expect(Set(all.map(\.0)).count == all.count, "an id was given twice")
        return all.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// In order for each rider; what one fix tells of several fences, in any.
    private func check(_ engine: Engine, _ model: Model, _ what: String) {
        settle(engine)
        func byRider(_ all: [Told]) -> [String: [Set<Told>]] {
            var riders: [String: [Set<Told>]] = [:]
            for one in all {
                if riders[one.rider]?.last?.first?.tsMs == one.tsMs {
                    riders[one.rider]![riders[one.rider]!.count - 1].insert(one)
                } else {
                    riders[one.rider, default: []].append([one])
                }
            }
            return riders
        }
        let (is_, should) = (byRider(told(engine)), byRider(model.told))
        for rider in Set(is_.keys).union(should.keys).sorted() where is_[rider] != should[rider] {
            let (a, b) = (is_[rider] ?? [], should[rider] ?? [])
            let first = zip(a, b).first { $0 != $1 }
            Issue.record("\(what), \(rider): \(a.count) told, \(b.count) expected, \(first as Any)")
            return
        }
        for (id, fence) in model.fences {
            #expect(engine.fence(Array(id.utf8))?.inside == fence.stays.count, "\(what), \(id)")
        }
    }

    /// Until all that is committed was looked at.
    private func settle(_ engine: Engine) {
        if engine.fences.book.liveCount == 0 { return }
        // A change is answered when everything before it was looked at.
        try! engine.setFence(
            FenceDefinition(
                id: Array("settle".utf8), areaText: "CIRCLE -80 0 1",
                detection: FenceDetection(enter: true, exit: false, dwellSeconds: nil)))
        _ = try! engine.deleteFence(Array("settle".utf8))
    }

    @Test(arguments: 0..<6)
    func `all is told, once and in order, also after kills and restarts`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let directory = TemporaryDirectory()
        let options = options(directory, workers: 1 + seed % 2)
        var engine = try Engine.open(options)
        var model = Model()
        var fleet = Fleet(40)
        for round in 0..<300 {
            if random.chance(round < 20 ? 90 : 10) {
                let id = random.one(Self.ids)
                switch random.number(0...5) {
                case 0:
                    let was = try engine.deleteFence(Array(id.utf8))
                    #expect(was == (model.fences[id] != nil))
                    model.fences[id] = nil
                case 1:
                    // Only what is detected changes: who is inside stays so.
                    if var same = model.fences[id]?.definition {
                        same.detection.dwellSeconds = random.one([nil, 5, 100])
                        try engine.setFence(same)
                        try model.set(same)
                    }
                default:
                    let new = definition(id, &random)
                    try engine.setFence(new)
                    try model.set(new)
                }
            }
            let fixes = fleet.round(&random)
            // Held and quarantined ones are not looked at; nothing is flagged here.
            let masks = try engine.append(batch(fixes))
            for ((rider, one), mask) in zip(fixes, masks) where !mask.contains(.flagged) {
                model.take(rider, one)
            }
            if random.chance(3) { engine.runBarrier(.checkpoint) }
            if random.chance(2) {
                engine.abandon()
                engine = try Engine.open(options)
            } else if random.chance(1) {
                try engine.close()
                engine = try Engine.open(options)
            }
            if round % 60 == 59 { check(engine, model, "seed \(seed), round \(round)") }
        }
        #expect(model.told.count > 300, "seed \(seed): too little happens")
        engine.abandon()
        engine = try Engine.open(options)
        check(engine, model, "seed \(seed), after a kill")
        _ = try engine.seal()
        try engine.close()
        engine = try Engine.open(options)
        check(engine, model, "seed \(seed), sealed and restarted")
        try engine.close()
    }

    /// With `forgetful` the database keeps only what was synced: what a power cut may leave.
    private func eventsAfterAKill(forgetful: Bool) throws -> [[FenceNotice]] {
        let directory = TemporaryDirectory()
        var options = options(directory)
        if forgetful { options.rowTarget = { ForgetfulRows($0, cutAtSync: .max) } }
        var engine = try Engine.open(options)
        var random = SeededGenerator(seed: 1)
        for id in Self.ids { try engine.setFence(definition(id, &random)) }
        var fleet = Fleet(20)
        for round in 0..<60 {
            _ = try engine.append(batch(fleet.round(&random)))
            if round == 30 { engine.runBarrier(.checkpoint) }
            if round == 40 { _ = try engine.deleteFence(Array(Self.ids[3].utf8)) }
        }
        settle(engine)
        func all() -> [[FenceNotice]] {
            Self.ids.map {
                engine.fenceEvents(Array($0.utf8), after: nil, through: nil, limit: .max)
            }
        }
        let before = all()
        engine.abandon()
        options.rowTarget = nil
        engine = try Engine.open(options)
        let after = all()
        if forgetful {
            #expect(before.joined().count < after.joined().count, "nothing was lost")
        } else {
            #expect(before == after)
        }
        try engine.close()
        return after
    }

    @Test func `ids of events are the same after a kill, also where their rows were lost`() throws {
        let kept = try eventsAfterAKill(forgetful: false)
        #expect(kept.joined().count > 50)
        #expect(try eventsAfterAKill(forgetful: true) == kept)
    }

    @Test func `times of expiry that mean nothing any more do not pile up`() throws {
        let engine = try Engine.open(options(TemporaryDirectory()))
        var fence = FenceDefinition(
            id: [65], areaText: "circle 37.50 0127 1e2",
            detection: FenceDetection(enter: true, exit: false, dwellSeconds: nil))
        for n in 0..<3_000 {
            fence.expiresMs = testNowMs + 1_000_000 + Int64(n)
            try engine.setFence(fence)
        }
        #expect(engine.fences.book.state.with { $0.expiries.count } < 1_100)
        // One text for an area, however it was written.
        #expect(engine.fence([65])?.definition.areaText == "CIRCLE 37.5 127 100")
        #expect(engine.figure("memory_fences") > 300)
        try engine.close()
    }

    @Test func `a fence expires by the server's clock, once, and its stream stays`() throws {
        let directory = TemporaryDirectory()
        let clock = SettableClock(testNowMs)
        var options = options(directory)
        options.nowMs = { clock.now }
        var engine = try Engine.open(options)
        let id = Array("order-7".utf8)
        var fence = FenceDefinition(
            id: id, areaText: "CIRCLE 37.5 127 100",
            detection: FenceDetection(enter: true, exit: true, dwellSeconds: nil),
            expiresMs: testNowMs + 10_000)
        try engine.setFence(fence)
        fence.expiresMs = testNowMs + 20_000
        try engine.setFence(fence)
        try engine.add("r", fix(1))
        clock.now = testNowMs + 15_000
        settle(engine)
        #expect(engine.fence(id)?.inside == 1)
        engine.abandon()
        engine = try Engine.open(options)
        clock.now = testNowMs + 20_000
        while engine.fence(id) != nil { _ = engine.control.sleepOneTick(milliseconds: 5) }
        try engine.add("r", fix(2, north: 5_000))
        func kinds() -> [FenceEventKind] {
            engine.fenceEvents(id, after: nil, through: nil, limit: .max).map(\.kind)
        }
        #expect(kinds() == [.enter, .expire])
        try engine.close()
        engine = try Engine.open(options)
        #expect(engine.fence(id) == nil && kinds() == [.enter, .expire])
        // Set again it is a new fence on the old stream.
        fence.expiresMs = nil
        try engine.setFence(fence)
        try engine.add("r", fix(5))
        #expect(try engine.deleteFence(id) && kinds() == [.enter, .expire, .enter, .delete])
        #expect(engine.fenceStream(id).events == 4)
        try engine.close()
    }

    @Test func `a held fix is not looked at, noise on the border tells nothing`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        let id = Array("kitchen".utf8)
        try engine.setFence(
            FenceDefinition(
                id: id, areaText: "CIRCLE 37.5 127 50",
                detection: FenceDetection(enter: true, exit: true, dwellSeconds: 60)))
        // Nine kilometres off in a second: held. Then between 45 and 65 m from the middle.
        try engine.add("r", fix(0, north: 45), fix(1, north: 9_000), fix(2, north: 48))
        for second in 3..<40 {
            try engine.add("r", fix(Double(second), north: second % 2 == 0 ? 46 : 64))
        }
        settle(engine)
        #expect(
            engine.fenceEvents(id, after: nil, through: nil, limit: .max).map(\.kind) == [.enter])
        for second in 40..<62 { try engine.add("r", fix(Double(second), north: 60)) }
        try engine.add("r", fix(64, north: 69), fix(66, north: 73))
        settle(engine)
        let events = engine.fenceEvents(id, after: nil, through: nil, limit: .max)
        #expect(events.map(\.kind) == [.enter, .dwell, .exit])
        #expect(events.map { $0.tsMs - events[0].tsMs } == [0, 60_000, 66_000])
        #expect(Set(events.map(\.sinceMs)).count == 1)
        try engine.close()
    }

    @Test func `what cannot be a fence is refused`() throws {
        let engine = try Engine.open(testOptions(TemporaryDirectory()))
        let detection = FenceDetection(enter: true, exit: true, dwellSeconds: nil)
        #expect(throws: FenceRefusal.self) {
            try engine.setFence(
                FenceDefinition(id: [], areaText: "CIRCLE 0 0 1", detection: detection))
        }
        #expect(throws: FenceRefusal.self) {
            try engine.setFence(
                FenceDefinition(id: [65], areaText: "CIRCLE 0 0 0", detection: detection))
        }
        #expect(engine.figure("fences") == 0)
        #expect(try !engine.deleteFence([65]))
        try engine.close()
        #expect(throws: FenceRefusal.self) {
            try engine.setFence(
                FenceDefinition(id: [65], areaText: "CIRCLE 0 0 1", detection: detection))
        }
    }
}

/// A server's clock that a test moves.
final class SettableClock: @unchecked Sendable {
    private let state: Monitor<Int64>
    init(_ now: Int64) { state = Monitor(now) }
    var now: Int64 {
        get { state.with { $0 } }
        set { state.with { $0 = newValue } }
    }
}
