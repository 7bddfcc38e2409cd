import Foundation
import Synchronization
import TachoAudit
import TachoGeo
import Testing

@testable import TachoEngine

/// A kill before and after each step of the seal protocol.
@Suite(.serialized)
struct SealStepTests {
    private struct Killed: Error {}

    /// Three ranges: one sealed before, one whose sealing is killed, one behind it.
    private func deliveries(_ seed: UInt64) -> [(String, Fix)] {
        var random = SeededGenerator(seed: seed)
        return (0..<600).map { index in
            var seconds = Double(index * 2)
            if random.chance(20) { seconds -= Double(random.number(0...900)) }
            let north = random.chance(7) ? 8_000.0 : Double(index)
            return ("rider-\(random.number(0...4))", fix(seconds, north: north))
        }
    }

    private func files(_ directory: TemporaryDirectory) throws -> [String: Data] {
        let audit = directory.path + "/data/audit"
        var files: [String: Data] = [:]
        for entry in try AuditDirectory.segments(at: audit) {
            files[entry.fileName] = try Data(contentsOf: URL(fileURLWithPath: entry.path))
        }
        return files
    }

    private func send(_ engine: Engine, _ fixes: ArraySlice<(String, Fix)>) throws {
        _ = try engine.append(batch(Array(fixes)))
    }

    /// The same fixes sealed without a kill.
    private func undisturbed(_ all: [(String, Fix)]) throws -> [String: Data] {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        for part in 0..<3 {
            try send(engine, all[part * 200..<(part + 1) * 200])
            _ = try engine.seal()
        }
        try engine.close()
        return try files(directory)
    }

    @Test(arguments: SealMoment.all)
    func `a kill at any moment of sealing ends in the same bytes`(moment: SealMoment) throws {
        let all = deliveries(UInt64(moment.step.rawValue))
        let expected = try undisturbed(all)
        #expect(expected.count == 3)
        let directory = TemporaryDirectory()
        let isArmed = Mutex(false)
        var options = testOptions(directory)
        options.atSealMoment = { now in
            let isNow = isArmed.withLock { armed in
                defer { if now == moment { armed = false } }
                return armed && now == moment
            }
            if isNow { throw Killed() }
        }
        var engine = try Engine.open(options)
        try send(engine, all[..<200])
        _ = try engine.seal()
        try send(engine, all[200..<400])
        isArmed.withLock { $0 = true }
        #expect(throws: SealError.self) { try engine.seal() }
        #expect(!isArmed.withLock { $0 }, "\(moment) never came")
        engine.abandon()
        engine = try Engine.open(options)
        try send(engine, all[400...])
        _ = try engine.seal()
        #expect(try files(directory) == expected, "killed \(moment)")
        let left = try FileManager.default.contentsOfDirectory(
            atPath: directory.path + "/data/audit/tmp")
        #expect(left.isEmpty, "killed \(moment): a temporary file is left")
        let stored = engine.figure("points")
        #expect(stored > 590, "some are sent twice")
        try engine.close()
        let summary = Verifier.run(directory: directory.path + "/data/audit", deep: true) { _ in }
        #expect(summary.exit == .verified && summary.points == UInt64(stored))
    }

    @Test func `a segment of that number with other content is never written over`() throws {
        let all = deliveries(99)
        let other = TemporaryDirectory()
        var engine = try Engine.open(testOptions(other))
        try send(engine, all[..<300])
        _ = try engine.seal()
        try engine.close()
        let directory = TemporaryDirectory()
        let notices = Mutex<[String]>([])
        var options = testOptions(directory)
        options.onNotice = { notice in notices.withLock { $0.append(notice) } }
        engine = try Engine.open(options)
        try send(engine, all[300...])
        let name = SegmentStore.fileName(1)
        let audit = directory.path + "/data/audit"
        try FileManager.default.createDirectory(
            atPath: audit, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: other.path + "/data/audit/" + name, toPath: audit + "/" + name)
        let before = try files(directory)
        for _ in 0..<2 {
            #expect(throws: SealError.refused("")) { try engine.seal() }
        }
        #expect(try files(directory) == before)
        #expect(notices.withLock { $0.count } == 1, "told once: \(notices.withLock { $0 })")
        #expect(notices.withLock { $0.first?.contains("other content") } == true)
        #expect(engine.figure("seal_refusals") == 2)
        try FileManager.default.removeItem(atPath: audit + "/" + name)
        #expect(try engine.seal().map(\.points) == [300])
        #expect(engine.figure("sealing") == 0 && engine.figure("seal_last_points") == 300)
        try engine.close()
    }

    @Test func `moments have names that read back`() {
        #expect(SealMoment.all.count == 2 * SealStep.allCases.count)
        for moment in SealMoment.all { #expect(SealMoment("\(moment)") == moment) }
        for text in ["", "before", "before-", "during-rename", "before-renames"] {
            #expect(SealMoment(text) == nil, "\(text)")
        }
    }
}
