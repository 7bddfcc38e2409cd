import Foundation
import TachoAudit
import TachoEngine
import TachoGeo
import Testing

@Suite(.serialized)
struct LossTests {
    private func deleteLogs(_ options: EngineOptions) throws {
        let db = options.directory + "/db/"
        for name in try FileManager.default.contentsOfDirectory(atPath: db)
        where name.hasSuffix(".log") {
            try FileManager.default.removeItem(atPath: db + name)
        }
    }

    /// The range named after `--accept-loss` in a refusal.
    private func named(_ options: EngineOptions) throws -> ClosedRange<UInt64> {
        do throws(OpenError) {
            try Engine.open(options).abandon()
        } catch {
            #expect(error.code == .acknowledgedDataMissing)
            let text = try #require(error.message.components(separatedBy: "--accept-loss ").last)
            let numbers = text.prefix { $0.isNumber || $0 == "-" }.split(separator: "-")
            let first = try #require(numbers.first.flatMap { UInt64($0) })
            let last = try #require(numbers.last.flatMap { UInt64($0) })
            return first...last
        }
        Issue.record("a directory without its log was opened")
        return 0...0
    }

    @Test func `a missing log is refused by its numbers until exactly they are given up`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        var engine = try Engine.open(options)
        for second in 0..<10 { try engine.add("r", fix(Double(second))) }
        usleep(250_000)  // the watermark is at most 100 ms behind
        engine.abandon()
        try deleteLogs(options)
        #expect(try named(options) == 1...10)
        let kept = try FileManager.default.contentsOfDirectory(
            atPath: options.directory + "/recovery")
        #expect(!kept.isEmpty)
        options.acceptLoss = 1...9
        #expect(throws: OpenError(.acknowledgedDataMissing, "")) { try Engine.open(options) }
        options.acceptLoss = 1...10
        engine = try Engine.open(options)
        #expect(engine.figure("points") == 0)
        #expect(try engine.add("r", fix(0)) == [.stored])
        #expect(engine.figure("last_sequence") == 11)
        #expect(try engine.seal().map(\.points) == [1])
        try engine.close()
        options.acceptLoss = nil
        engine = try Engine.open(options)
        #expect(engine.figure("points") == 1)
        try engine.close()
        let summary = Verifier.run(directory: options.directory + "/audit", deep: true) { _ in }
        #expect(summary.exit == .verified)
        #expect(summary.lostPoints == 10)
    }

    @Test func `segments outlive a lost log and their chain goes on behind them`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        var engine = try Engine.open(options)
        for second in 0..<10 { try engine.add("r", fix(Double(second))) }
        _ = try engine.seal()
        for second in 10..<13 { try engine.add("r", fix(Double(second))) }
        _ = try engine.seal()
        for second in 13..<20 { try engine.add("r", fix(Double(second))) }
        usleep(250_000)
        engine.abandon()
        try deleteLogs(options)
        options.acceptLoss = try named(options)
        #expect(options.acceptLoss == 1...20)
        engine = try Engine.open(options)
        try engine.add("r", fix(30))
        #expect(try engine.seal().map(\.segment) == [3])
        engine.abandon()
        options.acceptLoss = nil
        engine = try Engine.open(options)
        try engine.add("r", fix(31))
        #expect(try engine.seal().map(\.segment) == [4])
        try engine.close()
        let summary = Verifier.run(directory: options.directory + "/audit", deep: true) { _ in }
        #expect(summary.exit == .verified)
        #expect(summary.points == 15)
        // 14 to 20 were in no segment.
        #expect(summary.lostPoints == 7)
    }

    @Test func `a loss that did not happen is not accepted`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        let engine = try Engine.open(options)
        try engine.add("r", fix(0))
        try engine.close()
        options.acceptLoss = 1...1
        #expect(throws: OpenError(.damaged, "")) { try Engine.open(options) }
    }
}
