import NIOCore
import TachoGeo
import TachoWire
import Testing

@testable import TachoClient

/// The outbox against a model of the world around it: random events, and from outside every point has
/// to come out once, with the bytes it went in with.
@Suite struct OutboxTests {
    private struct World {
        var outbox: Outbox
        var random: SeededGenerator
        var nowNs: UInt64 = 1_000_000_000
        var taken = 0
        /// Tickets that came out, and how often.
        var done: [Int: Int] = [:]
        /// Batches sent on the present connection, not answered.
        var flights: [Batch] = []
        /// Largest number sent on this connection, since nothing was on its way.
        var lastNumber: UInt64?
        var isRefusing = false
        var problems: [String] = []

        init(seed: UInt64, _ limits: Outbox.Limits) {
            random = SeededGenerator(seed: seed)
            outbox = Outbox(limits, seed: seed)
        }

        mutating func chance(_ percent: Int) -> Bool { Int(random.next() % 100) < percent }

        mutating func step() {
            nowNs += random.next() % 3_000_000
            switch random.next() % 12 {
            case 0...3: append()
            case 4...6: send()
            case 7...9: answer()
            case 10:
                if outbox.isUp, chance(20) {
                    outbox.disconnected()
                    flights = []
                    lastNumber = nil
                    isRefusing = false
                } else if !outbox.isUp {
                    outbox.connected()
                    lastNumber = nil
                }
            default: finish(outbox.expire(nowNs: nowNs), "expired")
            }
        }

        mutating func append() {
            let count = Int(random.next() % 30)
            let fixes = (taken..<taken + count).map {
                RiderFix(
                    rider: "rider-\($0 % 7)", tsMs: Int64($0), latE7: Int32($0), lonE7: 0)
            }
            let room = outbox.room
            let accepted = outbox.append(fixes[...], .tickets(from: UInt64(taken)), nowNs: nowNs)
            if accepted != min(count, room) { problems.append("took \(accepted) of \(count)") }
            taken += accepted
        }

        mutating func send() {
            while let batch = outbox.nextToSend(nowNs: nowNs) {
                if flights.contains(where: { $0.session == batch.session }) {
                    problems.append("two on their way in one session")
                }
                if let lastNumber, batch.number < lastNumber, !flights.isEmpty {
                    problems.append("\(batch.number) behind \(lastNumber)")
                }
                lastNumber = batch.number
                flights.append(batch)
                check(batch)
                if isRefusing, flights.count > 1 {
                    problems.append("more than one behind a refusal")
                }
                if flights.count > outbox.limits.maxBatches { problems.append("the window") }
            }
        }

        /// The rows are the points that the parts name.
        private mutating func check(_ batch: Batch) {
            let found = rows(Array(batch.payload.readableBytesView)).map { Int($0.fix.tsMs) }
            if found != tickets(batch) { problems.append("other rows than parts") }
        }

        private func tickets(_ batch: Batch) -> [Int] {
            batch.parts.flatMap { part -> [Int] in
                guard case .tickets(let first) = part.listener else { return [] }
                return Array(Int(first)..<Int(first) + part.count)
            }
        }

        mutating func answer() {
            guard let batch = flights.first else { return }
            flights.removeFirst()
            if chance(15) {
                let again = outbox.answered(
                    .tryAgain(afterMs: 1 + Int(random.next() % 3), reason: ""), nowNs: nowNs)
                if again != nil { problems.append("done by try again") }
                isRefusing = true
                return
            }
            isRefusing = false
            let answer: BatchAnswer =
                chance(5) ? .refused("no", mayBeStored: false) : .masks([])
            guard let finished = outbox.answered(answer, nowNs: nowNs) else {
                return problems.append("not done")
            }
            if finished.number != batch.number { problems.append("another batch's answer") }
            finish([finished], "answered")
        }

        mutating func finish(_ batches: [Batch], _ how: String) {
            for batch in batches {
                for ticket in tickets(batch) {
                    done[ticket, default: 0] += 1
                    if done[ticket] != 1 { problems.append("\(ticket) \(how) again") }
                }
            }
        }

        /// Everything that is left gets out.
        mutating func drain() {
            outbox.isFlushing = true
            for _ in 0..<10_000 where !outbox.isEmpty {
                nowNs += 5_000_000
                if !outbox.isUp {
                    outbox.connected()
                    lastNumber = nil
                }
                send()
                answer()
            }
        }
    }

