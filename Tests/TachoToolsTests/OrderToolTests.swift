import Logging
import TachoClient
import TachoEngine
import TachoGeo
import TachoServer
import Testing

@testable import TachoTools

/// Orders as the tool tells of them and prints them, from a directory and from a server.
@Suite struct OrderToolTests {
    private let directory = TemporaryDirectory()
    private static let nowMs = EndToEndTests.nowMs

    private func withTargets(_ body: (any Target, any Target) throws -> Void) throws {
        var options = EngineOptions(directory: directory.path + "/data")
        options.rangeSeconds = 0
        options.nowMs = { Self.nowMs }
        options.minFreeBytes = 0
        let engine = try Engine.open(options)
        let local = LocalTarget(engine, nowMs: { Self.nowMs })
        let server = try RespServer.start(
            engine: engine, address: try ListenAddress.parse("127.0.0.1:0"),
            nowMs: { Self.nowMs },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let remote = try RemoteTarget(try #require(ServerAddress(server.address)))
        try body(local, remote)
        remote.close()
        server.stop()
        try local.close()
    }

    private func set(_ order: String, _ rider: String, _ state: String, _ ms: Int64) -> OrderEvent {
        .set(
            Array(order.utf8), rider: Array(rider.utf8), state: Array(state.utf8),
            tsMs: Self.nowMs + ms, by: Array("kim".utf8))
    }

    private func told(_ event: OrderEvent, on target: any Target, json: Bool = false) throws
        -> String
    {
        try captured(directory) {
            try OrderReports.tell(event, on: target, json: json, to: $0)
        }
    }

    @Test func `a server and a directory take, and print, the same`() throws {
        try withTargets { local, remote in
            #expect(
                try told(set("o 1", "t1", "cooked", -9_000), on: remote)
                    == "o 1  cooked  stored\n")
            #expect(
                try told(set("o 1", "t1", "cooked", -9_000), on: local) == "o 1  cooked  dup\n")
            #expect(
                try told(set("o 1", "t2", "picked up", -5_000), on: local, json: true)
                    == #"{"order":"o 1","mask":32,"told":["reassigned"]}"# + "\n")
            #expect(
                try told(.end(Array("o 2".utf8), tsMs: Self.nowMs), on: remote, json: true)
                    == #"{"order":"o 2","mask":0,"told":[]}"# + "\n")
            for target in [local, remote] {
                let shown = try captured(directory) {
                    try OrderReports.get(
                        "o 1", withHistory: true, from: target, json: true, to: $0)
                }
                let (first, second, now) = (Self.nowMs - 9_000, Self.nowMs - 5_000, Self.nowMs)
                #expect(
                    shown == #"{"order":"o 1","rider":"t2","state":"picked up","#
                        + #""ts_ms":\#(second),"recv_ms":\#(now),"by":"kim","open":true,"#
                        + #""end_ms":null,"events":2,"riders":["#
                        + #"{"rider":"t1","from_ms":\#(first),"to_ms":\#(second)},"#
                        + #"{"rider":"t2","from_ms":\#(second),"to_ms":null}],"history":["#
                        + #"{"id":"\#(now)-0","event":"set","rider":"t1","state":"cooked","#
                        + #""ts_ms":\#(first),"recv_ms":\#(now),"by":"kim","mask":0},"#
                        + #"{"id":"\#(now)-1","event":"set","rider":"t2","state":"picked up","#
                        + #""ts_ms":\#(second),"recv_ms":\#(now),"by":"kim","mask":32}]}"# + "\n")
                let open = try captured(directory) {
                    try OrderReports.list(of: nil, from: target, json: true, to: $0)
                }
                #expect(
                    open == #"{"order":"o 1","rider":"t2","state":"picked up","#
                        + #""ts_ms":\#(second),"recv_ms":\#(now),"by":"kim"}"# + "\n")
                let none = try captured(directory) {
                    try OrderReports.list(of: "t1", from: target, json: false, to: $0)
                }
                #expect(none == "no open orders\n")
                #expect(throws: ToolFailure.self) {
                    try captured(directory) {
                        try OrderReports.get(
                            "o 9", withHistory: false, from: target, json: false, to: $0)
                    }
                }
                #expect(throws: ToolFailure.self) {
                    try told(set("o 1", "", "cooked", 0), on: target)
                }
            }
        }
    }

    @Test func `more open orders than a page has are listed once each`() throws {
        try withTargets { local, remote in
            let count = OpenOrders.pageOrders + 5
            for n in 0..<count { _ = try local.tell(set("o\(n)", "t\(n % 3)", "cooked", 0)) }
            for target in [local, remote] {
                let lines = try captured(directory) {
                    try OrderReports.list(of: nil, from: target, json: false, to: $0)
                }.split(separator: "\n")
                #expect(lines.count == count && Set(lines).count == count)
            }
        }
    }
}
