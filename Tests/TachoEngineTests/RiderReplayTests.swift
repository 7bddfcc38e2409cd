import Foundation
import TachoCodec
import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// The replay of `tacho rules test` against engines: what it says is what they said.
@Suite(.serialized)
struct RiderReplayTests {
    private func options(
        _ directory: TemporaryDirectory, _ settings: RuleSettings, workers: Int = 2
    ) -> EngineOptions {
        var options = rulesOptions(directory, workers: workers)
        options.thresholds = settings.thresholds
        options.fault = .skipSync
        return options
    }

    private func disturb(
        _ engine: inout Engine, _ options: EngineOptions, _ random: inout SeededGenerator
    ) throws {
        switch random.number(0...9) {
        case 0: engine.runBarrier(.checkpoint)
        case 1: _ = try engine.seal()
        case 2:
            engine.abandon()
            engine = try Engine.open(options)
        case 3:
            try engine.close()
            engine = try Engine.open(options)
        default: break
        }
    }

    private func codes(_ engine: Engine) throws -> UInt64 {
        try (0..<6).reduce(0) { codes, rider in
            try engine.all("rider-\(rider)").reduce(codes) { $0 | $1.verdict.codes }
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `with the rules in force nothing would change`(seed: UInt64) throws {
        var deliveries = RandomDeliveries(seed: seed)
        var settings = RuleSettings()
        if seed % 3 > 0 { settings.thresholds.off = 0 }
        if seed % 3 > 1 { settings = try randomChange(&deliveries.random).applied(to: settings) }
        let directory = TemporaryDirectory()
        let options = options(directory, settings)
        var engine = try Engine.open(options)
        for _ in 0..<15 {
            _ = try engine.append(batch(deliveries.next(deliveries.random.number(1...200))))
            try disturb(&engine, options, &deliveries.random)
        }
        for rider in 0..<6 {
            let (stamp, fixes) = try engine.history("rider-\(rider)")
            var replay = RiderReplay(fixes, RuleSet(thresholds: settings.thresholds))
            replay.run()
            for (fix, verdict) in zip(fixes, replay.verdicts) where fix.current != verdict {
                Issue.record(
                    "seed \(seed), rider-\(rider) at \(fix.tsMs): \(fix.current), \(verdict) again")
                break
            }
            #expect(replay.chain.openMs == stamp.openMs, "seed \(seed), rider-\(rider)")
        }
        let report = try engine.replayRules(.everything, .test(RuleChange()))
        #expect(report.changed == 0, "seed \(seed): \(report.json)")
        #expect(report.fixes == Int(engine.figure("points")), "seed \(seed)")
        #expect(report.riders == 6 && report.next == nil)
        engine.abandon()
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `other rules change what an engine with them says otherwise`(seed: UInt64) throws {
        var deliveries = RandomDeliveries(seed: seed + 100)
        let change = randomChange(&deliveries.random)
        let own = RuleSettings()
        let other = try change.applied(to: own)
        let all = deliveries.next(2_000)
        let directories = [TemporaryDirectory(), TemporaryDirectory()]
        // An array goes with its last use, and its directories with it.
        defer { withExtendedLifetime(directories) {} }
        let engines = [
            try Engine.open(options(directories[0], own)),
            try Engine.open(options(directories[1], other)),
        ]
        for engine in engines {
            for start in stride(from: 0, to: all.count, by: 100) {
                _ = try engine.append(batch(Array(all[start..<start + 100])))
            }
        }
        let report = try engines[0].replayRules(.everything, .test(change))
        var differing = 0
        var counts: [UInt8: RulesReport.CodeCount] = [:]
        for rider in 0..<6 {
            let before = try engines[0].history("rider-\(rider)")
            let after = try engines[1].history("rider-\(rider)")
            let open = Set(before.stamp.openMs + after.stamp.openMs)
            #expect(before.fixes.map(\.stored.fix) == after.fixes.map(\.stored.fix))
            for (index, (one, two)) in zip(before.fixes, after.fixes).enumerated() {
                let isFirst = index == 0 || before.fixes[index - 1].tsMs != one.tsMs
                if isFirst && open.contains(one.tsMs) { continue }
                let (a, b) = (one.current, two.current)
                if a.codes != b.codes || a.effect != b.effect { differing += 1 }
                for code in Code.allCases {
                    let (had, has) = (a.codes & code.bit != 0, b.codes & code.bit != 0)
                    if !had && has { counts[code.rawValue, default: .init()].added += 1 }
                    if had && !has { counts[code.rawValue, default: .init()].removed += 1 }
                }
            }
        }
        #expect(report.changed == differing, "seed \(seed): \(report.json)")
        #expect(report.codes == counts, "seed \(seed)")
        #expect(report.revision == 2)
        for engine in engines { engine.abandon() }
    }

    @Test func `random deliveries have most codes and enough late fixes`() throws {
        var deliveries = RandomDeliveries(seed: 5)
        var settings = RuleSettings()
        settings.thresholds.off = 0
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory, settings))
        let masks = try engine.append(batch(deliveries.next(6_000)))
        #expect(masks.count { $0.contains(.late) } > 200)
        #expect(masks.count { $0.contains(.conflict) } > 100)
        #expect(masks.count { $0 == .duplicate } > 50)
        let codes = try codes(engine)
        let wanted: [Code] = [
            .invalid, .mockFlag, .tsFuture, .tsPast, .lowAccuracy, .tsConflict, .teleport, .spike,
            .gapSpeed, .flicker,
        ]
        for code in wanted { #expect(codes & code.bit != 0, "\(code.name)") }
        engine.abandon()
    }

    /// Real tracks as they were recorded, each a delivery in order of the file.
    @Test(arguments: ["tiny", "device_fixtures", "gotrack_android", "rf_spoof_nmea", "ucc5g_phone"])
    func `with the rules in force nothing of a real track would change`(name: String) throws {
        guard let fixes = try RealDeliveries.read(name, limit: 8_000) else { return }
        let directory = TemporaryDirectory()
        var settings = RuleSettings()
        settings.thresholds.off = 0
        let engine = try Engine.open(options(directory, settings))
        for start in stride(from: 0, to: fixes.count, by: 1_000) {
            let some = Array(fixes[start..<min(start + 1_000, fixes.count)])
            _ = try engine.append(batch(some, .history))
            if start % 9_000 == 8_000 { _ = try engine.seal() }
        }
        let report = try engine.replayRules(.everything, .test(RuleChange()))
        #expect(report.changed == 0, "\(name): \(report.json)")
        #expect(report.fixes == Int(engine.figure("points")) && report.fixes > 500, "\(name)")
        let other = try engine.replayRules(
            .everything, .test(change(("teleport_beyond_m", "5"), ("jump_base_m", "5"))))
        #expect(other.fixes == report.fixes)
        engine.abandon()
    }

    @Test func `a stretch of history is all that is told of`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(rulesOptions(directory))
        for second in 0..<100 { try engine.add("r", fix(Double(second), accuracyDm: 500)) }
        let from = fix(20).tsMs
        var query = RulesQuery(fromMs: from, toMs: from + 30_000)
        let lower = change(("low_accuracy_m", "40"))
        var report = try engine.replayRules(query, .test(lower))
        #expect(report.fixes == 30 && report.changed == 30)
        #expect(report.codes[Code.lowAccuracy.rawValue] == .init(added: 30, removed: 0))
        #expect(report.examples.first?.fixes.first?.tsMs == from)
        #expect(report.examples.first?.fixes.first?.before == "ok")
        #expect(report.examples.first?.fixes.first?.after == "accept:LOWACC")
        query.leadInMs = 5_000
        report = try engine.replayRules(query, .test(lower))
        #expect(report.fixes == 30 && report.changed == 30)
        #expect(try engine.verdicts("r").allSatisfy { $0 == "ok" }, "a test stores nothing")
        engine.abandon()
    }

    @Test func `riders are named, and come a page at a time`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(rulesOptions(directory))
        for rider in 0..<10 { try engine.add("r\(rider)", fix(0, accuracyDm: 500)) }
        let lower = RulesReplayMode.test(change(("low_accuracy_m", "40")))
        var query = RulesQuery.everything
        query.maxRiders = 4
        var seen: [Int] = []
        var changed = 0
        while true {
            let report = try engine.replayRules(query, lower)
            seen.append(report.riders)
            changed += report.changed
            #expect(report.ridersInAll == 10)
            guard let next = report.next else { break }
            query.cursor = next
        }
        #expect(seen == [4, 4, 2] && changed == 10)
        query = .everything
        query.riders = [Array("r3".utf8), Array("r7".utf8)]
        let report = try engine.replayRules(query, lower)
        #expect(report.riders == 2 && report.examples.map(\.rider) == ["r3", "r7"])
        query.riders = [Array("nobody".utf8)]
        #expect(throws: RulesError.refused("no rider 'nobody'")) {
            try engine.replayRules(query, lower)
        }
        query = .everything
        query.cursor = 11
        #expect(throws: RulesError.self) { try engine.replayRules(query, lower) }
        engine.abandon()
        #expect(throws: RulesError.self) { try engine.replayRules(.everything, lower) }
    }
}

