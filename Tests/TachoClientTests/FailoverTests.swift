import ScriptedServer
import Synchronization
import TachoWire
import Testing

@testable import TachoClient

/// Questions and streams when endpoints take connections and are no use, or say that they are full.
@Suite struct FailoverTests {
    private static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

    private static func array(_ parts: [String]) -> String {
        "*\(parts.count)\r\n" + parts.joined()
    }

    private static func message(_ tsMs: Int) -> String {
        let json =
            #"{"rider":"a","ts":\#(tsMs),"lat":37.5665000,"lon":-126.9780000,"speed":null,"#
            + #""heading":90.5,"acc":null,"verdict":"ok","cell":"89","alt":null,"src":null,"#
            + #""recv_ms":9}"#
        return array([bulk("message"), bulk("pos:a"), bulk(json)])
    }

    private static func alert(_ id: String) -> String {
        let fields = [
            "rider", "r", "ts_ms", "5", "at_recv_ms", "9", "code", "TELEPORT", "severity", "crit",
            "verdict", "hold:TELEPORT", "evidence", "{}",
        ]
        let entry = array([bulk(id), array(fields.map(bulk))])
        return array([array([bulk("alerts"), array([entry])])])
    }

    private static let nobody = "*-1\r\n"
    /// What a server says that is full, or stops.
    static let passing = [
        "ERR max number of clients reached", "ERR the server stops", "ERR stopped: closing",
    ]

    private static func withClient(
        _ servers: [ScriptedServer], _ body: (TachoClient) async throws -> Void
    ) async throws {
        var configuration = testConfiguration(servers[0])
        configuration.endpoints = servers.map { $0.address.description }
        // No test waits for it; a machine that is busy may.
        configuration.replyTimeoutMs = 30_000
        configuration.connectTimeoutMs = 30_000
        let client = try TachoClient(configuration)
        do {
            try await body(client)
        } catch {
            await client.shutdown(graceMs: 100)
            throw error
        }
        await client.shutdown(graceMs: 100)
    }

    @Test func `an endpoint that takes connections and ends them is left`() async throws {
        let bad = try ScriptedServer.start { _, words in
            words[0] == "T.GET" ? .hangUp : .bytes("+OK\r\n")
        }
        let good = try ScriptedServer.start { _, words in
            words[0] == "T.GET" ? .bytes(Self.nobody) : .bytes("+OK\r\n")
        }
        try await Self.withClient([bad, good]) { client in
            let position = try await client.latest("r")
            #expect(position == nil)
        }
    }

    @Test func `one that takes connections and is silent is left by the next question`()
        async throws
    {
        let bad = try ScriptedServer.start { _, words in
            words[0] == "T.GET" ? .silence : .bytes("+OK\r\n")
        }
        let good = try ScriptedServer.start { _, words in
            words[0] == "T.GET" ? .bytes(Self.nobody) : .bytes("+OK\r\n")
        }
        var configuration = testConfiguration(bad, good)
        configuration.replyTimeoutMs = 500
        let client = try TachoClient(configuration)
        // Not answered in time or, with what a rounded millisecond leaves, by the other one already.
        _ = try? await client.latest("r")
        // Once would do, were no machine ever busy.
        var isAnswered = false
        for _ in 0..<10 where !isAnswered {
            do {
                isAnswered = try await client.latest("r") == nil
            } catch TachoReadError.notReachable {
                continue
            }
        }
        #expect(isAnswered)
        await client.shutdown(graceMs: 100)
    }

