import Foundation
import Synchronization
import TachoAudit
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// Files of sealed segments, made again out of the database.
@Suite(.serialized)
struct RebuildTests {
    private struct Killed: Error {}

    enum Damage: CaseIterable {
        case bit, cut, longer, empty, missing, otherSegment, danglingLink
    }

    /// Three sealed ranges, the second with amendments.
    private final class Fixture: Sendable {
        let directory = TemporaryDirectory()
        let notices = Mutex<[String]>([])
        /// Where a rebuild ends as by a kill; nil: nowhere.
        let killed = Mutex<RebuildStep?>(nil)
        let beforeLook = Mutex<(@Sendable (String) throws(SegmentError) -> Void)?>(nil)

        func open() throws -> Engine {
            var options = testOptions(directory)
            options.onNotice = { [self] notice in notices.withLock { $0.append(notice) } }
            options.atRebuildStep = { [self] step in
                if killed.withLock({ $0 == step }) { throw Killed() }
            }
            options.beforeLook = { [self] path throws(SegmentError) in
                try beforeLook.withLock { $0 }?(path)
            }
            return try Engine.open(options)
        }

        func sealed() throws -> Engine {
            let engine = try open()
            var random = SeededGenerator(seed: 5)
            let all = (0..<600).map { index in
                let seconds = Double(index * 2) - (random.chance(20) ? 700 : 0)
                let north = random.chance(7) ? 8_000.0 : Double(index)
                return ("rider-\(random.number(0...4))", fix(seconds, north: north))
            }
            for part in 0..<3 {
                _ = try engine.append(batch(Array(all[part * 200..<(part + 1) * 200])))
                _ = try engine.seal()
            }
            return engine
        }

        var audit: String { directory.path + "/data/audit" }

        func contents(_ segment: UInt64) throws -> Data {
            try Data(contentsOf: URL(fileURLWithPath: directory.segment(segment)))
        }

        func names(_ folder: String) -> [String] {
            let names = try? FileManager.default.contentsOfDirectory(atPath: audit + "/" + folder)
            return (names ?? []).sorted()
        }

        func damage(_ segment: UInt64, _ damage: Damage) throws {
            let path = directory.segment(segment)
            switch damage {
            case .bit: try directory.changeSegment(segment) { $0[$0.count / 2] ^= 16 }
            case .cut: try directory.changeSegment(segment) { $0.removeLast(100) }
            case .longer: try directory.changeSegment(segment) { $0.append(0) }
            case .empty: try directory.changeSegment(segment) { $0 = [] }
            case .missing: try FileManager.default.removeItem(atPath: path)
            case .otherSegment:
                try FileManager.default.removeItem(atPath: path)
                try FileManager.default.copyItem(atPath: directory.segment(1), toPath: path)
            case .danglingLink:
                try FileManager.default.removeItem(atPath: path)
                try FileManager.default.createSymbolicLink(
                    atPath: path, withDestinationPath: path + ".nowhere")
            }
        }
    }

    /// The text of a refusal.
    private func refusal(_ engine: Engine, _ segment: UInt64) -> String {
        do throws(RebuildError) {
            return "made: \(try engine.rebuild(segment: segment))"
        } catch {
            #expect(error == .refused(segment: 0, ""))
            return error.description
        }
    }

    @Test(arguments: Damage.allCases)
    func `a damaged segment is made again as it was, and what was there is kept`(
        damage: Damage
    ) throws {
        let fixture = Fixture()
        let engine = try fixture.sealed()
        let sealed = try fixture.contents(2)
        #expect(try SegmentReader(path: fixture.directory.segment(2)).header.amendments > 0)
        try fixture.damage(2, damage)
        let damaged = try? fixture.contents(2)
        #expect(try engine.scrub().damaged == 1)
        #expect(engine.figure("segments_damaged") == 1)
        let report = try engine.rebuild(segment: 2)
        #expect(try fixture.contents(2) == sealed)
        #expect(report.segment == 2 && report.points > 190 && report.damage != nil)
        #expect(Digest.hex(report.sha256).count == 64)
        if damage == .missing {
            #expect(report.kept == nil && fixture.names("damaged").isEmpty)
            #expect(report.damage == "\(fixture.directory.segment(2)) is not there")
        } else {
            #expect(report.kept == "damaged/00000002.seg-\(testNowMs)")
            #expect(fixture.names("damaged") == ["00000002.seg-\(testNowMs)"])
            let kept = try? Data(
                contentsOf: URL(fileURLWithPath: fixture.audit + "/" + (report.kept ?? "")))
            #expect(kept == damaged)
        }
        #expect(fixture.names("tmp").isEmpty)
        #expect(engine.figure("segments_damaged") == 0, "known without another look")
        #expect(try engine.scrub().findings.isEmpty)
        #expect(fixture.notices.withLock { $0.last?.contains("was made again") } == true)
        // What is kept is in nobody's way.
        try engine.add("late", fix(5_000))
        #expect(try engine.seal().map(\.segment) == [4])
        try engine.close()
        let summary = Verifier.run(directory: fixture.audit, deep: true) { _ in }
        #expect(summary.exit == .verified && summary.segments == 4)
        let mirror = fixture.directory.path + "/mirror"
        #expect(try Mirror.run(from: fixture.audit, to: mirror).segments == 4)
    }

