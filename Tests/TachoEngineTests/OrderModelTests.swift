import TachoGeo
import Testing

@testable import TachoEngine

/// Random events of orders against a model, across restarts, kills and checkpoints: masks, what an order
/// is, who has it, open orders, and the stream.
@Suite(.serialized)
struct OrderModelTests {
    /// All events of all orders in the order of arrival; everything else is computed from them anew.
    private struct Model {
        var events: [OrderEvent] = []

        /// By time, then arrival.
        func history(_ order: [UInt8]) -> [OrderEvent] {
            let own = events.enumerated().filter { $0.element.order == order }
            return own.sorted { a, b in
                (a.element.tsMs, a.offset) < (b.element.tsMs, b.offset)
            }.map(\.element)
        }

        var orders: Set<[UInt8]> { Set(events.map(\.order)) }

        mutating func tell(_ told: OrderEvent) -> UInt8 {
            let own = events.filter { $0.order == told.order }
            let isThere = own.contains {
                $0.kind == told.kind && $0.rider == told.rider && $0.state == told.state
                    && $0.tsMs == told.tsMs
            }
            if isThere { return 1 }
            var bits: UInt8 = 0
            if own.contains(where: { $0.tsMs > told.tsMs }) { bits += 2 }
            if own.contains(where: { $0.kind == .end && $0.tsMs <= told.tsMs }) { bits += 4 }
            if own.contains(where: { $0.tsMs == told.tsMs }) { bits += 8 }
            if told.tsMs > testNowMs + 30_000 || told.tsMs < 946_684_800_000 { bits += 16 }
            if told.kind == .set,
                let before = history(told.order).last(where: {
                    $0.kind == .set && $0.tsMs <= told.tsMs
                }), before.rider != told.rider
            {
                bits += 32
            }
            var event = told
            (event.recvMs, event.mask) = (testNowMs, OrderMask(rawValue: bits))
            events.append(event)
            return bits
        }

        /// Events up to the first end, which says what the order is.
        func counting(_ order: [UInt8]) -> ArraySlice<OrderEvent> {
            let all = history(order)
            return all[...(all.firstIndex { $0.kind == .end } ?? all.count - 1)]
        }

        /// rider, order and state of each.
        var open: [String] {
            orders.compactMap { order in
                let counting = counting(order)
                guard let last = counting.last, last.kind == .set else { return nil }
                return [last.rider, order, last.state].map { String(decoding: $0, as: UTF8.self) }
                    .joined(separator: " ")
            }.sorted()
        }
    }

    private struct Run {
        let seed: UInt64
        var random: SeededGenerator
        let directory = TemporaryDirectory()
        var engine: Engine
        var model = Model()
        /// As it was read last.
        var stream: [OrderEntry] = []

        init(seed: UInt64) throws {
            self.seed = seed
            random = SeededGenerator(seed: seed)
            engine = try Engine.open(Self.options(directory))
        }

        static func options(_ directory: TemporaryDirectory) -> EngineOptions {
            var options = testOptions(directory)
            options.fault = .skipSync
            return options
        }

        mutating func event() -> OrderEvent {
            if let again = model.events.randomElement(using: &random), random.chance(15) {
                var told = OrderEvent(
                    order: again.order, kind: again.kind, rider: again.rider, state: again.state,
                    tsMs: again.tsMs, by: random.chance(50) ? Array("again".utf8) : [])
                // Almost the same.
                if random.chance(30) { told.tsMs += 1 }
                return told
            }
            let order = Array("o\(random.number(0...5))".utf8)
            var tsMs = testNowMs - Int64(random.number(0...40)) * 1_000
            if random.chance(3) { tsMs += 86_400_000 }
            if random.chance(3) { tsMs = Int64(random.number(-5...5)) }
            if random.chance(12) {
                let states = [OrderEvent.endState, Array("delivered".utf8)]
                return .end(order, state: random.one(states), tsMs: tsMs)
            }
            return .set(
                order, rider: Array("r\(random.number(0...2))".utf8),
                state: Array(random.one(["cooked", "picked up", "at door"]).utf8), tsMs: tsMs,
                by: random.chance(30) ? Array("mysql".utf8) : [])
        }

        /// One after another, or many at once in one order.
        mutating func tell(_ count: Int, atOnce: Bool) throws {
            var expected: [(OrderEvent, UInt8)] = []
            var answers: [Told] = []
            for _ in 0..<count {
                let event = event()
                expected.append((event, model.tell(event)))
                if atOnce {
                    let told = Told()
                    answers.append(told)
                    engine.tell(event) { told.give($0) }
                } else {
                    let mask = try engine.tell(event)
                    #expect(mask.rawValue == expected.last!.1, "seed \(seed): \(event)")
                }
            }
            for (answer, (event, mask)) in zip(answers, expected) {
                #expect(try answer.get().rawValue == mask, "seed \(seed): \(event), at once")
            }
        }