/// Tracks of public data sets, beside the repository or in it.
enum RealDeliveries {
    /// nil: not there. At most `limit` fixes.
    static func read(_ name: String, limit: Int) throws -> [(String, Fix)]? {
        let here = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        let root = here.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let plain = root.appending(path: "Tests/Fixtures/\(name).csv").path
        let packed = root.appending(path: "../shared/data/\(name).csv.gz").standardized.path
        let isPlain = FileManager.default.fileExists(atPath: plain)
        guard isPlain || FileManager.default.fileExists(atPath: packed) else { return nil }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: isPlain ? "/bin/cat" : "/bin/gzip")
        process.arguments = isPlain ? [plain] : ["-dc", packed]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var fixes: [(String, Fix)] = []
        var reader = CSVFixReader()
        // To the end: a program that is stopped early may never be seen to end.
        while let piece = try pipe.fileHandleForReading.read(upToCount: 1 << 16), !piece.isEmpty {
            try piece.withUnsafeBytes { bytes in
                try reader.feed(bytes, isLast: false, fallbackRider: nil) { row in
                    guard fixes.count < limit, row.defect == nil,
                        case .success(let reading) = row.text.read()
                    else { return }
                    fixes.append((String(decoding: row.rider, as: UTF8.self), reading.fix))
                }
            }
        }
        process.waitUntilExit()
        return fixes
    }
}
