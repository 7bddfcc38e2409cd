import Foundation
import TachoAudit
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

@Suite(.serialized)
struct LossTests {
    enum Place: CaseIterable {
        case journal, journalAndWAL
    }

    private func delete(_ folder: String, _ suffix: String, _ options: EngineOptions) throws {
        let path = options.directory + "/" + folder + "/"
        for name in try FileManager.default.contentsOfDirectory(atPath: path)
        where name.hasSuffix(suffix) {
            try FileManager.default.removeItem(atPath: path + name)
        }
    }

    private func deleteLogs(_ options: EngineOptions, _ place: Place) throws {
        try delete("journal", ".jnl", options)
        if place == .journalAndWAL { try delete("db", ".log", options) }
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

    @Test(arguments: Place.allCases)
    func `a missing log is refused by its numbers until exactly they are given up`(
        place: Place
    ) throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        var engine = try Engine.open(options)
        for second in 0..<10 { try engine.add("r", fix(Double(second))) }
        usleep(250_000)  // the watermark is at most 100 ms behind
        engine.abandon()
        try deleteLogs(options, place)
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

    @Test(arguments: Place.allCases)
    func `segments outlive a lost log and their chain goes on behind them`(
        place: Place
    ) throws {
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
        try deleteLogs(options, place)
        options.acceptLoss = try named(options)
        // The first 13 are in segments, so they are not missing.
        #expect(options.acceptLoss == 14...20)
        engine = try Engine.open(options)
        #expect(engine.figure("points") == 13 && engine.lostPoints() == 7)
        for second in 0..<13 {
            #expect(try engine.add("r", fix(Double(second))) == [.duplicate], "second \(second)")
        }
        try engine.add("r", fix(30))
        #expect(try engine.seal().map(\.segment) == [3])
        engine.abandon()
        options.acceptLoss = nil
        engine = try Engine.open(options)
        try engine.add("r", fix(31))
        #expect(try engine.seal().map(\.segment) == [4])
        // The points of 1 and 2 are in their segments alone.
        let report = try engine.retire(RetireQuery(hotDays: 0))
        #expect(report.retired.map(\.segment) == [3, 4])
        #expect(report.kept == [])
        #expect(engine.figure("points_retired") == 15)
        try engine.close()
        let summary = Verifier.run(directory: options.directory + "/audit", deep: true) { _ in }
        #expect(summary.exit == .verified)
        #expect(summary.points == 15)
        // 14 to 20 were in no segment.
        #expect(summary.lostPoints == 7)
    }

    @Test(arguments: Place.allCases)
    func `a lost log whose points are all in segments is given up without a number`(
        place: Place
    ) throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        var engine = try Engine.open(options)
        for second in 0..<10 { try engine.add("r", fix(Double(second))) }
        _ = try engine.seal()
        usleep(250_000)
        engine.abandon()
        try deleteLogs(options, place)
        options.acceptLoss = 1...10
        do throws(OpenError) {
            try Engine.open(options).abandon()
            Issue.record("more was accepted than is missing")
        } catch {
            #expect(error.message.contains("sealed segments hold them"), "\(error.message)")
        }
        options.acceptLoss = nil
        #expect(try named(options) == 0...0)
        options.acceptLoss = 0...0
        engine = try Engine.open(options)
        #expect(engine.figure("points") == 10 && engine.lostPoints() == 0)
        for second in 0..<10 { #expect(try engine.add("r", fix(Double(second))) == [.duplicate]) }
        try engine.close()
    }

    @Test func `a segment that cannot be read is no excuse for what it held`() throws {
        let directory = TemporaryDirectory()
        let options = testOptions(directory)
        let engine = try Engine.open(options)
        for second in 0..<10 { try engine.add("r", fix(Double(second))) }
        _ = try engine.seal()
        for second in 10..<20 { try engine.add("r", fix(Double(second))) }
        _ = try engine.seal()
        for second in 20..<25 { try engine.add("r", fix(Double(second))) }
        usleep(250_000)
        engine.abandon()
        try deleteLogs(options, .journalAndWAL)
        try Data("no segment".utf8).write(to: URL(fileURLWithPath: directory.segment(2)))
        #expect(try named(options) == 11...25)
        try Data("no segment".utf8).write(to: URL(fileURLWithPath: directory.segment(1)))
        #expect(try named(options) == 1...25)
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

    /// Options with journal files so small that a few commits fill one.
    private func smallFiles(_ directory: TemporaryDirectory) -> EngineOptions {
        var options = testOptions(directory)
        options.journalFileBytes = 16 << 10
        return options
    }

    /// A track that closes a chunk with every third fix.
    private func sparse(_ index: Int) -> Fix { fix(Double(index) * 400) }

    private func fill(_ options: EngineOptions, _ count: Int, checkpointAt: Int? = nil) throws {
        let engine = try Engine.open(options)
        for index in 0..<count {
            try engine.add("r\(index % 2)", sparse(index))
            if index == checkpointAt { engine.runBarrier(.checkpoint) }
        }
        usleep(250_000)
        engine.abandon()
    }

    private func stored(_ engine: Engine) throws -> [Fix] {
        (try engine.all("r0") + engine.all("r1")).map(\.fix).sorted { $0.tsMs < $1.tsMs }
    }

    @Test func `a database without its log is made again from the journal`() throws {
        let directory = TemporaryDirectory()
        let options = smallFiles(directory)
        try fill(options, 40)
        try delete("db", ".log", options)
        let engine = try Engine.open(options)
        #expect(try stored(engine) == (0..<40).map(sparse))
        try engine.close()
    }

    @Test func `a database that cannot be opened is made again from a whole journal`() throws {
        let directory = TemporaryDirectory()
        let options = testOptions(directory)
        try fill(options, 40, checkpointAt: 30)
        try Data("nonsense".utf8).write(
            to: URL(fileURLWithPath: options.directory + "/db/CURRENT"))
        let engine = try Engine.open(options)
        #expect(try stored(engine) == (0..<40).map(sparse))
        #expect(try engine.seal().map(\.points) == [40])
        try engine.close()
    }

    @Test func `a database that fell back behind a released journal is refused`() throws {
        let directory = TemporaryDirectory()
        var options = smallFiles(directory)
        try fill(options, 40, checkpointAt: 30)
        try delete("db", ".log", options)
        #expect(try named(options) == 1...40)
        #expect(try named(options) == 1...40)
        options.acceptLoss = 1...40
        var engine = try Engine.open(options)
        #expect(try stored(engine) == [])
        for index in 0..<40 { #expect(try engine.add("r\(index % 2)", sparse(index)) == [.stored]) }
        engine.abandon()
        options.acceptLoss = nil
        engine = try Engine.open(options)
        #expect(try stored(engine) == (0..<40).map(sparse))
        try engine.close()
    }

    /// The database is ahead of what is left of the journal: chunks with fixes that are gone, and
    /// with fixes that are in tails again.
    @Test(arguments: [1, 2, 7, 20, 33, 39])
    func `after damage in the journal exactly what was named is missing`(good: Int) throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.journalFileBytes = 4 << 20
        try fill(options, 20)
        try sealed(options, 20..<40)
        // Groups of riders, cuts and fixes lie one block apart: the fix's is looked up.
        try damageGroup(of: UInt64(good + 1), options)
        // The first 30 are in a segment.
        let known = max(good, 30)
        let lost = UInt64(known + 1)...40
        #expect(try named(options) == lost)
        options.acceptLoss = lost
        var engine = try Engine.open(options)
        #expect(try stored(engine) == (0..<known).map(sparse))
        for index in 0..<40 {
            #expect(
                try engine.add("r\(index % 2)", sparse(index))
                    == [index < known ? .duplicate : .stored])
        }
        _ = try engine.seal()
        #expect(try stored(engine) == (0..<40).map(sparse))
        try engine.close()
        options.acceptLoss = nil
        engine = try Engine.open(options)
        #expect(try stored(engine) == (0..<40).map(sparse))
        try engine.close()
        let summary = Verifier.run(directory: options.directory + "/audit", deep: true) { _ in }
        #expect(summary.exit == .verified)
    }

    private func sealed(_ options: EngineOptions, _ indices: Range<Int>) throws {
        let engine = try Engine.open(options)
        for index in indices {
            if index == 30 { _ = try engine.seal() }
            try engine.add("r\(index % 2)", sparse(index))
        }
        usleep(250_000)
        engine.abandon()
    }

    /// Turns a bit in the group that holds the point.
    private func damageGroup(of sequence: UInt64, _ options: EngineOptions) throws {
        let folder = options.directory + "/journal/"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let url = URL(fileURLWithPath: folder + name)
            var data = try Data(contentsOf: url)
            for at in stride(from: GroupBuffer.blockBytes, to: data.count, by: 4096) {
                let header = data[at..<at + 64].withUnsafeBytes { Array($0) }
                let isGroup = header[0..<4].elementsEqual("TGRP".utf8)
                let points = header[24]
                let first = header[16..<24].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                guard isGroup, points == 1, first == sequence else { continue }
                data[at + 70] ^= 4
                try data.write(to: url)
                return
            }
        }
        Issue.record("no group with point \(sequence)")
    }

    @Test func `a directory of format 0 is refused by its name`() throws {
        let directory = TemporaryDirectory()
        let options = testOptions(directory)
        try Engine.open(options).close()
        try Data("tacho data directory, format 0\n".utf8).write(
            to: URL(fileURLWithPath: options.directory + "/TACHO"))
        do throws(OpenError) {
            try Engine.open(options).abandon()
            Issue.record("it was opened")
        } catch {
            #expect(error.code == .cannotCreate)
            #expect(error.message.contains("format 0"))
        }
    }
}
