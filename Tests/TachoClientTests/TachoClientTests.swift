import Foundation
import ScriptedServer
import Synchronization
import TachoGeo
import TachoWire
import Testing

@testable import TachoClient

/// The client against servers that misbehave.
@Suite struct TachoClientTests {
    /// Runs `body` with a client and its deliveries, and shuts it down.
    private static func withClient(
        _ configuration: TachoClientConfiguration, _ body: (TachoClient) async throws -> Void
    ) async throws -> (deliveries: [Delivery], events: [TachoClientEvent]) {
        let deliveries = Kept<Delivery>()
        let events = Kept<TachoClientEvent>()
        var configuration = configuration
        configuration.onDelivery = { deliveries.add($0) }
        configuration.onEvent = { events.add($0) }
        let client = try TachoClient(configuration)
        do {
            try await body(client)
        } catch {
            await client.shutdown(graceMs: 100)
            throw error
        }
        await client.shutdown(graceMs: 5_000)
        return (deliveries.all, events.all)
    }

    final class Kept<Value: Sendable>: Sendable {
        private let values = Mutex<[Value]>([])
        func add(_ value: Value) { values.withLock { $0.append(value) } }
        var all: [Value] { values.withLock { $0 } }
    }

    /// Tickets of deliveries, each once, with what became of them.
    private static func outcomes(_ deliveries: [Delivery]) -> [UInt64: PointOutcome] {
        var outcomes: [UInt64: PointOutcome] = [:]
        for delivery in deliveries {
            guard let tickets = delivery.tickets else { continue }
            for (ticket, outcome) in zip(tickets, delivery.outcomes) {
                #expect(outcomes[ticket] == nil, "ticket \(ticket) twice")
                outcomes[ticket] = outcome
            }
        }
        return outcomes
    }

