import Dispatch
import ScriptedServer
import Synchronization
import TachoWire
import Testing

@testable import TachoClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct ConnectionTests {
    @Test func `replies come to their requests in order`() throws {
        let server = try ScriptedServer.start { _, words in
            .bytes("$\(words[1].utf8.count)\r\n\(words[1])\r\n")
        }
        let connection = try Connection.open(server.address)
        let pending = (0..<500).map { number in
            connection.send { $0.command("ECHO", "\(number)") }
        }
        for (number, reply) in pending.enumerated() {
            #expect(try reply.wait().text == "\(number)")
        }
        connection.close()
        try server.stop()
    }

    @Test func `a reply that arrives byte by byte is one reply`() throws {
        let server = try ScriptedServer.start { _, _ in
            .trickle("*3\r\n:1\r\n$5\r\na\r\nbc\r\n*1\r\n$-1\r\n")
        }
        let connection = try Connection.open(server.address)
        let reply = try connection.call("X")
        #expect(
            reply == .array([.integer(1), .bulk(Array("a\r\nbc".utf8)), .array([.null])]))
        connection.close()
        try server.stop()
    }

    @Test func `a reply that nobody asked for ends the connection`() throws {
        // In one piece: were the second late, it would be taken for the reply to the next request.
        let server = try ScriptedServer.start { _, _ in .bytes("+A\r\n+B\r\n") }
        let connection = try Connection.open(server.address)
        #expect(try connection.call("X") == .simple("A"))
        #expect(throws: ClientError.self) { try connection.call("Y") }
        try server.stop()
    }

    @Test func `a full window makes the next request wait`() throws {
        let server = try ScriptedServer.start { _, _ in .silence }
        let connection = try Connection.open(server.address, window: 3)
        let sent = Mutex(0)
        let threeSent = DispatchSemaphore(value: 0)
        let allSent = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            for number in 1...4 {
                _ = connection.send { $0.command("PING") }
                sent.withLock { $0 = number }
                if number == 3 { threeSent.signal() }
            }
            allSent.signal()
        }
        threeSent.wait()
        // Without the window the fourth would have left in microseconds.
        usleep(50_000)
        #expect(sent.withLock { $0 } == 3)
        connection.close()
        allSent.wait()
        #expect(sent.withLock { $0 } == 4)
        try server.stop()
    }

    @Test func `an answered request makes room for the next`() throws {
        let server = try ScriptedServer.start { number, _ in
            // Answers come in threes, as late as the window allows.
            number % 3 == 2
                ? .bytes(":\(number - 2)\r\n:\(number - 1)\r\n:\(number)\r\n") : .silence
        }
        let connection = try Connection.open(server.address, window: 3)
        let pending = (0..<300).map { _ in connection.send { $0.command("PING") } }
        for (number, reply) in pending.enumerated() {
            #expect(try reply.wait() == .integer(Int64(number)))
        }
        connection.close()
        try server.stop()
    }

    @Test func `try again carries its time and reason, and the connection goes on`() throws {
        let server = try ScriptedServer.start { number, _ in
            .bytes(number == 0 ? "-TRYAGAIN 20 queue full\r\n" : "+OK\r\n")
        }
        let connection = try Connection.open(server.address)
        #expect(throws: ClientError.tryAgain(afterMs: 20, reason: "queue full")) {
            try connection.call("T.ADD")
        }
        #expect(try connection.call("T.ADD") == .simple("OK"))
        connection.close()
        try server.stop()
    }

    @Test func `other errors are refusals with their text`() {
        #expect(ClientError.errorReply("ERR no such thing") == .refused("no such thing"))
        #expect(ClientError.errorReply("NOPROTO x") == .refused("NOPROTO x"))
        #expect(ClientError.errorReply("TRYAGAIN soon x") == .refused("TRYAGAIN soon x"))
        #expect(
            ClientError.errorReply("TRYAGAIN 5") == .tryAgain(afterMs: 5, reason: "overload"))
    }

    @Test func `every request without a reply fails as lost when the connection ends`() throws {
        let server = try ScriptedServer.start { number, _ in
            switch number {
            case 0, 1: .bytes(":\(number)\r\n")
            case 9: .hangUp
            default: .silence
            }
        }
        let connection = try Connection.open(server.address)
        let pending = (0..<10).map { _ in connection.send { $0.command("PING") } }
        #expect(try pending[0].wait() == .integer(0))
        #expect(try pending[1].wait() == .integer(1))
        for reply in pending[2...] {
            #expect(throws: ClientError.lost(server.address)) { try reply.wait() }
        }
        #expect(throws: ClientError.lost(server.address)) { try connection.call("PING") }
        try server.stop()
    }

    @Test func `a server that speaks something else is named`() throws {
        let server = try ScriptedServer.start { _, _ in .bytes("HTTP/1.1 400 Bad Request\r\n") }
        let connection = try Connection.open(server.address)
        let error = #expect(throws: ClientError.self) { try connection.call("PING") }
        guard case .notUnderstood = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.failure.status == ExitStatus.notReachable)
        try server.stop()
    }

    @Test func `a closed port is not reachable and says so`() throws {
        let server = try ScriptedServer.start { _, _ in .silence }
        try server.stop()
        let error = #expect(throws: ClientError.self) { try Connection.open(server.address) }
        #expect(
            error == .notReachable(server.address, reason: "connection refused"))
        #expect(error?.failure.status == 69)
    }

    @Test func `an unknown host is not reachable`() {
        let address = ServerAddress(host: "no-such-host.invalid", port: 7227)
        let error = #expect(throws: ClientError.self) {
            try Connection.open(address, timeoutMs: 2_000)
        }
        #expect(error?.failure.status == 69)
    }
}

@Suite struct ServerAddressTests {
    @Test func `an address is a host and a port`() {
        #expect(ServerAddress("localhost:7227") == ServerAddress(host: "localhost", port: 7227))
        #expect(ServerAddress("[::1]:1") == ServerAddress(host: "::1", port: 1))
        #expect(ServerAddress("[::1]:1")?.description == "[::1]:1")
        #expect(ServerAddress("10.0.0.1:65535")?.description == "10.0.0.1:65535")
    }

    @Test(arguments: ["", "host", ":7227", "host:", "host:0", "host:65536", "host:x", "::1:7227"])
    func `anything else is refused`(text: String) {
        #expect(ServerAddress(text) == nil)
    }
}
