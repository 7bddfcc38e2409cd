import Logging
import ScriptedServer
import Synchronization
import TachoClient
import TachoEngine
import TachoGeo
import TachoServer
import Testing

@testable import TachoTools

/// What `tacho alerts …` and `tacho risk` ask and print, in a directory and over a server.
@Suite struct AlertToolTests {
    let directory = TemporaryDirectory()

    /// Soon after the fixes.
    static let nowMs: Int64 = 1_600_000_100_000

    private func open() throws -> Engine {
        var options = EngineOptions(directory: directory.path + "/data")
        options.rangeSeconds = 0
        options.nowMs = { Self.nowMs }
        options.minFreeBytes = 0
        return try Engine.open(options)
    }

    /// Two riders that jump and come back: TELEPORT and SPIKE each.
    private func fill(_ target: any Target) throws {
        let rows = ["j", "k"].flatMap { rider in
            (0..<20).map { index in
                let lat = index == 12 ? "38.5" : "37.5"
                return "\(rider),\(1_600_000_000_000 + index * 3_000),\(lat),127\n"
            }
        }
        let file = directory.write("jump.csv", "rider,ts_ms,lat,lon\n" + rows.joined())
        let options = ImportOptions(
            files: [file], rejected: .directory(directory.path + "/rejected"))
        let job = ImportJob(
            target: target, options: options, nowMs: Self.nowMs, totalBytes: nil,
            shouldStop: { false })
        let outcome = job.run([try InputFile(path: file)])
        #expect(outcome.failure == nil)
    }

    /// The same question to both, whose answers must be the same.
    private func both(
        _ targets: [any Target], _ body: (any Target, Output) throws -> Void
    ) throws -> String {
        let texts = try targets.map { target in try captured(directory) { try body(target, $0) } }
        #expect(texts.allSatisfy { $0 == texts[0] })
        return texts[0]
    }

    private func withBoth(_ body: ([any Target]) throws -> Void) throws {
        let engine = try open()
        let local = LocalTarget(engine, nowMs: { Self.nowMs })
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = try RespServer.start(
            engine: engine, address: try ListenAddress.parse("127.0.0.1:0"),
            nowMs: { Self.nowMs }, logger: logger)
        let remote = try RemoteTarget(try #require(ServerAddress(server.address)))
        try fill(remote)
        try body([local, remote])
        remote.close()
        server.stop()
        try local.close()
    }

    @Test func `reviews are printed and listed alike by both`() throws {
        try withBoth { targets in
            let rows = try targets[1].alerts(after: nil).rows
            #expect(rows == (try targets[0].alerts(after: nil).rows))
            #expect(rows.map(\.code).sorted() == ["SPIKE", "SPIKE", "TELEPORT", "TELEPORT"])
            let id = try #require(rows[0].id)
            let orders: [(AlertState, String)] = [
                (.acknowledged, ""), (.confirmed, "a \"mock\"\napp"), (.appeal, "no"),
            ]
            for (step, (state, note)) in orders.enumerated() {
                let order = ReviewOrder(id: id, state: state, actor: "김", note: note)
                let line = try both(targets) {
                    try Reports.review(order, on: $0, json: true, to: $1)
                }
                #expect(
                    line.hasPrefix(
                        #"{"id":"\#(id)","step":\#(step),"state":"\#(state.name)","at_ms":"#
                            + #"1600000100000,"by":"김","note":"#))
            }
            let json = try both(targets) { try Reports.alertFile(id, from: $0, json: true, to: $1) }
            #expect(json.hasPrefix(#"{"rider":"\#(rows[0].rider)","ts_ms":"#))
            #expect(json.contains(#""id":"\#(id)","state":"appeal","evidence":{"#))
            #expect(json.contains(#""by":"김","note":"a \"mock\"\napp"},{"step":2,"#))
            #expect(json.hasSuffix("\"note\":\"no\"}]}\n"))
            let text = try both(targets) {
                try Reports.alertFile(id, from: $0, json: false, to: $1)
            }
            #expect(text.split(separator: "\n").count == 5, "the note has two lines")
            #expect(text.contains("ack at 2020-09-13T12:28:20.000Z by 김\n"))
            for json in [false, true] {
                let feedback = try both(targets) {
                    try Reports.feedback(from: $0, json: json, to: $1)
                }
                #expect(feedback.split(separator: "\n").count == 2)
                #expect(feedback.contains(json ? #""false_positive_rate":0}"# : "positives 0\n"))
                #expect(feedback.contains(json ? #"rate":null}"# : "positives unknown\n"))
            }
        }
    }

    @Test func `filters and the limit select the same from both`() throws {
        try withBoth { targets in
            let id = try #require(try targets[0].alerts(after: nil).rows[2].id)
            _ = try targets[0].review(ReviewOrder(id: id, state: .confirmed, actor: "kim"))
            func count(_ limit: Int = Int.max, _ change: (inout AlertFilter) -> Void) throws -> Int
            {
                var filter = AlertFilter()
                change(&filter)
                return try both(targets) {
                    try Reports.alerts(filter, limit: limit, from: $0, json: true, to: $1)
                }.split(separator: "\n").count
            }
            #expect(try count { _ in } == 4)
            #expect(try count(3) { _ in } == 3)
            #expect(try count { $0.rider = Array("j".utf8) } == 2)
            #expect(try count { $0.code = .spike } == 2)
            #expect(try count { $0.severity = "crit" } == 2)
            #expect(try count { $0.state = .confirmed } == 1)
            #expect(try count { $0.state = .open } == 3)
            #expect(try count { $0.fromMs = 1_600_000_036_001 } == 2)
            #expect(try count { $0.toMs = 1_600_000_036_000 } == 2)
            #expect(
                try both(targets) {
                    var filter = AlertFilter()
                    filter.rider = [88]
                    try Reports.alerts(filter, from: $0, json: false, to: $1)
                } == "no alerts\n")
        }
    }

    @Test func `risk is printed alike by both, and unknown riders are named`() throws {
        try withBoth { targets in
            for json in [false, true] {
                let lines = try both(targets) {
                    try Reports.risk(RiskOrder(), from: $0, json: json, to: $1)
                }.split(separator: "\n")
                #expect(lines.count == 2)
                if json {
                    #expect(lines[0].hasPrefix(#"{"rider":"j","risk":0.9"#))
                    #expect(lines[0].contains(#""case":false,"case_since_ms":null,"alerts":2,"#))
                    #expect(lines[0].contains(#""codes":[{"code":"TELEPORT","severity":"crit","#))
                } else {
                    #expect(lines[0].contains("  j  TELEPORT (crit) 0."))
                }
            }
            var order = RiskOrder()
            order.riders = ["k", "who", "j"].map { Array($0.utf8) }
            order.minE6 = 990_000
            for target in targets {
                let failure = #expect(throws: ToolFailure.self) {
                    try captured(directory) {
                        try Reports.risk(order, from: target, json: true, to: $0)
                    }
                }
                #expect(failure == ToolFailure(1, "no rider who: check the name"))
            }
            order.riders = [Array("k".utf8)]
            order.minE6 = nil
            order.atMs = 5
            let past = try both(targets) { try Reports.risk(order, from: $0, json: true, to: $1) }
            #expect(
                past == #"{"rider":"k","risk":0,"case":false,"case_since_ms":null,"alerts":0,"#
                    + #""at_ms":5,"codes":[]}"# + "\n")
        }
    }