    @Test(arguments: 0..<400)
    func `every point that goes in comes out once, whatever happens`(seed: UInt64) {
        var limits = Outbox.Limits()
        limits.maxBatchPoints = 1 + Int(seed % 23)
        limits.maxBatches = 1 + Int(seed % 5)
        limits.maxPoints = 40 + Int(seed % 100)
        limits.patienceNs = seed % 3 == 0 ? 20_000_000 : nil
        var world = World(seed: seed, limits)
        for _ in 0..<400 { world.step() }
        world.drain()
        #expect(world.problems.isEmpty, "seed \(seed): \(world.problems.prefix(3))")
        #expect(world.outbox.isEmpty, "seed \(seed)")
        #expect(world.outbox.delivering == 0 && world.outbox.waiting == 0, "seed \(seed)")
        #expect(world.done.count == world.taken, "seed \(seed): some never came out")
    }

    private static func outbox(_ change: (inout Outbox.Limits) -> Void = { _ in }) -> Outbox {
        var limits = Outbox.Limits()
        limits.maxBatchPoints = 10
        change(&limits)
        var outbox = Outbox(limits, seed: 1)
        outbox.connected()
        return outbox
    }

    /// Points of the batch that leaves now.
    private static func next(_ outbox: inout Outbox, nowNs: UInt64) -> Int? {
        outbox.nextToSend(nowNs: nowNs)?.count
    }

    @Test func `the first point leaves at once, the next wait for company or for time`() {
        var outbox = Self.outbox()
        _ = outbox.append(testFixes(1)[...], .tickets(from: 0), nowNs: 0)
        let first = outbox.nextToSend(nowNs: 0)
        #expect(first?.count == 1)
        _ = outbox.append(testFixes(3)[...], .tickets(from: 1), nowNs: 1_000)
        #expect(Self.next(&outbox, nowNs: 1_999_999) == nil)
        #expect(outbox.nextDeadlineNs == 2_001_000)
        #expect(Self.next(&outbox, nowNs: 2_001_000) == 3)
        _ = outbox.append(testFixes(25)[...], .tickets(from: 4), nowNs: 3_000_000)
        #expect(Self.next(&outbox, nowNs: 3_000_000) == 10)
        #expect(Self.next(&outbox, nowNs: 3_000_000) == 10)
        #expect(Self.next(&outbox, nowNs: 3_000_000) == nil)
    }

    @Test func `what was on its way is sent again first, with its session and its bytes`() throws {
        var outbox = Self.outbox()
        _ = outbox.append(testFixes(30)[...], .tickets(from: 0), nowNs: 0)
        let sent = (0..<2).compactMap { _ in outbox.nextToSend(nowNs: 0) }
        outbox.disconnected()
        #expect(Self.next(&outbox, nowNs: 0) == nil)
        outbox.connected()
        let again = (0..<3).compactMap { _ in outbox.nextToSend(nowNs: 0) }
        #expect(again.map(\.number) == [0, 1, 2])
        #expect(again[0].session == sent[0].session && again[1].session == sent[1].session)
        #expect(again[0].payload == sent[0].payload)
        #expect(again.map(\.isUncertain) == [true, true, false])
        #expect(again.map(\.sendings) == [2, 2, 1])
    }

    @Test func `points of one call are one part, of several calls of submit too`() throws {
        var outbox = Self.outbox()
        let waiter = Waiter(count: 4, .call { _ in })
        _ = outbox.append(testFixes(2)[...], .tickets(from: 0), nowNs: 0)
        _ = outbox.append(testFixes(2)[...], .tickets(from: 2), nowNs: 0)
        _ = outbox.append(testFixes(4)[...], .waiter(waiter, offset: 0), nowNs: 0)
        let sent = outbox.nextToSend(nowNs: 0)
        let batch = try #require(sent)
        #expect(batch.parts.map(\.count) == [4, 4])
        #expect(batch.parts.map(\.start) == [0, 4])
    }
}

