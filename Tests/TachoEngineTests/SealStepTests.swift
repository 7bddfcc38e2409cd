import Foundation
import Synchronization
import TachoAudit
import TachoGeo
import TachoIngest
import TachoStore
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
        // Tiles and entries; the checkpoint is by another key in each directory.
        let log = audit + "/log"
        for case let name as String in FileManager.default.enumerator(atPath: log) ?? .init() {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: log + "/" + name, isDirectory: &isFolder)
            if isFolder.boolValue || name.hasPrefix("checkpoint") || name == "pending" { continue }
            files["log/" + name] = try Data(contentsOf: URL(fileURLWithPath: log + "/" + name))
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
        #expect(expected.keys.count { $0.hasSuffix(".seg") } == 3 && expected.count > 4)
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

    /// Sets the rule set in the row of range 1; nil: as programs left it that did not note it.
    private func set(_ ruleSet: UInt16?, _ engine: Engine) throws {
        let bytes = try #require(try engine.store.database.get(.meta, Keys.range(1)))
        var row = try bytes.withUnsafeBytes { try RangeRow($0) }
        row.ruleSet = ruleSet
        let rows = RowBatch(engine.store.database)
        rows.put(.meta, Keys.range(1), row.encoded())
        try engine.store.database.write(rows, sync: true)
    }

    /// An engine whose first range is cut, and whose sealing was broken off at a moment; that lived on.
    private func brokenOff(
        _ directory: TemporaryDirectory, at moment: SealMoment
    ) throws -> Engine {
        let isArmed = Mutex(true)
        var options = testOptions(directory)
        options.atSealMoment = { now in
            let isNow = isArmed.withLock { armed in
                defer { if now == moment { armed = false } }
                return armed && now == moment
            }
            if isNow { throw Killed() }
        }
        let engine = try Engine.open(options)
        try send(engine, deliveries(3)[..<200])
        #expect(throws: SealError.self) { try engine.seal() }
        engine.runBarrier(.checkpoint)
        return engine
    }

    private func ruleSet(_ directory: TemporaryDirectory) throws -> UInt16 {
        let source = try SegmentSource(path: directory.path + "/data/audit/00000001.seg")
        return try SegmentReader.header(of: source).interval.ruleSet
    }

    @Test func `a segment names the rule set of the program that cut its range`() throws {
        let directory = TemporaryDirectory()
        let engine = try brokenOff(directory, at: SealMoment(.write, isDone: false))
        let row = try #require(try engine.store.database.get(.meta, Keys.range(1)))
        #expect(try row.withUnsafeBytes { try RangeRow($0) }.ruleSet == RuleSet.version)
        // Cut by an older program, sealed by this one.
        try set(2, engine)
        #expect(try engine.seal().count == 1)
        #expect(try ruleSet(directory) == 2)
        try engine.close()
    }

    @Test(arguments: [nil, 2] as [UInt16?])
    func `an upgrade between a segment's name and its row ends in the same bytes`(
        noted: UInt16?
    ) throws {
        let directory = TemporaryDirectory()
        let engine = try brokenOff(directory, at: SealMoment(.write, isDone: false))
        try set(2, engine)
        engine.abandon()
        var options = testOptions(directory)
        options.atSealMoment = { if $0 == SealMoment(.rename, isDone: true) { throw Killed() } }
        var older = try Engine.open(options)
        #expect(throws: SealError.self) { try older.seal() }
        let before = try files(directory)
        try set(noted, older)
        older.abandon()
        older = try Engine.open(testOptions(directory))
        #expect(try older.seal().count == 1)
        #expect(try ruleSet(directory) == 2)
        #expect(try files(directory)["00000001.seg"] == before["00000001.seg"])
        try older.close()
    }

    @Test func `a segment by another rule set than its range's is not taken for it`() throws {
        let directory = TemporaryDirectory()
        let engine = try brokenOff(directory, at: SealMoment(.rename, isDone: true))
        try set(2, engine)
        let before = try files(directory)
        #expect(throws: SealError.refused("")) { try engine.seal() }
        #expect(engine.control.sealActivity.refusal?.contains("rule set") == true)
        #expect(try files(directory) == before)
        try set(RuleSet.version, engine)
        #expect(try engine.seal().count == 1)
        try engine.close()
    }

    @Test func `without room nothing is sealed, nothing is left, and fixes are safe`() throws {
        let all = deliveries(17)
        let expected = try undisturbed(all)
        let directory = TemporaryDirectory()
        var engine = try Engine.open(testOptions(directory))
        try send(engine, all[..<200])
        try engine.close()
        let notices = Mutex<[String]>([])
        var options = testOptions(directory)
        options.minFreeBytes = UInt64.max / 2
        options.onNotice = { notice in notices.withLock { $0.append(notice) } }
        engine = try Engine.open(options)
        for _ in 0..<2 { #expect(throws: SealError.refused("")) { try engine.seal() } }
        let told = notices.withLock { $0.filter { $0.contains("cannot be sealed") } }
        #expect(told.count == 1 && told[0].contains("MiB are free"), "\(told)")
        #expect(engine.control.failure == nil)
        try engine.close()
        engine = try Engine.open(testOptions(directory))
        for part in 0..<3 {
            if part > 0 { try send(engine, all[part * 200..<(part + 1) * 200]) }
            _ = try engine.seal()
        }
        try engine.close()
        #expect(try files(directory) == expected)
    }

    @Test func `moments have names that read back`() {
        #expect(SealMoment.all.count == 2 * SealStep.allCases.count)
        for moment in SealMoment.all { #expect(SealMoment("\(moment)") == moment) }
        for text in ["", "before", "before-", "during-rename", "before-renames"] {
            #expect(SealMoment(text) == nil, "\(text)")
        }
    }
}