    @Test func `what cannot be ends with 1 and says why`() throws {
        try withBoth { targets in
            let id = try #require(try targets[0].alerts(after: nil).rows[0].id)
            for target in targets {
                for unknown in ["5-3", "nonsense"] {
                    let failure = #expect(throws: ToolFailure.self) {
                        try target.review(
                            ReviewOrder(id: unknown, state: .acknowledged, actor: "kim"))
                    }
                    #expect(failure?.status == 1)
                }
                let failure = #expect(throws: ToolFailure.self) {
                    try target.review(ReviewOrder(id: id, state: .appealUpheld, actor: "kim"))
                }
                #expect(failure?.status == 1)
                #expect(failure?.message.contains("is open and cannot become") == true)
                #expect(throws: ToolFailure.self) {
                    try captured(directory) {
                        try Reports.alertFile("5-3", from: target, json: true, to: $0)
                    }
                }
            }
        }
    }

    @Test func `a server is asked for what was asked`() throws {
        let asked = Mutex<[[String]]>([])
        let server = try ScriptedServer.start { _, words in
            asked.withLock { $0.append(words) }
            return .bytes(words[0] == "T.ALERT" && words[1] == "GET" ? "*-1\r\n" : "*0\r\n")
        }
        let target = try RemoteTarget(server.address)
        var filter = AlertFilter()
        filter.rider = Array("r".utf8)
        filter.code = .spike
        filter.severity = "warn"
        filter.state = .appeal
        filter.fromMs = 1
        filter.toMs = 2
        _ = try target.alerts(filter, limit: 3, after: "1:2-3")
        #expect(try target.alert("1-2") == nil)
        #expect(try target.feedback() == [])
        var order = RiskOrder()
        order.riders = [Array("r".utf8)]
        order.minE6 = 250_000
        order.limit = 9
        order.atMs = -1
        #expect(try target.risk(order) == [])
        #expect(
            asked.withLock { $0 } == [
                [
                    "T.ALERTS", "COUNT", "3", "CURSOR", "1:2-3", "CODE", "SPIKE", "SEVERITY",
                    "warn",
                    "STATE", "appeal", "FROM", "1", "TO", "2", "RIDER", "r",
                ],
                ["T.ALERT", "GET", "1-2"], ["T.ALERT", "FEEDBACK"],
                ["T.RISK", "COUNT", "9", "MIN", "0.25", "AT", "-1", "RIDERS", "r"],
            ])
        target.close()
    }

    @Test(arguments: [
        "+OK\r\n", ":5\r\n", "*1\r\n:7\r\n", "*2\r\n$1\r\na\r\n:1\r\n", "$1\r\nx\r\n",
    ])
    func `a reply of another shape is refused, not guessed`(reply: String) throws {
        let server = try ScriptedServer.start { _, _ in .bytes(reply) }
        let target = try RemoteTarget(server.address)
        #expect(throws: ToolFailure.self) { try target.alert("1-2") }
        #expect(throws: ToolFailure.self) { try target.feedback() }
        #expect(throws: ToolFailure.self) { try target.risk(RiskOrder()) }
        #expect(throws: ToolFailure.self) {
            try target.review(ReviewOrder(id: "1-2", state: .confirmed, actor: "kim"))
        }
        target.close()
    }
}