@Suite struct OpenBatchTests {
    @Test(arguments: 0..<40)
    func `its bytes are those of the writer of packed batches`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var open = OpenBatch(seed: seed)
        for _ in 0..<3 {
            var writer = PackedBatchWriter()
            var fixes: [RiderFix] = []
            let riders = 1 + random.next() % 3_000
            for _ in 0..<Int(random.next() % 4_000) + 1 {
                let number = random.next() % riders
                // Names of every length, some of them alike in their first words.
                let name = "라이더-" + String(repeating: "x", count: Int(number % 90)) + "\(number)"
                let fix = Fix(
                    tsMs: Int64(bitPattern: random.next()) >> 16,
                    latE7: Int32(truncatingIfNeeded: random.next()),
                    lonE7: Int32(truncatingIfNeeded: random.next()),
                    speedCms: random.next() % 2 == 0 ? Fix.absent : 7,
                    headingCdeg: Int32(truncatingIfNeeded: random.next()), accuracyDm: 5,
                    altitudeDm: -9, source: .fused)
                fixes.append(RiderFix(rider: name, fix: fix))
            }
            var rest = fixes[...]
            while !rest.isEmpty {
                let taken = open.append(rest, most: 25_000)
                guard taken > 0 else { break }
                for fix in rest.prefix(taken) {
                    writer.append(rider: Array(fix.rider.utf8), fix: fix.fix)
                }
                rest = rest.dropFirst(taken)
            }
            #expect(open.byteCount == writer.byteCount, "seed \(seed)")
            #expect(open.byteCount <= WireLimits.maxPackedBytes, "seed \(seed)")
            #expect(Array(open.take().readableBytesView) == writer.bytes, "seed \(seed)")
            #expect(open.count == 0)
        }
    }

    @Test func `a name that is too long for a rider stays too long`() {
        var open = OpenBatch(seed: 1)
        let long = String(repeating: "가", count: 400)
        _ = open.append([RiderFix(rider: long, tsMs: 1, latE7: 0, lonE7: 0)], most: 10)
        _ = open.append([RiderFix(rider: "", tsMs: 1, latE7: 0, lonE7: 0)], most: 10)
        #expect(rows(Array(open.take().readableBytesView)).map(\.malformed) == [true, true])
    }
}

@Suite struct RiderFixTests {
    @Test func `degrees and metres become the units that are stored`() {
        let fix = RiderFix(
            rider: "a", tsMs: 5, latDegrees: 37.5665, lonDegrees: -126.978,
            speedMetersPerSecond: 4.2,
            headingDegrees: 359.994, accuracyMeters: 5.25, altitudeMeters: -3.04, source: .gps)
        #expect(
            fix.fix
                == Fix(
                    tsMs: 5, latE7: 375_665_000, lonE7: -1_269_780_000, speedCms: 420,
                    headingCdeg: 35_999, accuracyDm: 53, altitudeDm: -30, source: .gps))
        #expect(fix.latDegrees == 37.5665 && fix.lonDegrees == -126.978)
        #expect(fix.speedMetersPerSecond == 4.2 && fix.source == .gps)
        let bare = RiderFix(rider: "a", tsMs: 5, latDegrees: 0, lonDegrees: 0)
        #expect(bare.speedMetersPerSecond == nil && bare.fix.speedCms == Fix.absent)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300, 300, -300])
    func `what no field can be is out of range to the server as well`(value: Double) {
        var open = OpenBatch(seed: 1)
        let fixes = [
            RiderFix(rider: "a", tsMs: 1, latDegrees: value, lonDegrees: 0),
            RiderFix(
                rider: "a", tsMs: 1, latDegrees: 0, lonDegrees: 0,
                speedMetersPerSecond: abs(value) < 301 ? -1 : value),
        ]
        _ = open.append(fixes[...], most: 10)
        let read = rows(Array(open.take().readableBytesView))
        #expect(read.map(\.malformed) == [true, false])
        #expect(read[1].fix.speedCms == Fix.absent)
    }
}

@Suite struct BackoffTests {
    @Test func `endpoints take turns without a wait, rounds wait longer and longer`() {
        var backoff = Backoff(endpoints: 3, minMs: 10, maxMs: 100, seed: 1)
        var tried: [Int] = []
        var waits: [Int] = []
        for _ in 0..<18 {
            tried.append(backoff.endpoint)
            waits.append(backoff.failed())
        }
        #expect(tried == (0..<18).map { $0 % 3 })
        for (at, bound) in [10, 20, 40, 80, 100, 100].enumerated() {
            #expect(waits[3 * at] == 0 && waits[3 * at + 1] == 0)
            #expect((bound / 2...bound).contains(waits[3 * at + 2]))
        }
        backoff.succeeded()
        #expect(backoff.failures == 0)
    }

    @Test func `a thousand clients do not come back together`() {
        let waits = (0..<1_000).map { seed -> Int in
            var backoff = Backoff(endpoints: 1, minMs: 1_000, maxMs: 5_000, seed: UInt64(seed))
            return backoff.failed()
        }
        #expect(Set(waits).count > 300)
        #expect(waits.allSatisfy { (500...1_000).contains($0) })
    }
}