    @Test func `a second damage of a segment is kept beside the first`() throws {
        let fixture = Fixture()
        let engine = try fixture.sealed()
        let sealed = try fixture.contents(1)
        for place: Int in [300, 301] {
            try fixture.directory.changeSegment(1) { $0[place] ^= 1 }
            _ = try engine.rebuild(segment: 1)
            #expect(try fixture.contents(1) == sealed)
        }
        #expect(
            fixture.names("damaged")
                == ["00000001.seg-\(testNowMs)", "00000001.seg-\(testNowMs + 1)"])
        try engine.close()
    }

    @Test func `a sound segment is left alone, retired or not`() throws {
        let fixture = Fixture()
        let engine = try fixture.sealed()
        #expect(try engine.retire(.all).retired.count == 3)
        try engine.add("late", fix(5_000))
        _ = try engine.seal()
        for segment: UInt64 in [2, 4] {
            let before =
                try FileManager.default.attributesOfItem(
                    atPath: fixture.directory.segment(segment))[.systemFileNumber] as? Int
            let report = try engine.rebuild(segment: segment)
            #expect(report.damage == nil && report.kept == nil)
            let after =
                try FileManager.default.attributesOfItem(
                    atPath: fixture.directory.segment(segment))[.systemFileNumber] as? Int
            #expect(before == after)
        }
        #expect(fixture.notices.withLock { $0.isEmpty } && fixture.names("damaged").isEmpty)
        try engine.close()
    }

    @Test func `a retired range is refused, and only a copy helps`() throws {
        let fixture = Fixture()
        let engine = try fixture.sealed()
        #expect(try engine.retire(.all).retired.count == 3)
        let sealed = try fixture.contents(2)
        try fixture.damage(2, .bit)
        let damaged = try fixture.contents(2)
        let text = refusal(engine, 2)
        #expect(
            text.hasPrefix(
                "segment 2 is not made again: its range is retired, so its points are in that file "
                    + "alone; put back a copy with SHA-256 "), "\(text)")
        #expect(try fixture.contents(2) == damaged && fixture.names("damaged").isEmpty)
        #expect(engine.figure("segments_damaged") == 1, "noted, as it was looked at")
        try sealed.write(to: URL(fileURLWithPath: fixture.directory.segment(2)))
        #expect(try engine.rebuild(segment: 2).damage == nil)
        #expect(engine.figure("segments_damaged") == 0)
        try engine.close()
    }

    @Test func `what is not sealed is refused`() throws {
        let fixture = Fixture()
        var engine = try fixture.open()
        #expect(refusal(engine, 1) == "segment 1 is not made again: no range is sealed yet")
        try engine.close()
        engine = try fixture.sealed()
        try engine.add("late", fix(5_000))
        for segment: UInt64 in [0, 4, 1 << 40, .max] {
            #expect(refusal(engine, segment).hasSuffix("none of the sealed segments 1 to 3"))
        }
        try engine.close()
        #expect(throws: RebuildError.stopped("")) { try engine.rebuild(segment: 1) }
    }

    @Test func `another kind of file in its place is not called damage, and nothing is moved`()
        throws
    {
        let fixture = Fixture()
        let engine = try fixture.sealed()
        let path = fixture.directory.segment(2)
        try fixture.damage(2, .missing)
        #expect(mkfifo(path, 0o600) == 0)
        let text = refusal(engine, 2)
        #expect(text.contains("could not be read: \(path): it is not a regular file"), "\(text)")
        #expect(engine.figure("segments_damaged") == 0)
        #expect(unlink(path) == 0)
        #expect(try engine.rebuild(segment: 2).damage != nil)
        try engine.close()
    }

    @Test(arguments: RebuildStep.allCases)
    func `a kill after any step leaves what the next attempt goes on from`(step: RebuildStep)
        throws
    {
        let fixture = Fixture()
        var engine = try fixture.sealed()
        let sealed = try fixture.contents(2)
        try fixture.damage(2, .bit)
        let damaged = try fixture.contents(2)
        fixture.killed.withLock { $0 = step }
        #expect(throws: RebuildError.stopped("")) { try engine.rebuild(segment: 2) }
        engine.abandon()
        fixture.killed.withLock { $0 = nil }
        // Nothing else is disturbed.
        engine = try fixture.open()
        try engine.add("late", fix(5_000))
        #expect(try engine.seal().map(\.segment) == [4])
        let report = try engine.rebuild(segment: 2)
        #expect((report.damage == nil) == (step == .named))
        #expect(try fixture.contents(2) == sealed)
        #expect(fixture.names("tmp").isEmpty)
        let kept = fixture.names("damaged")
        #expect(kept == ["00000002.seg-\(testNowMs)"])
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: fixture.audit + "/damaged/" + kept[0]))
                == damaged)
        try engine.close()
        #expect(Verifier.run(directory: fixture.audit, deep: true) { _ in }.exit == .verified)
    }

    @Test func `half a file that a kill has left is written anew`() throws {
        let fixture = Fixture()
        let engine = try fixture.sealed()
        let sealed = try fixture.contents(3)
        try fixture.damage(3, .missing)
        let temporary = fixture.audit + "/tmp/00000003.seg"
        try Data("half".utf8).write(to: URL(fileURLWithPath: temporary))
        _ = try engine.rebuild(segment: 3)
        #expect(try fixture.contents(3) == sealed)
        // A leftover goes also where nothing is to be done.
        try Data("half".utf8).write(to: URL(fileURLWithPath: temporary))
        #expect(try engine.rebuild(segment: 3).damage == nil)
        #expect(fixture.names("tmp").isEmpty)
        try engine.close()
    }

    @Test func `a database that has other rows now gives no file, and says what differs`() throws {
        let fixture = Fixture()
        let engine = try fixture.sealed()
        let database = engine.store.database
        func dropFirst(_ family: Family, of range: UInt32) throws {
            let cursor = database.cursor(family)
            cursor.seek(Keys.number(range))
            try #require(try cursor.isValid())
            let rows = RowBatch(database)
            rows.delete(family, Array(cursor.key))
            try database.write(rows, sync: true)
        }
        try fixture.damage(2, .bit)
        let damaged = try fixture.contents(2)
        try dropFirst(.amendLog, of: 2)
        var text = refusal(engine, 2)
        #expect(
            text.hasPrefix("segment 2 is not made again: what the database has of range 2 is not ")
                && text.contains(" amendments and losses instead of ")
                && text.contains("put back a copy with SHA-256 "), "\(text)")
        try dropFirst(.ranges, of: 2)
        text = refusal(engine, 2)
        #expect(text.contains("does not have all of range 2 any more: "), "\(text)")
        #expect(text.contains("put back a copy with SHA-256 "), "\(text)")
        let rows = RowBatch(database)
        rows.delete(.meta, Keys.range(2))
        try database.write(rows, sync: true)
        text = refusal(engine, 2)
        #expect(text.contains("the database has no row of range 2, so its points are "), "\(text)")
        #expect(try fixture.contents(2) == damaged)
        #expect(fixture.names("tmp").isEmpty && fixture.names("damaged").isEmpty)
        #expect(try engine.add("late", fix(5_000)) == [.stored], "it goes on taking in")
        try engine.close()
    }

    @Test func `a segment with an accepted loss is made again, one found behind it is refused`()
        throws
    {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        var engine = try Engine.open(options)
        for second in 0..<10 { try engine.add("r", fix(Double(second))) }
        _ = try engine.seal()
        for second in 10..<20 { try engine.add("r", fix(Double(second))) }
        usleep(250_000)  // the watermark is at most 100 ms behind
        engine.abandon()
        for (folder, suffix) in [("journal", ".jnl"), ("db", ".log")] {
            let path = options.directory + "/" + folder + "/"
            for name in try FileManager.default.contentsOfDirectory(atPath: path)
            where name.hasSuffix(suffix) {
                try FileManager.default.removeItem(atPath: path + name)
            }
        }
        options.acceptLoss = 11...20
        engine = try Engine.open(options)
        try engine.add("r", fix(30))
        #expect(try engine.seal().map(\.segment) == [2])
        let sealed = try Data(contentsOf: URL(fileURLWithPath: directory.segment(2)))
        #expect(try SegmentReader(path: directory.segment(2)).header.lostPoints == 10)
        for segment: UInt64 in [1, 2] {
            try directory.changeSegment(segment) { $0[$0.count / 2] ^= 1 }
        }
        #expect(try engine.rebuild(segment: 2).damage != nil)
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.segment(2))) == sealed)
        let text = refusal(engine, 1)
        #expect(text.contains("its range is retired"), "\(text)")
        try engine.close()
    }

    @Test func `a segment that is made again while it is looked at is not called damaged`() throws {
        let fixture = Fixture()
        let engine = try fixture.sealed()
        try fixture.damage(2, .bit)
        let looks = Mutex(0)
        fixture.beforeLook.withLock { look in
            look = { path throws(SegmentError) in
                guard path.hasSuffix("00000002.seg"),
                    looks.withLock({
                        $0 += 1; return $0
                    }) == 1
                else { return }
                // The scrubber has read the damaged file; before it says so comes another thread.
                _ = try? engine.rebuild(segment: 2)
                throw SegmentError(.cut, "the file shrank")
            }
        }
        let report = try engine.scrub()
        #expect(report.damaged == 0 && report.segments == 3 && report.findings.isEmpty)
        #expect(engine.figure("segments_damaged") == 0)
        #expect(looks.withLock { $0 } >= 3)
        try engine.close()
    }
}
