import Foundation
import Logging
import TachoAccess
import TachoEngine
import TachoServer
import TachoWire
import Testing

/// Rates, reviews, records, another file, and what is written in logs.
struct UserRulesTests {
    @Test func `a user's connections share a rate`() throws {
        let lines = ["user a role read rate 1/s burst 5 SECRET", "user b role read SECRET"]
        try withServer(accounts: try TestUsers.accounts(lines)) { server in
            let (first, second) = (try TestClient(server, as: "a"), try TestClient(server, as: "a"))
            var refused: String?
            for number in 0..<2_000 where refused == nil {
                let reply = try (number % 2 == 0 ? first : second).ask("T.GET", "r")
                refused = reply.errorText
                #expect(number >= 5 || refused == nil, "a burst of 5, and \(number) went")
            }
            let text = try #require(refused, "2,000 requests at 1 a second")
            #expect(text.hasPrefix("TRYAGAIN ") && text.hasSuffix("user a has used up its rate"))
            let other = try TestClient(server, as: "b")
            for _ in 0..<20 { #expect(try other.ask("T.GET", "r") == .null) }
        }
    }

    @Test func `a review is its speaker's`() throws {
        try withServer(accounts: try TestUsers.accounts()) { server in
            let writer = try TestClient(server, as: "ingest")
            // A fix of the year 3000 is an alert.
            _ = try writer.ask("T.ADD", "r", "32503680000000", "37.5", "127")
            let ops = try TestClient(server, as: "ops")
            let entries = try ops.ask("XRANGE", "alerts", "-", "+").elements ?? []
            let alert = try #require(entries.last?.elements?.first?.text)
            #expect(try ops.ask("T.ALERT", "ACK", alert).plain.contains("ops"))
            #expect(try ops.ask("T.ALERT", "ACK", alert, "BY", "ops").errorText == nil)
            #expect(
                try ops.ask("T.ALERT", "CONFIRM", alert, "BY", "kim").errorText
                    == "NOPERM User ops speaks for nobody else: leave BY out")
            let admin = try TestClient(server, as: "admin")
            #expect(try admin.ask("T.ALERT", "CONFIRM", alert, "BY", "kim").plain.contains("kim"))
        }
    }

    @Test func `look-ups of history by staff are on record before they are answered`() throws {
        var directory = ""
        try withServer(
            accounts: try TestUsers.accounts(), change: { directory = $0.directory + "/access" }
        ) { server in
            let auditor = try TestClient(server, as: "auditor")
            #expect(try auditor.ask("T.RANGE", "r7", "5", "+").errorText == nil)
            let lines = try FileManager.default.contentsOfDirectory(atPath: directory)
            let text = try String(contentsOfFile: directory + "/" + lines[0], encoding: .utf8)
            #expect(
                text.contains(
                    #""command":"T.RANGE","rider":"r7","arguments":["5","+"],"chain":""#))
            #expect(text.contains(#""user":"auditor","from":"127.0.0.1:"#))
            let reader = try TestClient(server, as: "read")
            #expect(try reader.ask("T.RANGE", "r7", "5", "+").errorText == nil)
            #expect(try auditor.ask("T.RANGE", "r7", "x", "+").errorText != nil)
            let admin = try TestClient(server, as: "admin")
            _ = try admin.ask("T.WHO", "CIRCLE", "1", "2", "3", "FROM", "4", "TO", "5")
            let report = try AccessLogCheck.verify(directory)
            #expect(report.lines == 2 && report.finding == nil)
        }
    }

    @Test func `another file closes who is gone and binds who is there`() throws {
        let lines = [
            "user stays role read SECRET", "user goes role read SECRET",
            "user loses role read,ops SECRET", "user hears role read SECRET",
        ]
        try withServer(accounts: try TestUsers.accounts(lines)) { server in
            let stays = try TestClient(server, as: "stays")
            let goes = try TestClient(server, as: "goes")
            let loses = try TestClient(server, as: "loses")
            let hears = try TestClient(server, as: "hears")
            #expect(try loses.ask("T.STATS").errorText == nil)
            #expect(try hears.ask("SUBSCRIBE", "pos:other:1").errorText == nil)
            let other = try PasswordHash.make(of: Array("new".utf8), rounds: 1_024).text
            server.reload(
                try TestUsers.accounts([
                    "user stays role read password \(other)",
                    "user loses role read riders own: SECRET",
                    "user hears role read riders own: SECRET", "user comes role admin SECRET",
                ]))
            #expect(goes.isClosedByServer())
            #expect(hears.isClosedByServer())
            #expect(try stays.ask("T.GET", "r") == .null)
            #expect(try loses.ask("T.STATS").errorText?.hasPrefix("NOPERM") == true)
            #expect(try loses.ask("T.GET", "r").errorText?.hasPrefix("NOPERM") == true)
            #expect(try loses.ask("T.GET", "own:1") == .null)
            let again = try TestClient(server)
            #expect(
                try again.ask("AUTH", "stays", "secret").errorText?.hasPrefix("WRONGPASS") == true)
            #expect(try again.ask("AUTH", "stays", "new") == .simple("OK"))
            _ = try TestClient(server, as: "comes")
        }
    }

