import ScriptedServer
import Synchronization
import TachoWire
import Testing

@testable import TachoClient

/// What a client says of points in the rarer cases, and what must not stop it.
@Suite struct ClientGuardTests {
    private static func append(_ engine: FakeEngine) async throws -> PointOutcome? {
        let client = try TachoClient(testConfiguration(try engine.start()))
        let receipt = try await client.append(contentsOf: testFixes(1))
        await client.shutdown(graceMs: 1_000)
        return receipt[0]
    }

    @Test func `a refusal of what was sent before says that it may be stored`() async throws {
        let engine = FakeEngine { put in put == 1 ? .lostAnswer : .error("NOPERM now") }
        let outcome = try await Self.append(engine)
        #expect(outcome == .refused(reason: "NOPERM now", mayBeStored: true))
    }

    @Test func `what was sent again for overload alone is not called resent`() async throws {
        let engine = FakeEngine { put in put < 3 ? .tryAgain : .none }
        let outcome = try await Self.append(engine)
        #expect(outcome == .stored([]))
        #expect(engine.puts == 3)
    }

    @Test func `no server makes a client wait for more than an hour`() throws {
        let hourNs: UInt64 = 3_600_000_000_000
        var outbox = Outbox(Outbox.Limits(), seed: 1)
        #expect(outbox.append(testFixes(1)[...], .tickets(from: 0), nowNs: 5) == 1)
        outbox.connected()
        #expect(outbox.nextToSend(nowNs: 5) != nil)
        let answer = BatchAnswer.tryAgain(afterMs: .max, reason: "")
        #expect(outbox.answered(answer, nowNs: 5) == nil)
        #expect(outbox.nextDeadlineNs == 5 + hourNs)
        #expect(
            ClientError.errorReply("TRYAGAIN 99999999999999 x")
                == .tryAgain(afterMs: 3_600_000, reason: "x"))
    }

    @Test func `values that would overflow are refused by name`() {
        func defect(_ change: (inout TachoClientConfiguration) -> Void) -> String {
            var configuration = TachoClientConfiguration(endpoints: ["127.0.0.1:1"])
            change(&configuration)
            return configuration.defect ?? "none"
        }
        #expect(defect { _ in } == "none")
        #expect(defect { $0.deliveryTimeoutMs = .max }.contains("deliveryTimeoutMs"))
        #expect(defect { $0.maxBatchDelayMs = .max }.contains("maxBatchDelayMs"))
        #expect(defect { $0.replyTimeoutMs = .max }.contains("replyTimeoutMs"))
        #expect(defect { $0.pingIntervalMs = .max }.contains("pingIntervalMs"))
        #expect(defect { $0.connectTimeoutMs = .max }.contains("connectTimeoutMs"))
        #expect(defect { $0.maxBackoffMs = .max }.contains("maxBackoffMs"))
        func spoolDefect(_ change: (inout SpoolConfiguration) -> Void) -> String {
            var spool = SpoolConfiguration(directory: "/nowhere")
            change(&spool)
            return defect { $0.spool = spool }
        }
        #expect(spoolDefect { _ in } == "none")
        #expect(spoolDefect { $0.segmentBytes = .max }.contains("segmentBytes"))
        #expect(spoolDefect { $0.maxKeptBytes = -1 }.contains("maxKeptBytes"))
        // A batch of 25,000 points may be as long as 1 MiB.
        let small = { (spool: inout SpoolConfiguration) in
            spool.segmentBytes = 1 << 16
            spool.maxBytes = 1 << 17
        }
        var tight = SpoolConfiguration(directory: "/nowhere")
        small(&tight)
        #expect(
            defect {
                $0.maxBatchPoints = 25_000
                $0.spool = tight
            }.contains("maxBytes"))
    }

    /// Gives points from the spool's own thread each time some were written, so that there are always
    /// more to write.
    private final class Feeder: TachoClientMetrics {
        private struct State {
            var client: TachoClient?
            var syncs = 0
            var delivering = 0
        }

        private let state = Mutex(State())
        static let rounds = 20
        var delivering: Int { state.withLock { $0.delivering } }
        var isDone: Bool { state.withLock { $0.syncs >= Self.rounds } }

        func begin(_ client: TachoClient?) { state.withLock { $0.client = client } }

        func spoolSynced(nanoseconds: UInt64, points: Int) {
            let (client, number) = state.withLock { state in
                state.syncs += 1
                return (state.client, state.syncs)
            }
            guard let client, number <= Self.rounds else { return }
            if number < Self.rounds {
                _ = try? client.trySubmit(testFixes(1, from: number))
            } else {
                let delivering = client.core.state.withLock { $0.outbox.delivering }
                state.withLock { $0.delivering = delivering }
            }
        }
    }

    @Test func `points that keep coming into a spool do not keep those in it from leaving`()
        async throws
    {
        try await withDirectory { directory in
            let server = try FakeEngine { _ in .silence }.start()
            var configuration = testConfiguration(server)
            configuration.spool = SpoolConfiguration(directory: directory)
            let feeder = Feeder()
            configuration.metrics = feeder
            let client = try TachoClient(configuration)
            feeder.begin(client)
            try await client.submit(testFixes(1))
            for _ in 0..<500 where !feeder.isDone { try await Task.sleep(for: .milliseconds(10)) }
            #expect(feeder.isDone && feeder.delivering > 0)
            feeder.begin(nil)
            await client.shutdown(graceMs: 10)
        }
    }

    @Test func `a client with a spool is gone when it is shut down`() async throws {
        try await withDirectory { directory in
            let server = try FakeEngine().start()
            var configuration = testConfiguration(server)
            configuration.spool = SpoolConfiguration(directory: directory)
            weak var link: Link?
            do {
                let client = try TachoClient(configuration)
                link = client.link
                try await client.append(testFixes(1)[0])
                await client.shutdown()
            }
            for _ in 0..<500 where link != nil { try await Task.sleep(for: .milliseconds(10)) }
            #expect(link == nil)
        }
    }

    @Test func `points dropped from a full spool have an outcome like all others`() async throws {
        try await withDirectory { directory in
            let isDown = Mutex(true)
            let engine = FakeEngine { _ in isDown.withLock { $0 } ? .tryAgain : .none }
            var configuration = testConfiguration(try engine.start())
            configuration.maxPointsInFlight = 100
            var spool = SpoolConfiguration(directory: directory)
            spool.segmentBytes = 1 << 16
            spool.maxBytes = 1 << 17
            spool.whenFull = .dropOldest
            configuration.spool = spool
            let outcomes = Mutex<[UInt64: [PointOutcome]]>([:])
            configuration.onDelivery = { delivery in
                outcomes.withLock {
                    for (ticket, outcome) in zip(delivery.tickets ?? 0..<0, delivery.outcomes) {
                        $0[ticket, default: []].append(outcome)
                    }
                }
            }
            let client = try TachoClient(configuration)
            for at in 0..<60 { try await client.submit(testFixes(100, from: at * 100)) }
            isDown.withLock { $0 = false }
            #expect(await client.shutdown() == .init(notDelivered: 0, leftInSpool: 0))
            let told = outcomes.withLock { $0 }
            #expect(told.count == 6_000 && told.values.allSatisfy { $0.count == 1 })
            let dropped = told.values.count { !$0[0].isStored }
            #expect(dropped > 0 && dropped == client.statistics.pointsFailed)
            #expect(dropped <= client.statistics.spoolDropped)
        }
    }
}
