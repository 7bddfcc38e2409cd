import Logging
import TachoClient
import TachoCodec
import TachoEngine
import TachoServer
import Testing

@testable import TachoTools

/// `tacho rules` in a directory and over a server: the same output.
@Suite struct RulesJobTests {
    let directory = TemporaryDirectory()

    /// Runs the same steps over an engine in this process and over a server on one.
    private func onBoth(_ steps: (any Target, (String) -> Void) throws -> Void) throws {
        var outputs: [[String]] = []
        for isRemote in [false, true] {
            var options = EngineOptions(directory: directory.path + "/data-\(isRemote)")
            options.rangeSeconds = 0
            options.nowMs = { EndToEndTests.nowMs }
            options.minFreeBytes = 0
            let engine = try Engine.open(options)
            var lines: [String] = []
            if isRemote {
                var logger = Logger(label: "test")
                logger.logLevel = .error
                let server = try RespServer.start(
                    engine: engine, address: try ListenAddress.parse("127.0.0.1:0"),
                    limits: ServerLimits(), nowMs: options.nowMs, logger: logger)
                let target = try RemoteTarget(try #require(ServerAddress(server.address)))
                try steps(target) { lines.append($0) }
                target.close()
                server.stop()
                try engine.close()
            } else {
                let target = LocalTarget(engine, nowMs: options.nowMs)
                try steps(target) { lines.append($0) }
                try target.close()
            }
            outputs.append(lines)
        }
        #expect(outputs[0] == outputs[1])
    }

    private func importSample(_ target: any Target) throws {
        let options = ImportOptions(
            files: [EndToEndTests.sample], rejected: .directory(directory.path + "/rejected"))
        let job = ImportJob(
            target: target, options: options, nowMs: EndToEndTests.nowMs, totalBytes: nil,
            shouldStop: { false })
        _ = job.run([try InputFile(path: EndToEndTests.sample)])
    }

    private func printed(
        _ target: any Target, _ body: (RulesJob) throws -> Void
    ) throws -> String {
        try captured(directory) { try body(RulesJob(target: target, output: $0)) }
    }

    @Test func `rules are shown, tried, set and applied to real tracks`() throws {
        let low = ["low_accuracy_m", "3", "teleport_beyond_m", "20", "jump_base_m", "20"]
        try onBoth { target, note in
            try importSample(target)
            note(try printed(target) { try $0.show(json: true) })
            let text = try printed(target) { try $0.show(json: false) }
            #expect(text.hasPrefix("revision 1, the program's own; rule set 5, hash "))
            #expect(
                text.split(separator: "\n").contains {
                    $0.hasPrefix("speed_car_mps ") && $0.hasSuffix(" 42")
                })
            note(text)
            var request = RulesRequest()
            request.changes = []
            let same = try printed(target) {
                try $0.replay(request, json: true, shouldStop: { false })
            }
            #expect(try JSONValue.read(Array(same.utf8))["changed"]?.integer == 0)
            note(same)
            request.changes = low
            let test = try printed(target) {
                try $0.replay(request, json: false, shouldStop: { false })
            }
            #expect(test.hasPrefix("a test of what would be revision 2: "))
            #expect(test.contains("would change") && test.contains("LOWACC"))
            note(test)
            let told = try printed(target) {
                try $0.replay(request, json: true, shouldStop: { false })
            }
            note(try printed(target) { try $0.set(low, json: false) })
            request.changes = nil
            let done = try printed(target) {
                try $0.replay(request, json: true, shouldStop: { false })
            }
            #expect(done == told, "what was told was done")
            note(done)
            let again = try printed(target) {
                try $0.replay(request, json: true, shouldStop: { false })
            }
            #expect(try JSONValue.read(Array(again.utf8))["changed"]?.integer == 0)
        }
    }

