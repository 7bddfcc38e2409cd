import Foundation
import TachoAccess
import TachoServer
import TachoWire
import Testing

/// Coming in, and what there is before.
struct LoginServerTests {
    private static let noAuth = "NOAUTH Authentication required."
    private static let wrong = "WRONGPASS invalid username-password pair or user is disabled."

    private func withUsers(
        _ lines: [String] = TestUsers.roles, limits: ServerLimits = ServerLimits(),
        _ body: (RespServer) throws -> Void
    ) throws {
        try withServer(limits: limits, accounts: try TestUsers.accounts(lines), body)
    }

    @Test func `before AUTH nothing is answered but how to log in`() throws {
        try withUsers { server in
            for name in CommandName.allCases {
                let client = try TestClient(server)
                let reply = try client.ask(name.rawValue, "x")
                switch name {
                case .quit: #expect(reply == .simple("OK"))
                case .reset: #expect(reply.errorText?.hasPrefix("ERR wrong number") == true)
                case .auth: #expect(reply.errorText == Self.wrong)
                case .hello: #expect(reply.errorText?.hasPrefix("ERR Protocol version") == true)
                default: #expect(reply.errorText == Self.noAuth, "\(name.rawValue)")
                }
            }
            let client = try TestClient(server)
            #expect(try client.ask("NOSUCH").errorText == Self.noAuth)
            #expect(try client.ask("HELLO", "3").errorText?.hasPrefix("NOAUTH HELLO must") == true)
            #expect(try client.ask("RESET") == .simple("RESET"))
            #expect(try client.ask("T.GET", "r").errorText == Self.noAuth)
        }
    }

    @Test func `AUTH in its forms, HELLO with it, and RESET logs out`() throws {
        let lines = TestUsers.roles + ["user default role read SECRET"]
        try withUsers(lines) { server in
            let client = try TestClient(server)
            #expect(try client.ask("AUTH", "secret") == .simple("OK"))
            #expect(try client.ask("ACL", "WHOAMI").text == "default")
            #expect(try client.ask("AUTH", "ops", "secret") == .simple("OK"))
            #expect(try client.ask("ACL", "WHOAMI").text == "ops")
            // A failure leaves what was.
            #expect(try client.ask("AUTH", "admin", "wrong").errorText == Self.wrong)
            #expect(try client.ask("ACL", "WHOAMI").text == "ops")
            #expect(try client.ask("CLIENT", "LIST").text?.contains("user=ops ") == true)
            #expect(try client.ask("RESET") == .simple("RESET"))
            #expect(try client.ask("ACL", "WHOAMI").errorText == Self.noAuth)
            let hello = try client.ask("HELLO", "3", "AUTH", "read", "secret", "SETNAME", "me")
            #expect(hello.elements?.count == 14 || hello.errorText == nil)
            #expect(try client.ask("CLIENT", "GETNAME").text == "me")
            let other = try TestClient(server)
            #expect(try other.ask("HELLO", "3", "AUTH", "read", "x").errorText == Self.wrong)
            #expect(try other.ask("HELLO", "2", "AUTH", "nobody", "secret").errorText == Self.wrong)
        }
    }

    @Test func `requests behind an AUTH wait for it`() throws {
        try withUsers { server in
            let client = try TestClient(server)
            client.send(
                request("AUTH", "ingest", "secret")
                    + request("T.ADD", "own:1", "\(testNowMs)", "37.5", "127")
                    + request("ACL", "WHOAMI"))
            let replies = try client.receive(3)
            #expect(replies[0] == .simple("OK") && replies[1] == .integer(0))
            #expect(replies[2].text == "ingest")
        }
    }

