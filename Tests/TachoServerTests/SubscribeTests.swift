import Foundation
import TachoEngine
import TachoServer
import TachoWire
import Testing

/// `SUBSCRIBE pos:RIDER` and `PSUBSCRIBE pos:*`: where riders are, as it changes.
@Suite(.serialized)
struct SubscribeTests {
    private func add(_ client: TestClient, _ rider: String, _ second: Int) throws {
        let mask = try client.ask(
            "T.ADD", rider, "\(testNowMs - 60_000 + Int64(second) * 1_000)",
            "37.\(String(5_000_000 + second * 100))", "127.0")
        #expect(mask == .integer(0), "\(mask)")
    }

    private func seconds(_ reply: Reply) -> Int? {
        guard let text = reply.plain.last, let start = text.range(of: "\"ts\":") else { return nil }
        let digits = text[start.upperBound...].prefix { $0.isNumber }
        return Int64(digits).map { Int(($0 - testNowMs + 60_000) / 1_000) }
    }

    @Test func `a subscriber hears where the rider is, and then each move`() throws {
        try withServer { server in
            let (writer, reader) = (try TestClient(server), try TestClient(server))
            try add(writer, "r7", 1)
            #expect(try reader.ask("SUBSCRIBE", "pos:r7").plain == ["subscribe", "pos:r7", "1"])
            let first = try reader.receive()
            #expect(first.plain.dropLast() == ["message", "pos:r7"])
            let payload = try #require(first.plain.last?.data(using: .utf8))
            let object = try #require(
                try JSONSerialization.jsonObject(with: payload) as? [String: Any])
            #expect(object["rider"] as? String == "r7" && object["verdict"] as? String == "ok")
            #expect(object["lat"] as? Double == 37.50001 && object["speed"] is NSNull)
            #expect((object["cell"] as? String)?.hasPrefix("89") == true)
            for second in 2...4 {
                try add(writer, "r7", second)
                #expect(seconds(try reader.receive()) == second)
            }
            // Another rider's moves are not heard; nor is a fix that came late.
            try add(writer, "other", 5)
            _ = try writer.ask(
                "T.ADD", "r7", "\(testNowMs - 60_000 + 1_500)", "37.5000150", "127.0")
            try add(writer, "r7", 6)
            #expect(seconds(try reader.receive()) == 6)
        }
    }

    @Test func `a rider that nobody knows yet is heard of when it comes`() throws {
        try withServer { server in
            let (writer, reader) = (try TestClient(server), try TestClient(server))
            _ = try reader.ask("SUBSCRIBE", "pos:new")
            try add(writer, "old", 1)
            #expect(
                try writer.ask("PUBSUB", "NUMSUB", "pos:new", "x").plain == [
                    "pos:new", "1", "x", "0",
                ])
            try add(writer, "new", 2)
            #expect(try reader.receive().plain.prefix(2) == ["message", "pos:new"])
        }
    }

    @Test func `a pattern hears of all riders it takes, and of each once more by name`() throws {
        try withServer { server in
            let (writer, reader) = (try TestClient(server), try TestClient(server))
            #expect(
                try reader.ask("PSUBSCRIBE", "pos:seoul-*").plain
                    == ["psubscribe", "pos:seoul-*", "1"])
            #expect(try writer.ask("PUBSUB", "NUMPAT") == .integer(1))
            try add(writer, "busan-1", 1)
            try add(writer, "seoul-1", 1)
            let heard = try reader.receive().plain
            #expect(heard.prefix(3) == ["pmessage", "pos:seoul-*", "pos:seoul-1"])
            _ = try reader.ask("SUBSCRIBE", "pos:seoul-1")
            #expect(try reader.receive().plain.first == "message")
            try add(writer, "seoul-1", 2)
            let both = try reader.receive(2).map { $0.plain[0] }
            #expect(both.sorted() == ["message", "pmessage"])
        }
    }

    @Test func `who hears messages asks nothing else, and leaves by UNSUBSCRIBE or RESET`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("UNSUBSCRIBE").plain == ["unsubscribe", "nil", "0"])
            client.send("SUBSCRIBE", "pos:a", "pos:b")
            #expect(try client.receive(2).map { $0.plain[2] } == ["1", "2"])
            let refused = try client.ask("T.GET", "a").errorText
            #expect(refused?.contains("only (P)SUBSCRIBE") == true, "\(refused ?? "")")
            #expect(try client.ask("PING").plain == ["pong", ""])
            #expect(try client.ask("PING", "x").plain == ["pong", "x"])
            client.send("UNSUBSCRIBE")
            #expect(try client.receive(2).map { $0.plain[2] } == ["1", "0"])
            #expect(try client.ask("PING") == .simple("PONG"))
            _ = try client.ask("PSUBSCRIBE", "pos:*")
            #expect(try client.ask("RESET") == .simple("RESET"))
            #expect(try client.ask("T.GET", "a") == .null)
            #expect(try client.ask("PUBSUB", "NUMPAT") == .integer(0))
            #expect(try client.ask("PUBSUB", "CHANNELS") == .array([]))
            let other = try client.ask("SUBSCRIBE", "news").errorText
            #expect(other?.contains("pos:RIDER expected") == true, "\(other ?? "")")
        }
    }

    @Test func `a client that does not take is told where riders are when it does`() throws {
        var limits = ServerLimits()
        limits.outputSoftBytes = 8 << 10
        limits.moveMs = 1
        try withServer(limits: limits) { server in
            let (writer, reader) = (try TestClient(server), try TestClient(server))
            _ = try reader.ask("PSUBSCRIBE", "pos:*")
            // More than both sides' buffers hold: 4 MiB of messages, were each one kept.
            let riders = (0..<400).map { "rider-\($0)" }
            for second in 1...50 {
                var words = ["T.MADD"]
                for rider in riders {
                    words += [
                        rider, "\(testNowMs - 60_000 + Int64(second) * 1_000)",
                        "37.\(5_000_000 + second * 100)", "127.0",
                    ]
                }
                _ = try writer.ask(words)
            }
            // Now it takes: the last of each rider is the last there is.
            var last: [String: Int] = [:]
            while last.count < riders.count || last.values.contains(where: { $0 != 50 }) {
                let message = try reader.receive()
                let rider = String(message.plain[2].dropFirst(4))
                let second = try #require(seconds(message))
                #expect(second >= last[rider] ?? 0, "\(rider) went back")
                last[rider] = second
            }
        }
    }

    @Test func `who stands still and who takes hear the same in the end, by any patterns`() throws {
        var limits = ServerLimits()
        limits.moveMs = 1
        limits.moveBytes = 2_000
        limits.moveTurnMicroseconds = 0
        limits.outputMarkBytes = 4_096
        try withServer(limits: limits) { server in
            let writer = try TestClient(server)
            let patterns = [
                ["pos:*"], ["pos:*"], ["pos:r1*"], ["pos:r?", "pos:r1*"], ["pos:none"],
            ]
            let readers = try patterns.map { patterns in
                let reader = try TestClient(server)
                reader.send(request(["PSUBSCRIBE"] + patterns))
                _ = try reader.receive(patterns.count)
                return reader
            }
            let riders = (0..<100).map { "r\($0)" }
            for second in 1...30 {
                var words = ["T.MADD"]
                for rider in riders {
                    words += [
                        rider, "\(testNowMs - 60_000 + Int64(second) * 1_000)",
                        "37.\(5_000_000 + second * 100)", "127.0",
                    ]
                }
                _ = try writer.ask(words)
            }
            let wanted = [
                riders, riders, riders.filter { $0.hasPrefix("r1") },
                riders.filter { $0.count == 2 || $0.hasPrefix("r1") }, [],
            ]
            for (reader, wanted) in zip(readers, wanted) {
                var last: [String: Int] = [:]
                while wanted.contains(where: { last[$0] != 30 }) {
                    let message = try reader.receive()
                    let rider = String(message.plain[2].dropFirst(4))
                    let second = try #require(seconds(message))
                    #expect(wanted.contains(rider) && second >= last[rider] ?? 0)
                    last[rider] = second
                }
                #expect(last.count == wanted.count)
                // Who moved twice may be told of twice, both times where it is by now.
                reader.send("PING")
                var message = try reader.receive()
                while message.plain.first != "pong" {
                    #expect(seconds(message) == 30, "\(message)")
                    message = try reader.receive()
                }
            }
        }
    }

    /// A write of just the soft bound once left the rest of the moves for ever.
    @Test func `messages that fill the soft bound to the byte hold nothing back`() throws {
        let riders = (10..<22).map { "rider-\($0)" }
        func hearAll(_ limits: ServerLimits) throws -> [Reply] {
            var heard: [Reply] = []
            try withServer(limits: limits) { server in
                let (writer, reader) = (try TestClient(server), try TestClient(server))
                _ = try reader.ask("PSUBSCRIBE", "pos:*")
                let words = riders.flatMap { [$0, "\(testNowMs - 60_000)", "37.5", "127.0"] }
                _ = try writer.ask(["T.MADD"] + words)
                heard = try reader.receive(riders.count)
            }
            return heard
        }
        // A message has the form of a request: an array of bulk strings.
        let sizes = Set(try hearAll(ServerLimits()).map { request($0.plain).count })
        let size = try #require(sizes.count == 1 ? sizes.first : nil, "\(sizes)")
        for count in [1, 4] {
            var limits = ServerLimits()
            limits.outputSoftBytes = count * size
            let names = try hearAll(limits).map { String($0.plain[2].dropFirst(4)) }
            #expect(names.sorted() == riders)
        }
    }

    @Test func `a connection that ends takes its subscriptions with it`() throws {
        try withServer { server in
            let (writer, reader) = (try TestClient(server), try TestClient(server))
            try add(writer, "a", 1)
            _ = try reader.ask("SUBSCRIBE", "pos:a", "pos:nobody")
            #expect(try writer.ask("PUBSUB", "NUMSUB", "pos:a").plain == ["pos:a", "1"])
            let channels = try writer.ask("PUBSUB", "CHANNELS", "*no*").plain
            #expect(channels == ["pos:nobody"])
            reader.close()
            for _ in 0..<200 where try writer.ask("PUBSUB", "CHANNELS") != .array([]) {
                usleep(20_000)
            }
            #expect(try writer.ask("PUBSUB", "CHANNELS") == .array([]))
            try add(writer, "a", 2)
        }
    }

    @Test func `too many subscriptions on one connection are refused`() throws {
        var limits = ServerLimits()
        limits.subscriptions = 2
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            client.send("SUBSCRIBE", "pos:a", "pos:b", "pos:c")
            let replies = try client.receive(3)
            #expect(replies[2].errorText?.contains("use a pattern") == true)
        }
    }

    /// Ten thousand patterns of 64 KiB were 640 MB of one connection's, and held against every move.
    @Test func `patterns of more bytes than the limit are refused, and leaving one makes room`()
        throws
    {
        var limits = ServerLimits()
        limits.patternBytes = 20
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            _ = try client.ask("PSUBSCRIBE", "pos:aaaaaaaa")
            let refused = try client.ask("PSUBSCRIBE", "pos:bbbbb").errorText
            #expect(refused?.contains("at most 20 bytes together") == true, "\(refused ?? "")")
            #expect(
                try client.ask("PSUBSCRIBE", "pos:bbbb").plain == ["psubscribe", "pos:bbbb", "2"])
            // One that is there already takes no more room.
            #expect(try client.ask("PSUBSCRIBE", "pos:bbbb").plain.last == "2")
            #expect(try client.ask("PUNSUBSCRIBE", "pos:aaaaaaaa").plain.last == "1")
            #expect(try client.ask("PUNSUBSCRIBE", "pos:nothing").plain.last == "1")
            #expect(try client.ask("PSUBSCRIBE", "pos:cccccccc").plain.last == "2")
            #expect(try client.ask("PSUBSCRIBE", "x").errorText != nil)
            #expect(try client.ask("PING").plain == ["pong", ""])
        }
    }

    @Test func `subscriptions of all connections have a bound, and those that end make room`()
        throws
    {
        var limits = ServerLimits()
        limits.allSubscriptions = 3
        try withServer(limits: limits) { server in
            let (one, other) = (try TestClient(server), try TestClient(server))
            one.send("SUBSCRIBE", "pos:a", "pos:b", "pos:a")
            #expect(try one.receive(3).map { $0.plain.last } == ["1", "2", "2"])
            #expect(try other.ask("PSUBSCRIBE", "pos:*").plain.last == "1")
            for command in ["SUBSCRIBE", "PSUBSCRIBE"] {
                let refused = try other.ask(command, "pos:c").errorText
                #expect(refused?.contains("3 subscriptions of all") == true, "\(refused ?? "")")
            }
            #expect(try one.ask("UNSUBSCRIBE", "pos:nobody").plain.last == "2")
            #expect(try other.ask("SUBSCRIBE", "pos:c").errorText != nil)
            #expect(try one.ask("UNSUBSCRIBE", "pos:a").plain.last == "1")
            #expect(try other.ask("SUBSCRIBE", "pos:c").plain.last == "2")
            #expect(try one.ask("SUBSCRIBE", "pos:d").errorText != nil)
            other.close()
            for _ in 0..<1_000 where try one.ask("SUBSCRIBE", "pos:d").errorText != nil {
                usleep(20_000)
            }
            #expect(try one.ask("SUBSCRIBE", "pos:e").plain.last == "3")
            #expect(try one.ask("SUBSCRIBE", "pos:f").errorText != nil)
        }
    }

    @Test func `ten thousand subscriptions are taken and given back`() throws {
        try withServer { server in
            let client = try TestClient(server)
            for hundred in 0..<100 {
                client.send(
                    request(["SUBSCRIBE"] + (0..<100).map { "pos:r\(hundred * 100 + $0)" }))
                #expect(
                    try client.receive(100).last?.plain.last == "\(hundred * 100 + 100)")
            }
            #expect(try client.ask("SUBSCRIBE", "pos:r7").plain.last == "10000")
            #expect(try client.ask("SUBSCRIBE", "pos:more").errorText != nil)
            client.send("UNSUBSCRIBE")
            #expect(try client.receive(10_000).last?.plain.last == "0")
            #expect(try client.ask("PING") == .simple("PONG"))
        }
    }
}

extension TestClient {
    fileprivate func ask(_ words: [String]) throws -> Reply {
        send(request(words))
        return try receive()
    }
}
