import Foundation
import TachoEngine
import TachoServer
import TachoWire
import Testing

/// Every bound is answered or slows the client down; nothing is lost silently.
struct BoundsTests {
    @Test func `a rider of ten million bytes is refused and the server goes on`() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send(Array("*5\r\n$5\r\nT.ADD\r\n$10000000\r\n".utf8))
            client.send([UInt8](repeating: UInt8(ascii: "x"), count: 10_000_000))
            let error = try client.receive().errorText
            #expect(error?.hasPrefix("ERR Protocol error: invalid bulk length") == true)
            client.endInput()
            #expect(client.isClosedByServer())
            let other = try TestClient(server)
            #expect(try other.ask("DBSIZE") == .integer(0))
        }
    }

    @Test func `a refused client that never stops sending is closed`() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send(Array("NOISE\r\n".utf8))
            #expect(try client.receive().errorText?.hasPrefix("ERR Protocol error") == true)
            let noise = [UInt8](repeating: 0, count: 1 << 20)
            var sent = 0
            while sent < 1_000, client.send(noise) { sent += 1 }
            #expect(sent < 1_000)
        }
    }

    @Test func `one connection more than allowed is told so`() throws {
        var limits = ServerLimits()
        limits.connections = 2
        try withServer(limits: limits) { server in
            let clients = [try TestClient(server), try TestClient(server)]
            for client in clients { #expect(try client.ask("PING") == .simple("PONG")) }
            let third = try TestClient(server)
            #expect(try third.receive() == .error("ERR max number of clients reached"))
            #expect(third.isClosedByServer())
            clients[0].send("QUIT")
            #expect(try clients[0].receive() == .simple("OK"))
            #expect(clients[0].isClosedByServer())
            let fourth = try TestClient(server)
            #expect(try fourth.ask("PING") == .simple("PONG"))
        }
    }

    @Test func `a client that reads late gets every reply of a long pipeline`() throws {
        var limits = ServerLimits()
        limits.outputSoftBytes = 4_096
        limits.heldInputBytes = 4_096
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            let word = String(repeating: "x", count: 50_000)
            client.sendMeanwhile((0..<400).flatMap { _ in request("ECHO", word) })
            for _ in 0..<400 { #expect(try client.receive().text?.count == 50_000) }
        }
    }

    @Test func `more unanswered fixes than allowed wait for their turn`() throws {
        var limits = ServerLimits()
        limits.unansweredWrites = 10
        limits.batchFixes = 4
        limits.heldInputBytes = 64
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            let stream = (0..<2_000).flatMap {
                request(
                    "T.ADD", "r", "\(testNowMs - 10_000_000 + Int64($0) * 1_000)", "37.5", "127")
            }
            client.sendMeanwhile(stream)
            let replies = try client.receive(2_000)
            #expect(replies.allSatisfy { $0.integer == 0 })
            #expect(try client.ask("T.LEN", "r", "-", "+") == .integer(2_000))
        }
    }

    @Test func `unfinished requests of all connections have a bound`() throws {
        var limits = ServerLimits()
        limits.inputBytes = 100_000
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            client.send(Array("*1025\r\n$6\r\nT.MADD\r\n$65536\r\n".utf8))
            client.send([UInt8](repeating: 1, count: 65_536))
            client.send(Array("\r\n$65536\r\n".utf8) + [UInt8](repeating: 1, count: 65_000))
            let error = try client.receive().errorText
            #expect(error == "TRYAGAIN 100 input buffers of the server are full")
            client.endInput()
            #expect(client.isClosedByServer())
            let other = try TestClient(server)
            #expect(try other.ask("PING") == .simple("PONG"))
        }
    }

    @Test func `clients that take nothing have a bound together, and who takes is served`() throws {
        var limits = ServerLimits()
        limits.allOutputBytes = 512 << 10
        try withServer(limits: limits) { server in
            let word = String(repeating: "x", count: 60_000)
            let flood = (0..<200).flatMap { _ in request("ECHO", word) }
            var stalled: [TestClient] = []
            for _ in 0..<12 {
                let client = try TestClient(server)
                client.takeLittle()
                client.sendMeanwhile(flood)
                stalled.append(client)
            }
            let good = try TestClient(server)
            func connected() throws -> Int {
                let text = try good.ask("INFO", "clients").text ?? ""
                let line = text.split(separator: "\r\n").first { $0.hasPrefix("connected_clients") }
                return Int(line?.split(separator: ":").last ?? "") ?? 0
            }
            // Each leaves two replies here, beside what the system's buffers take.
            for _ in 0..<1_000 where try connected() == stalled.count + 1 { usleep(20_000) }
            let left = try connected()
            #expect(left < stalled.count + 1 && left > 1, "\(left) connections")
            #expect(try good.ask("PING") == .simple("PONG"))
        }
    }

    @Test func `connections that are silent are asked whether they are there`() throws {
        // The option is the listener's; what it accepts has it from the system.
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("PING") == .simple("PONG"))
            #expect(keepAlives(server) == [1])
        }
    }

    /// SO_KEEPALIVE of the sockets that the server accepted: they are this process's own.
    private func keepAlives(_ server: RespServer) -> [Int32] {
        let port = UInt16(server.address.split(separator: ":").last ?? "") ?? 0
        return (Int32(3)..<4_096).compactMap { descriptor in
            var (own, peer) = (sockaddr_in(), sockaddr_in())
            let isAccepted =
                Self.name(of: descriptor, &own, getsockname)
                && Self.name(of: descriptor, &peer, getpeername)
            guard isAccepted, own.sin_port == port.bigEndian else { return nil }
            var (value, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
            getsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &value, &size)
            return value
        }
    }

    private static func name(
        of descriptor: Int32, _ address: inout sockaddr_in,
        _ ask: (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> Int32
    ) -> Bool {
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                ask(descriptor, $0, &size) == 0
            }
        }
    }

    @Test func `a reply that would be too long is an error that says what to do`() throws {
        var limits = ServerLimits()
        limits.outputSoftBytes = 1_000
        limits.outputBytes = 5_000
        limits.rangeFixes = 200
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            for ts in 0..<300 {
                client.send(
                    "T.ADD", "r", "\(testNowMs - 1_000_000 + Int64(ts) * 1_000)", "37.5", "127")
            }
            _ = try client.receive(300)
            #expect(
                try client.ask("T.RANGE", "r", "-", "+")
                    == .error("ERR more than 200 fixes, use COUNT and CURSOR"))
            #expect(
                try client.ask("T.RANGE", "r", "-", "+", "COUNT", "100").errorText
                    == "ERR reply longer than 4000 bytes, use a smaller COUNT and CURSOR")
            #expect(try client.ask("T.RANGE", "r", "-", "+", "COUNT", "10").elements?.count == 11)
        }
    }

    @Test func `a full disk asks writers to try again and goes on reading`() throws {
        try withServer(change: { $0.minFreeBytes = UInt64.max }) { server in
            let client = try TestClient(server)
            // The disk is looked at from time to time: some fixes may come before.
            var stored: Int64 = 0
            while try client.ask("T.ADD", "r", "\(testNowMs + stored)", "37.5", "127").integer == 0
            {
                stored += 1
            }
            client.send(
                request("T.ADD", "r", "\(testNowMs + stored)", "37.5", "127")
                    + request("T.MADD", "r", "1", "2", "3", "r", "2", "2", "3")
                    + request("T.ADD", "r", "5", "100", "127") + request("T.LEN", "r", "-", "+"))
            #expect(try client.receive().errorText?.hasPrefix("TRYAGAIN ") == true)
            #expect(try client.receive().errorText?.hasPrefix("TRYAGAIN ") == true)
            #expect(try client.receive().errorText?.hasPrefix("ERR lat 100") == true)
            #expect(try client.receive() == .integer(stored))
        }
    }
}