    @Test func `ACL shows users and roles, and never a hash`() throws {
        try withUsers { server in
            let client = try TestClient(server, as: "admin")
            let lines = try client.ask("ACL", "LIST").plain
            #expect(lines.count == TestUsers.roles.count)
            #expect(lines.contains("user read-own role read riders own: password (hidden)"))
            #expect(!lines.joined().contains("scrypt"))
            #expect(try client.ask("ACL", "CAT").plain == Role.allCases.map(\.rawValue))
            #expect(try client.ask("ACL", "CAT", "ops").plain.contains("client|kill"))
            #expect(try !client.ask("ACL", "CAT", "ops").plain.contains("t.seal"))
            #expect(
                try client.ask("ACL", "CAT", "boss").errorText?.contains("one of ingest") == true)
            #expect(try client.ask("ACL", "HELP").plain.count > 5)
        }
    }

    @Test func `little is taken before AUTH, and all of it after`() throws {
        try withUsers { server in
            let many = try TestClient(server)
            many.send(request([String](repeating: "x", count: 11)))
            #expect(try many.receive().errorText?.contains("unauthenticated multibulk") == true)
            #expect(many.isClosedByServer())
            let long = try TestClient(server)
            long.send("AUTH", "read", String(repeating: "x", count: 16_385))
            #expect(try long.receive().errorText?.contains("unauthenticated bulk") == true)
            #expect(long.isClosedByServer())
            let fits = try TestClient(server)
            let text = String(repeating: "x", count: 16_384)
            #expect(try fits.ask("AUTH", "read", text).errorText == Self.wrong)
            #expect(try fits.ask("AUTH", "read", "secret") == .simple("OK"))
            #expect(try fits.ask("ECHO", text + text).text == text + text)
            #expect(try fits.ask("RESET") == .simple("RESET"))
            fits.send("ECHO", text + text)
            #expect(try fits.receive().errorText?.contains("unauthenticated bulk") == true)
        }
    }

    @Test func `who asks on without AUTH, or says nothing, is closed`() throws {
        var limits = ServerLimits()
        limits.loginSeconds = 1
        try withUsers(limits: limits) { server in
            let talker = try TestClient(server)
            var ping: [UInt8] = []
            for _ in 0..<200 { ping += request("PING") }
            talker.send(ping)
            var errors = 0
            while let reply = try? talker.receive(), let text = reply.errorText {
                errors += 1
                #expect(text == Self.noAuth || text.hasPrefix("ERR too many requests before AUTH"))
            }
            #expect((20..<60).contains(errors), "\(errors) replies before it was closed")
            let silent = try TestClient(server)
            #expect(try silent.receive().errorText?.hasPrefix("ERR no AUTH within 1 s") == true)
            #expect(silent.isClosedByServer())
            let client = try TestClient(server, as: "read")
            #expect(try client.ask("PING") == .simple("PONG"))
        }
    }

    @Test func `RESET gives a stranger neither more replies nor more time`() throws {
        var limits = ServerLimits()
        limits.loginSeconds = 60
        try withUsers(limits: limits) { server in
            let many = try TestClient(server)
            many.send((0..<400).flatMap { _ in request("RESET") })
            var last: Reply?
            for _ in 0..<400 where last?.errorText == nil { last = try many.receive() }
            #expect(last?.errorText?.hasPrefix("ERR too many requests before AUTH") == true)
        }
        limits.loginSeconds = 1
        limits.outputBytesBeforeLogin = 1 << 20
        try withUsers(limits: limits) { server in
            let slow = try TestClient(server)
            var last: Reply?
            for _ in 0..<60 where last?.errorText == nil {
                last = try slow.ask("RESET")
                usleep(100_000)
            }
            #expect(last?.errorText?.hasPrefix("ERR no AUTH within 1 s") == true)
        }
    }

    @Test func `many clients that say the same password wait for one check`() throws {
        try withUsers { server in
            let clients = try (0..<200).map { _ in try TestClient(server) }
            for client in clients { client.send("AUTH", "read", "secret") }
            for client in clients { #expect(try client.receive() == .simple("OK")) }
        }
    }

    @Test func `a flood of passwords is bounded, and who knows his comes in meanwhile`() throws {
        var limits = ServerLimits()
        limits.loginSeconds = 60
        try withUsers(limits: limits) { server in
            _ = try TestClient(server, as: "read")
            let clients = try (0..<100).map { _ in try TestClient(server) }
            for (number, client) in clients.enumerated() {
                client.send("AUTH", "admin", "guess \(number)")
            }
            // Known to the server: no check is needed.
            let other = try TestClient(server, as: "read")
            #expect(try other.ask("PING") == .simple("PONG"))
            for client in clients {
                let text = try client.receive().errorText ?? ""
                #expect(text == Self.wrong || text.hasPrefix("TRYAGAIN 1000 too many"), "\(text)")
            }
        }
    }

    @Test func `without users all is as it was`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("ACL", "WHOAMI").text == "default")
            #expect(try client.ask("ACL", "LIST").plain.count == 1)
            #expect(try client.ask("T.STATS").errorText == nil)
            #expect(try client.ask("HELLO", "2", "AUTH", "default", "x").errorText == nil)
            #expect(try client.ask("HELLO", "2", "AUTH", "me", "x").errorText == Self.wrong)
            #expect(try client.ask("AUTH", "me", "x").errorText == Self.wrong)
        }
    }
}