        mutating func check(_ what: String) throws {
            for order in model.orders {
                let found = try engine.order(order)
                let expected = model.history(order)
                #expect(found.entries.map(\.event) == expected, "seed \(seed), \(what): history")
                let counting = model.counting(order)
                #expect(found.present?.event == counting.last, "seed \(seed), \(what): present")
                #expect(
                    found.rider == counting.last { $0.kind == .set }?.rider ?? [],
                    "seed \(seed), \(what): rider")
                try check(found.holders, counting, what)
            }
            var open: [String] = []
            for rider in [nil, "r0", "r1", "r2"] {
                open.append(contentsOf: try pages(of: rider))
            }
            #expect(open == model.open + model.open, "seed \(seed), \(what): open orders")
            let entries = engine.orderEntries(after: nil, through: nil, limit: .max)
            #expect(entries.map(\.event) == model.events, "seed \(seed), \(what): stream")
            #expect(engine.orderEntryCount == entries.count, "seed \(seed), \(what): length")
            #expect(engine.lastOrderID == entries.last?.id, "seed \(seed), \(what): last id")
            #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.id < $1.id })
            #expect(Array(entries.prefix(stream.count)) == stream, "seed \(seed), \(what): ids")
            stream = entries
        }

        /// Each moment belongs to who was named last before it.
        func check(
            _ holders: [OrderHistory.Holder], _ counting: ArraySlice<OrderEvent>, _ what: String
        ) throws {
            for (event, next) in zip(counting, counting.dropFirst())
            where event.kind == .set && event.tsMs < next.tsMs {
                let holder = holders.last { $0.fromMs <= event.tsMs }
                #expect(holder?.rider == event.rider, "seed \(seed), \(what): holder")
                #expect(holder?.toMs.map { $0 >= next.tsMs } ?? true)
            }
            #expect(zip(holders, holders.dropFirst()).allSatisfy { $0.toMs == $1.fromMs })
        }

        private func pages(of rider: String?) throws -> [String] {
            var list: [String] = []
            var cursor: OrderCursor?
            repeat {
                let page = try engine.openOrders(
                    of: rider.map { Array($0.utf8) }, after: cursor, limit: 2)
                #expect(page.orders.count <= 2)
                list += page.orders.map { entry in
                    [entry.event.rider, entry.event.order, entry.event.state]
                        .map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
                }
                cursor = page.next.flatMap { OrderCursor($0.text) }
            } while cursor != nil
            return list
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `orders are what the model says`(seed: UInt64) throws {
        var run = try Run(seed: seed + 500)
        for step in 0..<14 {
            let atOnce = run.random.chance(50)
            try run.tell(run.random.number(1...20), atOnce: atOnce)
            switch run.random.number(0...5) {
            case 0:
                try run.engine.close()
                run.engine = try Engine.open(Run.options(run.directory))
            case 1, 2:
                run.engine.abandon()
                run.engine = try Engine.open(Run.options(run.directory))
            case 3: run.engine.runBarrier(.checkpoint)
            default: break
            }
            try run.check("step \(step)")
        }
        run.engine.abandon()
    }

    @Test(arguments: 1...10)
    func `a power cut at any sync loses nothing that was answered, and doubles nothing`(
        cut: Int
    ) throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.rowTarget = { ForgetfulRows($0, cutAtSync: cut) }
        var engine = try Engine.open(options)
        var answered: [OrderEvent] = []
        for n in 0..<60 {
            let event = OrderEvent.set(
                // Each order has one rider: this double shows nobody what is not synced.
                Array("o\(n % 7)".utf8), rider: Array("r\(n % 7 % 3)".utf8),
                state: Array("s\(n)".utf8), tsMs: testNowMs - Int64(n * 37 % 60))
            if (try? engine.tell(event)) != nil { answered.append(event) }
            if n % 9 == 8 { engine.runBarrier(.checkpoint) }
        }
        engine.abandon()
        options.rowTarget = nil
        engine = try Engine.open(options)
        let told = engine.orderEntries(after: nil, through: nil, limit: .max).map(\.event.state)
        #expect(Set(told).count == told.count, "cut \(cut): an event is there twice")
        #expect(
            Set(told).isSuperset(of: answered.map(\.state)), "cut \(cut): an event is gone")
        for order in 0..<7 {
            let history = try engine.order(Array("o\(order)".utf8))
            let own = told.filter { state in history.entries.contains { $0.event.state == state } }
            #expect(history.entries.count == own.count)
            let page = try engine.openOrders(of: history.rider, limit: 100)
            #expect(history.isOpen == page.orders.contains { $0 == history.present }, "cut \(cut)")
        }
        let open = try engine.openOrders(of: nil, limit: 100).orders
        #expect(Set(open.map(\.event.order)).count == open.count, "cut \(cut): open twice")
        engine.abandon()
    }

    @Test func `what cannot be kept is refused by its name`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        defer { engine.abandon() }
        for event in [
            OrderEvent.set([], rider: [65], state: [65], tsMs: 0),
            .set([65], rider: [], state: [65], tsMs: 0),
            .set([65], rider: [65], state: Array(repeating: 65, count: 65), tsMs: 0),
            .set([65], rider: [65], state: [65, 10], tsMs: 0),
            .end([65], tsMs: 1 << 47),
        ] {
            #expect(throws: OrderRefusal.self, "\(event)") { try engine.tell(event) }
        }
        #expect(engine.orderEntryCount == 0)
    }
}

private final class Told: Sendable {
    private let answer = Monitor<Result<OrderMask, OrderRefusal>?>(nil)

    func give(_ result: Result<OrderMask, OrderRefusal>) {
        answer.change { state in
            state = result
            return (true, ())
        }
    }

    func get() throws -> OrderMask { try answer.wait { $0 }.get() }
}