    @Test func `no log and no slow log has positions, passwords or hashes`() throws {
        let log = CapturedLog()
        var limits = ServerLimits()
        limits.slowMicroseconds = 0
        try withServer(
            limits: limits, accounts: try TestUsers.accounts(),
            logger: Logger(label: "test") { _ in log }
        ) { server in
            let admin = try TestClient(server, as: "admin")
            let guess = try TestClient(server)
            _ = try guess.ask("AUTH", "admin", "hunter2hunter2")
            _ = try guess.ask("HELLO", "3", "AUTH", "admin", "hunter2hunter2")
            guess.send([0xFF, 0x00])
            _ = try? guess.receive()
            let position = ["37.7654321", "127.1234567"]
            _ = try admin.ask("T.ADD", "r", "\(testNowMs)", position[0], position[1], "SPEED", "x")
            _ = try admin.ask("T.ADD", "r", "\(testNowMs)", "137.7654321", position[1])
            _ = try admin.ask("T.NEARBY", position[0], position[1], "1000")
            _ = try admin.ask(
                "T.WHO", "CIRCLE", position[0], position[1], "9", "FROM", "-", "TO", "+")
            _ = try admin.ask(
                "T.FENCE", "SET", "f", "CIRCLE", position[0], position[1], "50", "X", "y")
            _ = try admin.ask(
                "GEOSEARCH", "live", "FROMLONLAT", position[1], position[0], "BYRADIUS",
                "1", "km")
            _ = try admin.ask("AUTH", "admin", "hunter2hunter2")
            server.reload(try TestUsers.accounts())
            let slow = try admin.ask("SLOWLOG", "GET", "-1")
            #expect((slow.elements?.count ?? 0) > 3)
            let told = "\(slow)" + log.lines.joined(separator: "\n")
            var shown = ""
            for entry in slow.elements ?? [] {
                shown += (entry.elements?[3].plain ?? []).joined(separator: " ") + "\n"
            }
            #expect(shown.contains("AUTH (redacted)"))
            for secret in ["7654321", "1234567", "hunter2", "secret", TestUsers.hash] {
                #expect(!shown.contains(secret), "\(secret) in \(shown)")
                #expect(!log.lines.joined(separator: "\n").contains(secret), "\(secret)")
            }
            #expect(!told.isEmpty && log.lines.contains { $0.contains("wrong password from") })
        }
    }

    @Test func `JSON log lines are JSON`() throws {
        let captured = Captured()
        var logger = Logger(label: "tachod") { label in
            JSONLogHandler(label: label) { line in captured.add(line) }
        }
        logger[metadataKey: "who"] = "\"k\u{1}im\""
        logger.warning("a \"line\"\nof two", metadata: ["n": "1"])
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(captured.all)) as? [String: Any])
        #expect(object["message"] as? String == "a \"line\"\nof two")
        #expect(object["who"] as? String == "\"k\u{1}im\"" && object["n"] as? String == "1")
        #expect(object["level"] as? String == "warning" && object["logger"] as? String == "tachod")
        #expect((object["time"] as? String)?.hasSuffix("Z") == true)
        #expect(captured.all.filter { $0 == 0x0A }.count == 1)
    }

    private final class Captured: @unchecked Sendable {
        private let lock = NSLock()
        private var bytes: [UInt8] = []

        func add(_ line: [UInt8]) { lock.withLock { bytes += line } }

        var all: [UInt8] { lock.withLock { bytes } }
    }
}