    @Test func `an attempt that fails counts once, however many wait for it`() async throws {
        let logins = Mutex(0)
        let server = try ScriptedServer.start { _, words in
            if words[0] == "AUTH" { _ = logins.next() }
            return .silence
        }
        var configuration = testConfiguration(server)
        configuration.credentials = TachoCredentials(user: "kim", password: "x")
        configuration.connectTimeoutMs = 1_000
        configuration.replyTimeoutMs = 1_500
        let questions = Questions(configuration)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    await #expect(throws: TachoReadError.self) {
                        _ = try await questions.ask { $0.command("T.GET", "r") }
                    }
                }
            }
        }
        let attempts = logins.withLock { $0 }
        #expect(attempts > 0 && questions.failedAttempts == attempts)
        questions.close()
    }

    @Test func `a group that cannot be made costs one attempt`() async throws {
        let tries = Mutex(0)
        let bad = try ScriptedServer.start { _, words in
            guard words[0] == "XGROUP" else { return .bytes("+OK\r\n") }
            // In place of going round for ever.
            return tries.next() > 3 ? .bytes("-NOPERM the other was never asked\r\n") : .hangUp
        }
        let good = try ScriptedServer.start { _, words in
            switch words[0] {
            case "XREADGROUP": .bytes(words.last == ">" ? Self.alert("1-0") : Self.nobody)
            default: .bytes("+OK\r\n")
            }
        }
        try await Self.withClient([bad, good]) { client in
            for try await alert in client.alerts(group: "g", consumer: "c") {
                #expect(alert.id == "1-0")
                break
            }
        }
        #expect(tries.withLock { $0 } == 1)
    }

    @Test(arguments: passing)
    func `a server that is full or stops is asked again, and ends no stream`(line: String)
        async throws
    {
        let asked = Mutex(0)
        let subscribed = Mutex(0)
        let read = Mutex(0)
        let refusal = ScriptedServer.Answer.lastBytes("-\(line)\r\n")
        let server = try ScriptedServer.start { _, words in
            switch words[0] {
            case "T.GET": return asked.next() == 1 ? refusal : .bytes(Self.nobody)
            case "SUBSCRIBE":
                return subscribed.next() == 1 ? refusal : .bytes(Self.message(7))
            case "XREADGROUP":
                return read.next() == 1 ? refusal : .bytes(Self.alert("1-0"))
            default: return .bytes("+OK\r\n")
            }
        }
        try await Self.withClient([server]) { client in
            let position = try await client.latest("r")
            #expect(position == nil)
            for try await position in client.positions(of: ["a"]) {
                #expect(position.fix.tsMs == 7)
                break
            }
            for try await alert in client.alerts(group: "g", consumer: "c") {
                #expect(alert.id == "1-0")
                break
            }
        }
        #expect(asked.withLock { $0 } == 2 && subscribed.withLock { $0 } == 2)
    }

    @Test func `an error that nobody asked for is a lost connection`() async throws {
        let groups = Mutex(0)
        let server = try ScriptedServer.start { _, words in
            switch words[0] {
            case "XGROUP" where groups.next() == 1:
                .bytes("+OK\r\n-ERR max number of clients reached\r\n")
            case "XREADGROUP" where groups.withLock({ $0 }) == 1: .silence
            case "XREADGROUP": .bytes(Self.alert("1-0"))
            default: .bytes("+OK\r\n")
            }
        }
        try await Self.withClient([server]) { client in
            for try await alert in client.alerts(group: "g", consumer: "c") {
                #expect(alert.id == "1-0")
                break
            }
        }
        #expect(groups.withLock { $0 } == 2)
    }

    @Test func `more riders than one request names are followed all the same`() async throws {
        let requests = Mutex<[Int]>([])
        let server = try ScriptedServer.start { _, words in
            guard words[0] == "SUBSCRIBE" else { return .bytes("+OK\r\n") }
            let count = requests.withLock {
                $0.append(words.count - 1); return $0.count
            }
            return count < 3 ? .silence : .bytes(Self.message(7))
        }
        try await Self.withClient([server]) { client in
            for try await position in client.positions(of: (0..<2_500).map { "r\($0)" }) {
                #expect(position.fix.tsMs == 7)
                break
            }
            let tooMany = client.positions(of: (0..<10_001).map { "r\($0)" })
            let error = await #expect(throws: TachoReadError.self) {
                for try await _ in tooMany {}
            }
            #expect("\(String(describing: error))".contains("positions(matching:)"))
        }
        #expect(requests.withLock { $0 } == [1_024, 1_024, 452])
    }

    @Test func `login is a part of connecting`() async throws {
        let server = try ScriptedServer.start { _, _ in .silence }
        var configuration = testConfiguration(server)
        configuration.connectTimeoutMs = 100
        configuration.replyTimeoutMs = 80_000_000
        configuration.credentials = TachoCredentials(user: "kim", password: "x")
        let events = TachoClientTests.Kept<TachoClientEvent>()
        configuration.onEvent = { events.add($0) }
        let client = try TachoClient(configuration)
        func isTold() -> Bool {
            events.all.contains {
                if case .disconnected(_, "no answer within 100 ms", _) = $0 { true } else { false }
            }
        }
        for _ in 0..<500 where !isTold() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(isTold())
        await client.shutdown(graceMs: 10)
    }
}