    @Test func `a point that is waited for is stored when append returns`() async throws {
        let engine = FakeEngine()
        let server = try engine.start()
        _ = try await Self.withClient(testConfiguration(server)) { client in
            let receipt1 = try await client.append(testFixes(1)[0])
            #expect(receipt1 == .stored([]))
            #expect(engine.storedCount == 1)
            let receipt2 = try await client.append(testFixes(1)[0])
            #expect(receipt2 == .stored(.duplicate))
            await #expect(throws: TachoAppendError.malformed) {
                try await client.append(
                    RiderFix(rider: "a", tsMs: 1, latDegrees: 91, lonDegrees: 0))
            }
        }
    }

    @Test func `outcomes of a call are those of its points`() async throws {
        let engine = FakeEngine()
        let server = try engine.start()
        var configuration = testConfiguration(server)
        configuration.maxPointsInFlight = 25
        _ = try await Self.withClient(configuration) { client in
            var fixes = testFixes(95)
            fixes[17] = RiderFix(rider: "a", tsMs: 1, latDegrees: 91, lonDegrees: 0)
            fixes[60] = fixes[3]
            fixes[94] = fixes[93]
            let receipt = try await client.append(contentsOf: fixes)
            #expect(receipt.count == 95 && receipt.exceptions.map(\.index) == [17, 60, 94])
            #expect(receipt[17] == .malformed && receipt[60] == .stored(.duplicate))
            #expect(receipt[0] == .stored([]) && !receipt.isComplete)
            let nothing = try await client.append(contentsOf: [])
            #expect(nothing.count == 0)
        }
        #expect(engine.storedCount == 92)
    }

    @Test func `tickets match the points, whatever the server does`() async throws {
        for seed in 1...12 {
            let generator = Mutex(SeededGenerator(seed: UInt64(seed)))
            let engine = FakeEngine { _ in
                switch generator.withLock({ $0.next() % 12 }) {
                case 0: .lostAnswer
                case 1: .lostRequest
                case 2: .tryAgain
                default: .none
                }
            }
            let server = try engine.start()
            var configuration = testConfiguration(server)
            configuration.maxPointsInFlight = 60
            configuration.maxBatchesInFlight = 4
            var taken = 0
            let (deliveries, _) = try await Self.withClient(configuration) { client in
                while taken < 600 {
                    let count = 1 + taken % 37
                    let tickets = try await client.submit(testFixes(count, from: taken))
                    #expect(tickets == UInt64(taken)..<UInt64(taken + count))
                    taken += count
                }
            }
            let outcomes = Self.outcomes(deliveries)
            #expect(outcomes.count == taken, "seed \(seed)")
            let stored = outcomes.values.filter(\.isStored).count
            #expect(stored == taken, "seed \(seed)")
            // None doubled, none lost: and what was sent again says so.
            #expect(engine.storedCount == taken, "seed \(seed)")
            let state = engine.state.withLock { $0 }
            #expect(state.olderErrors == 0, "seed \(seed)")
            let resent = outcomes.values.filter {
                if case .stored(let it) = $0 { it.contains(.resent) } else { false }
            }
            #expect(!resent.isEmpty, "seed \(seed)")
        }
    }

    @Test func `without refusals and losses a rider's fixes arrive in their order`() async throws {
        let engine = FakeEngine { put in put % 5 == 0 ? .lostAnswer : .none }
        let server = try engine.start()
        _ = try await Self.withClient(testConfiguration(server)) { client in
            for at in 0..<40 { try await client.submit(testFixes(7, from: at * 7)) }
        }
        let order = engine.state.withLock { $0.order.map(\.tsMs) }
        #expect(order == order.sorted() && order.count == 280)
    }

    @Test func `a lost answer is asked of the session, and is no duplicate`() async throws {
        let engine = FakeEngine { put in put == 1 ? .lostAnswer : .none }
        let server = try engine.start()
        _ = try await Self.withClient(testConfiguration(server)) { client in
            let receipt3 = try await client.append(testFixes(1)[0])
            #expect(receipt3 == .stored(.resent))
            #expect(client.statistics.pointsResent == 1)
        }
        #expect(engine.state.withLock { $0.memoryAnswers } == 1)
    }

    @Test func `over a restart of the server it is a duplicate that was resent`() async throws {
        let engine = FakeEngine { put in put == 1 ? .lostAnswer : .killedBefore }
        let server = try engine.start()
        _ = try await Self.withClient(testConfiguration(server)) { client in
            let receipt = try await client.append(testFixes(1)[0])
            #expect(receipt == .stored([.resent, .duplicate]))
        }
        #expect(engine.storedCount == 1)
    }

    @Test func `the next endpoint takes over where one is gone`() async throws {
        let engine = FakeEngine()
        let first = try engine.start()
        let second = try engine.start()
        let (deliveries, events) = try await Self.withClient(testConfiguration(first, second)) {
            client in
            try await client.append(contentsOf: testFixes(5))
            try first.stop()
            // Its connection goes on; what comes next ends it.
            try await client.submit(testFixes(5, from: 5))
        }
        #expect(Self.outcomes(deliveries).count == 5 && engine.storedCount == 10)
        #expect(events.contains(.connected(endpoint: first.address.description)))
        let dead = try ScriptedServer.start { _, _ in .hangUp }
        let (_, again) = try await Self.withClient(testConfiguration(dead, second)) { client in
            try await client.append(testFixes(1, from: 10)[0])
        }
        #expect(again.contains(.connected(endpoint: second.address.description)))
    }

    @Test func `a half-open connection is noticed and left`() async throws {
        let engine = FakeEngine { put in put == 1 ? .silence : .none }
        let server = try engine.start()
        var configuration = testConfiguration(server)
        configuration.replyTimeoutMs = 100
        let (_, events) = try await Self.withClient(configuration) { client in
            let receipt5 = try await client.append(testFixes(1)[0])
            #expect(receipt5 == .stored(.resent))
        }
        #expect(
            events.contains {
                if case .disconnected(_, "no answer within 100 ms", _) = $0 { true } else { false }
            })
    }

    @Test func `an idle connection is asked whether it is there`() async throws {
        let pings = Mutex(0)
        let engine = FakeEngine(other: { _, words in
            guard words[0] == "PING" else { return nil }
            // The first is the greeting.
            return pings.next() == 2 ? .silence : .bytes("+PONG\r\n")
        })
        let server = try engine.start()
        var configuration = testConfiguration(server)
        configuration.pingIntervalMs = 30
        configuration.replyTimeoutMs = 60
        let (_, events) = try await Self.withClient(configuration) { _ in
            try await Task.sleep(for: .milliseconds(400))
        }
        #expect(events.count { if case .connected = $0 { true } else { false } } >= 2)
    }

    @Test func `what cannot be delivered in time is reported, and may be stored if it was sent`()
        async throws
    {
        let engine = FakeEngine { _ in .lostAnswer }
        let server = try engine.start()
        var configuration = testConfiguration(server)
        configuration.deliveryTimeoutMs = 150
        _ = try await Self.withClient(configuration) { client in
            let error = await #expect(throws: TachoAppendError.self) {
                try await client.append(testFixes(1)[0])
            }
            guard case .notDelivered(_, mayBeStored: true)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        let nobody = try ScriptedServer.start { _, _ in .silence }
        try nobody.stop()
        var unreachable = testConfiguration(nobody)
        unreachable.deliveryTimeoutMs = 100
        _ = try await Self.withClient(unreachable) { client in
            let receipt = try await client.append(contentsOf: testFixes(30))
            #expect(receipt.exceptions.count == 30)
            guard case .notDelivered(let reason, mayBeStored: false)? = receipt[0] else {
                Issue.record("\(String(describing: receipt[0]))")
                return
            }
            #expect(reason.contains("connection refused"), "\(reason)")
        }
    }

    @Test(arguments: ["NOPERM User kim has no permissions", "NOAUTH Authentication required."])
    func `a refusal is reported in the server's words and not tried again`(line: String)
        async throws
    {
        let engine = FakeEngine { put in put == 1 ? .error(line) : .none }
        let server = try engine.start()
        _ = try await Self.withClient(testConfiguration(server)) { client in
            await #expect(throws: TachoAppendError.refused(reason: line, mayBeStored: false)) {
                try await client.append(testFixes(1)[0])
            }
            let receipt6 = try await client.append(testFixes(1)[0])
            #expect(receipt6 == .stored([]))
        }
        #expect(engine.puts == 2)
    }

    @Test func `a server that stops is left, and its successor gets the batch`() async throws {
        let engine = FakeEngine { put in put == 1 ? .error("ERR stopped: closing") : .none }
        let server = try engine.start()
        _ = try await Self.withClient(testConfiguration(server)) { client in
            let receipt7 = try await client.append(testFixes(1)[0])
            #expect(receipt7 == .stored(.resent))
        }
    }

    @Test func `a wrong password refuses what waits, and does not hammer`() async throws {
        let logins = Mutex(0)
        let engine = FakeEngine(other: { _, words in
            guard words[0] == "AUTH" else { return nil }
            logins.withLock { $0 += 1 }
            return .bytes("-WRONGPASS invalid username-password pair\r\n")
        })
        let server = try engine.start()
        var configuration = testConfiguration(server)
        configuration.credentials = TachoCredentials(user: "kim", password: "x")
        configuration.maxBackoffMs = 60_000
        let (_, events) = try await Self.withClient(configuration) { client in
            let error = await #expect(throws: TachoAppendError.self) {
                try await client.append(testFixes(1)[0])
            }
            guard case .refused? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            // What comes later is refused at once, without another login.
            let receipt = try await client.append(contentsOf: testFixes(3))
            #expect(receipt.exceptions.count == 3)
        }
        #expect(logins.withLock { $0 } == 1)
        #expect(events.contains { if case .loginRefused = $0 { true } else { false } })
    }

    @Test func `it logs in before anything else`() async throws {
        let engine = FakeEngine()
        let server = try engine.start()
        var configuration = testConfiguration(server)
        configuration.credentials = TachoCredentials(user: "kim", password: "a b")
        _ = try await Self.withClient(configuration) { client in
            try await client.append(testFixes(1)[0])
        }
        #expect(engine.state.withLock { $0.requests.first } == ["AUTH", "kim", "a b"])
    }

    @Test func `no more than the bound is in memory, and none is lost by it`() async throws {
        let engine = FakeEngine()
        let server = try engine.start()
        var configuration = testConfiguration(server)
        configuration.maxPointsInFlight = 20
        let (deliveries, _) = try await Self.withClient(configuration) { client in
            #expect(try client.trySubmit(testFixes(21)) == nil)
            try await withThrowingTaskGroup { group in
                for task in 0..<8 {
                    group.addTask {
                        for at in 0..<20 {
                            try await client.submit(testFixes(13, from: (task * 20 + at) * 13))
                            #expect(client.statistics.pointsInFlight <= 20)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(Self.outcomes(deliveries).count == 8 * 20 * 13)
        #expect(engine.storedCount == 8 * 20 * 13)
    }

    @Test func `a closed client says so, and shutting down delivers what was taken`() async throws {
        let engine = FakeEngine()
        let server = try engine.start()
        var configuration = testConfiguration(server)
        configuration.maxBatchDelayMs = 10_000
        let deliveries = Kept<Delivery>()
        configuration.onDelivery = { deliveries.add($0) }
        let client = try TachoClient(configuration)
        try await client.submit(testFixes(33))
        let report = await client.shutdown()
        #expect(report == .init(notDelivered: 0, leftInSpool: 0))
        #expect(Self.outcomes(deliveries.all).count == 33 && engine.storedCount == 33)
        await #expect(throws: TachoAppendError.closed) { try await client.append(testFixes(1)[0]) }
        await #expect(throws: TachoAppendError.closed) { try await client.submit(testFixes(1)) }
        await #expect(throws: TachoReadError.closed) { try await client.latest("r0") }
        _ = await client.shutdown()
    }

    @Test func `a server that never answers does not hold a shutdown`() async throws {
        let engine = FakeEngine { _ in .silence }
        let server = try engine.start()
        let deliveries = Kept<Delivery>()
        var configuration = testConfiguration(server)
        configuration.onDelivery = { deliveries.add($0) }
        let client = try TachoClient(configuration)
        try await client.submit(testFixes(33))
        let report = await client.shutdown(graceMs: 100)
        #expect(report.notDelivered == 33)
        let outcomes = Self.outcomes(deliveries.all)
        #expect(outcomes.count == 33)
        #expect(
            outcomes[0]
                == .notDelivered(reason: "the client was shut down", mayBeStored: true))
    }

    @Test func `a client that is dropped reports what it held`() async throws {
        let engine = FakeEngine { _ in .silence }
        let server = try engine.start()
        let deliveries = Kept<Delivery>()
        var configuration = testConfiguration(server)
        configuration.onDelivery = { deliveries.add($0) }
        do {
            let client = try TachoClient(configuration)
            try await client.submit(testFixes(33))
        }
        for _ in 0..<500 where Self.outcomes(deliveries.all).count < 33 {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(Self.outcomes(deliveries.all).count == 33)
    }

    @Test func `a configuration that makes no sense is refused by name`() throws {
        func defect(_ change: (inout TachoClientConfiguration) -> Void) -> String? {
            var configuration = TachoClientConfiguration(endpoints: ["127.0.0.1:1"])
            change(&configuration)
            do {
                _ = try TachoClient(configuration)
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(defect { $0.endpoints = [] }?.contains("no endpoint") == true)
        #expect(defect { $0.endpoints = ["x"] }?.contains("x is no endpoint") == true)
        #expect(defect { $0.maxBatchPoints = 0 }?.contains("maxBatchPoints") == true)
        #expect(defect { $0.replyTimeoutMs = 0 }?.contains("replyTimeoutMs") == true)
        #expect(
            defect { $0.tls = TachoTLS(authoritiesFile: "/nowhere.pem") }?.contains("/nowhere.pem")
                == true)
        #expect(
            defect { $0.spool = SpoolConfiguration(directory: "/proc/nowhere/spool") }?
                .contains("/proc/nowhere") == true)
    }
}

/// The client with a spool.
@Suite struct SpooledClientTests {
    @Test func `what is accepted without a server arrives by the next client`() async throws {
        try await withDirectory { directory in
            let nobody = try ScriptedServer.start { _, _ in .silence }
            try nobody.stop()
            var configuration = testConfiguration(nobody)
            configuration.spool = SpoolConfiguration(directory: directory)
            let client = try TachoClient(configuration)
            let receipt8 = try await client.append(testFixes(1)[0])
            #expect(receipt8 == .spooled)
            let receipt = try await client.append(contentsOf: testFixes(500, from: 1))
            #expect(receipt.spooled == 500 && receipt.isComplete && receipt[7] == nil)
            let report = await client.shutdown(graceMs: 20)
            #expect(report == .init(notDelivered: 0, leftInSpool: 501))

            let engine = FakeEngine { put in put % 7 == 3 ? .lostAnswer : .none }
            let server = try engine.start()
            let recovered = Mutex(0)
            var next = testConfiguration(server)
            next.spool = configuration.spool
            next.onDelivery = { delivery in
                #expect(delivery.tickets == nil)
                recovered.withLock { $0 += delivery.count }
            }
            let second = try TachoClient(next)
            let receipt10 = try await second.append(testFixes(1, from: 501)[0])
            #expect(receipt10 == .spooled)
            #expect(await second.shutdown() == .init(notDelivered: 0, leftInSpool: 0))
            #expect(engine.storedCount == 502 && recovered.withLock { $0 } == 502)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["lock"])
        }
    }

    @Test func `memory is bounded while the spool grows, and order is kept`() async throws {
        try await withDirectory { directory in
            let isDown = Mutex(true)
            let engine = FakeEngine { _ in isDown.withLock { $0 } ? .tryAgain : .none }
            let server = try engine.start()
            var configuration = testConfiguration(server)
            configuration.maxPointsInFlight = 100
            configuration.spool = SpoolConfiguration(directory: directory)
            let tickets = Mutex<Set<UInt64>>([])
            configuration.onDelivery = { delivery in
                tickets.withLock { $0.formUnion(Array(delivery.tickets ?? 0..<0)) }
            }
            let client = try TachoClient(configuration)
            for at in 0..<50 {
                try await client.submit(testFixes(40, from: at * 40))
                #expect(client.statistics.pointsInFlight <= 220)
            }
            isDown.withLock { $0 = false }
            #expect(await client.shutdown() == .init(notDelivered: 0, leftInSpool: 0))
            let order = engine.state.withLock { $0.order.map(\.tsMs) }
            #expect(order.count == 2_000 && order == order.sorted())
            #expect(tickets.withLock { $0.count } == 2_000)
        }
    }

    @Test func `a full spool refuses the points, and takes others again later`() async throws {
        try await withDirectory { directory in
            let isDown = Mutex(true)
            let engine = FakeEngine { _ in isDown.withLock { $0 } ? .tryAgain : .none }
            let server = try engine.start()
            var configuration = testConfiguration(server)
            var spool = SpoolConfiguration(directory: directory)
            spool.segmentBytes = 1 << 16
            spool.maxBytes = 1 << 17
            configuration.spool = spool
            let client = try TachoClient(configuration)
            var refused: PointOutcome?
            var accepted = 0
            for at in 0..<100 where refused == nil {
                let receipt = try await client.append(contentsOf: testFixes(100, from: at * 100))
                accepted += receipt.spooled
                refused = receipt.exceptions.first?.outcome
            }
            guard case .notDelivered(let reason, mayBeStored: false)? = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            #expect(reason.contains("full"))
            isDown.withLock { $0 = false }
            #expect(await client.shutdown() == .init(notDelivered: 0, leftInSpool: 0))
            #expect(engine.storedCount == accepted)
        }
    }

    @Test func `a user who is not let in keeps his points`() async throws {
        try await withDirectory { directory in
            let engine = FakeEngine(other: { _, words in
                words[0] == "AUTH" ? .bytes("-WRONGPASS invalid\r\n") : nil
            })
            let server = try engine.start()
            var configuration = testConfiguration(server)
            configuration.credentials = TachoCredentials(user: "kim", password: "x")
            configuration.spool = SpoolConfiguration(directory: directory)
            let client = try TachoClient(configuration)
            let receipt9 = try await client.append(testFixes(1)[0])
            #expect(receipt9 == .spooled)
            #expect(await client.shutdown(graceMs: 50).leftInSpool == 1)
        }
    }
}

/// Figures.
@Suite struct ClientMetricsTests {
    private final class Shown: TachoClientMetrics {
        struct Counts: Equatable {
            var appended = 0
            var acknowledged = 0
            var duplicates = 0
            var failed = 0
            var batches = 0
            var resends = 0
            var trips = 0
            var connected = 0
            var disconnected = 0
        }

        private let state = Mutex(Counts())
        var counts: Counts { state.withLock { $0 } }

        func pointsAppended(_ count: Int) { state.withLock { $0.appended += count } }

        func pointsAcknowledged(_ count: Int, duplicates: Int) {
            state.withLock { state in
                state.acknowledged += count
                state.duplicates += duplicates
            }
        }

        func pointsFailed(_ count: Int) { state.withLock { $0.failed += count } }

        func batchSent(points: Int, bytes: Int, isResend: Bool) {
            state.withLock { state in
                state.batches += 1
                state.resends += isResend ? 1 : 0
            }
        }

        func roundTrip(nanoseconds: UInt64, points: Int) { state.withLock { $0.trips += 1 } }
        func connected(endpoint: String) { state.withLock { $0.connected += 1 } }
        func disconnected(endpoint: String) { state.withLock { $0.disconnected += 1 } }
    }

    @Test func `hooks and statistics count the same, once a batch`() async throws {
        let engine = FakeEngine { put in put == 2 ? .lostAnswer : .none }
        let server = try engine.start()
        var configuration = testConfiguration(server)
        let shown = Shown()
        configuration.metrics = shown
        let client = try TachoClient(configuration)
        var fixes = testFixes(40)
        fixes[30] = RiderFix(rider: "", tsMs: 1, latE7: 0, lonE7: 0)
        try await client.append(contentsOf: fixes)
        let again = try await client.append(testFixes(1)[0])
        #expect(again == .stored(.duplicate))
        await client.shutdown()
        let (counts, statistics) = (shown.counts, client.statistics)
        #expect(counts.appended == 41 && statistics.pointsAppended == 41)
        #expect(counts.acknowledged == 40 && statistics.pointsAcknowledged == 40)
        #expect(counts.failed == 1 && statistics.pointsFailed == 1)
        #expect(counts.duplicates == statistics.pointsDuplicate && counts.duplicates >= 1)
        #expect(counts.batches == statistics.batchesSent && counts.resends > 0)
        #expect(statistics.pointsResent >= counts.resends)
        #expect(counts.trips == Int(statistics.roundTrips.total))
        #expect(counts.connected == 2 && counts.disconnected == 2)
        #expect(statistics.connections == 2 && statistics.pointsInFlight == 0)
        #expect(statistics.roundTrips.quantileMs(0.5) != nil)
    }
}