    @Test func `what is refused is told in one line, with exit status 1`() throws {
        try onBoth { target, note in
            for words in [["gap_m", "-1"], ["nonsense", "1"], ["{\"gap_m\":1"], ["gap_m"]] {
                let failure = #expect(throws: ToolFailure.self) { try target.setRules(words) }
                #expect(failure?.status == ExitStatus.error)
                #expect(failure?.message.contains("\n") == false)
                note(failure?.message ?? "")
            }
            var request = RulesRequest()
            request.riders = [Array("nobody".utf8)]
            let failure = #expect(throws: ToolFailure.self) {
                try target.replayRules(request, cursor: nil)
            }
            #expect(failure?.message.contains("no rider 'nobody'") == true)
            note(try target.rules())
        }
    }

    private func page(_ riders: Int, changed: Int, next: String) -> String {
        """
        {"revision":3,"riders":\(riders),"riders_in_all":40,"fixes":\(riders * 10),\
        "changed":\(changed),"riders_changed":1,"undecided":1,\
        "codes":{"ZIGZAG":{"added":\(changed),"removed":1}},\
        "examples":[{"rider":"r\\"\(riders)","changed":\(changed),"fixes":\
        [{"ts_ms":5,"before":"ok","after":"flag:ZIGZAG"}]}],"next":\(next)}
        """
    }

    @Test func `pages are added up`() throws {
        let target = MemoryTarget()
        target.rulesPages = [
            page(16, changed: 2, next: "1"), page(17, changed: 3, next: "2"),
            page(7, changed: 5, next: "null"),
        ]
        var request = RulesRequest()
        request.changes = []
        let text = try printed(target) {
            try $0.replay(request, json: true, shouldStop: { false })
        }
        let sum = try JSONValue.read(Array(text.utf8))
        #expect(target.rulesCursors == [nil, 1, 2])
        #expect(sum["riders"]?.integer == 40 && sum["fixes"]?.integer == 400)
        #expect(sum["changed"]?.integer == 10 && sum["riders_changed"]?.integer == 3)
        #expect(sum["undecided"]?.integer == 3)
        #expect(sum["codes"]?["ZIGZAG"]?["added"]?.integer == 10)
        #expect(sum["codes"]?["ZIGZAG"]?["removed"]?.integer == 3)
        #expect(sum["examples"]?.elements?.map { $0["rider"]?.text } == ["r\"16", "r\"17", "r\"7"])
    }

    @Test func `a stop comes between two pages and says how far it came`() throws {
        let target = MemoryTarget()
        target.rulesPages = [page(16, changed: 2, next: "1"), page(1, changed: 0, next: "null")]
        var asked = 0
        let failure = #expect(throws: ToolFailure.self) {
            try printed(target) {
                try $0.replay(RulesRequest(), json: true) {
                    asked += 1
                    return asked > 1
                }
            }
        }
        #expect(failure?.status == ExitStatus.interrupted)
        #expect(failure?.message.contains("after 16 of 40 riders") == true)
    }

    @Test func `a page that is not understood is said to be`() throws {
        for text in ["", "{}", "[1]", page(1, changed: 1, next: "null").replacing("5", with: "x")] {
            let target = MemoryTarget()
            target.rulesPages = [text]
            let failure = #expect(throws: ToolFailure.self, "\(text)") {
                try printed(target) {
                    try $0.replay(RulesRequest(), json: true, shouldStop: { false })
                }
            }
            #expect(failure?.status == ExitStatus.notReachable)
        }
    }

    @Test func `a file of rules is read whole, and others are refused`() throws {
        let good = directory.write("good.json", " {\"gap_m\": 5}\n")
        #expect(try RulesJob.read(good) == " {\"gap_m\": 5}\n")
        let large = "{" + String(repeating: " ", count: 70_000) + "}"
        for (name, text) in [("empty", ""), ("list", "[1]"), ("large", large)] {
            let file = directory.write(name, text)
            let failure = #expect(throws: ToolFailure.self) { try RulesJob.read(file) }
            #expect(failure?.status == ExitStatus.badData, "\(name)")
        }
        let failure = #expect(throws: ToolFailure.self) {
            try RulesJob.read(directory.path + "/nothing")
        }
        #expect(failure?.status == ExitStatus.error)
    }

    @Test func `the list has every threshold once, with what it means`() throws {
        let json = try captured(directory) { try RulesJob.list(json: true, to: $0) }
        let rows = try json.split(separator: "\n").map { try JSONValue.read(Array($0.utf8)) }
        #expect(rows.count > 60 && Set(rows.compactMap { $0["name"]?.text }).count == rows.count)
        #expect(rows.allSatisfy { $0["meaning"]?.text?.isEmpty == false })
        let text = try captured(directory) { try RulesJob.list(json: false, to: $0) }
        #expect(text.split(separator: "\n").count == rows.count)
    }
}
