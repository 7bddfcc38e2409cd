import Foundation
import Synchronization
import TachoAudit
import TachoGeo
import TachoIngest
import TachoStore
import Testing

@testable import TachoEngine

/// Ranges whose points leave RocksDB and are read from their segments.
@Suite(.serialized)
struct RetireTests {
    private func options(_ directory: TemporaryDirectory, workers: Int = 1) -> EngineOptions {
        var options = testOptions(directory, workers: workers)
        options.fault = .skipSync
        return options
    }

    /// An hour of three riders, with late fixes, conflicts and a jump now and then.
    private func deliveries(hour: Int) -> [(String, Fix)] {
        var random = SeededGenerator(seed: UInt64(hour) + 50)
        var list: [(String, Fix)] = []
        for second in stride(from: 0, to: 3_600, by: 4) {
            for rider in 0..<3 {
                var at = Double(hour * 3_600 + second)
                if random.chance(8) { at -= Double(random.number(1...2_000)) * 4 }
                let north = random.chance(1) ? at + 9_000 : at
                list.append(("r\(rider)", fix(at, north: north, east: Double(rider * 500))))
                if random.chance(2) { list.append(("r\(rider)", fix(at, north: north + 40))) }
            }
        }
        return list
    }

    @Test func `what is sealed and retired, sent again, is known to the last fix`() throws {
        let directory = TemporaryDirectory()
        var engine = try Engine.open(options(directory))
        var sent: [(String, Fix)] = []
        for hour in 0..<3 {
            let fixes = deliveries(hour: hour)
            _ = try engine.append(batch(fixes))
            sent += fixes
            _ = try engine.seal()
        }
        let points = engine.figure("points")
        let before = try (0..<3).map { try engine.all("r\($0)") }
        let report = try engine.retire(.all)
        #expect(report.kept == [])
        #expect(report.retired.map(\.segment) == [1, 2, 3])
        #expect(report.retired.reduce(0) { $0 + $1.points } == UInt64(points))
        #expect(try engine.trackRows().chunks == 0)
        #expect(try engine.rowCount(.ranges) == 0)
        #expect(engine.figure("ranges_retired") == 3)
        #expect(engine.figure("points_retired") == points)
        for round in 0..<2 {
            for start in stride(from: 0, to: sent.count, by: 500) {
                let part = Array(sent[start..<min(start + 500, sent.count)])
                let masks = try engine.append(batch(part))
                #expect(masks.allSatisfy { $0 == .duplicate }, "round \(round), from \(start)")
            }
            #expect(engine.figure("points") == points)
            #expect(try (0..<3).map { try engine.all("r\($0)") } == before, "round \(round)")
            // The second time behind a kill.
            engine.abandon()
            engine = try Engine.open(options(directory))
            #expect(engine.figure("points_retired") == points)
        }
        // Another fix at a known time is a conflict, and the one after it of the same content known.
        for (rider, known) in [sent[0], sent[1_000], sent[sent.count - 1]] {
            var other = known
            other.lonE7 += 3
            let mask = try engine.append(batch([(rider, other)]))[0]
            #expect(mask.contains(.conflict) && !mask.contains(.duplicate), "\(known)")
            #expect(try engine.append(batch([(rider, other)])) == [.duplicate])
        }
        try engine.close()
    }

    @Test func `only what is old enough goes, and that by itself`() throws {
        let directory = TemporaryDirectory()
        let now = Mutex(testNowMs)
        var options = options(directory)
        options.nowMs = { now.withLock { $0 } }
        let engine = try Engine.open(options)
        for day in 0..<4 {
            try engine.add("r", fix(Double(day * 100)), fix(Double(day * 100 + 1)))
            _ = try engine.seal()
            now.withLock { $0 += 86_400_000 }
        }
        #expect(try engine.retire(RetireQuery(hotDays: 4.5)).retired == [])
        #expect(try engine.retire(RetireQuery(hotDays: 3)).retired.map(\.segment) == [1, 2])
        #expect(try engine.retire(RetireQuery(hotDays: 3)).retired == [])
        #expect(try engine.retire(RetireQuery(hotDays: 1.5)).retired.map(\.segment) == [3])
        #expect(try engine.trackRows() == (1, 3))
        #expect(try engine.all("r").count == 8)
        try engine.close()
    }

    @Test func `a clock that is years ahead keeps no range hot`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        try engine.add("r", fix(10), fix(30_000_000_000), fix(-1_700_000_000))
        #expect(try engine.sealAndRetire().retired.map(\.points) == [3])
        let fixes = [fix(-1_700_000_000), fix(10), fix(30_000_000_000)]
        #expect(try engine.all("r").map(\.fix) == fixes)
        for known in fixes { #expect(try engine.add("r", known) == [.duplicate]) }
        try engine.close()
    }

    @Test func `without a confirmed copy in every mirror nothing goes`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        try engine.add("r", fix(1))
        let sealed = try engine.seal()[0]
        let mirrors = [directory.path + "/one", directory.path + "/two"]
        let query = RetireQuery(hotDays: 0, copies: mirrors)
        func confirm(_ mirror: String, _ sha256: [UInt8]) throws {
            try FileManager.default.createDirectory(
                atPath: mirror, withIntermediateDirectories: true)
            let copy = mirror + "/00000001.seg"
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: directory.segment(1), toPath: copy)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: copy)).count
            let line =
                "{\"v\":1,\"segment\":1,\"file\":\"00000001.seg\",\"bytes\":\(bytes),"
                + "\"sha256\":\"\(Digest.hex(sha256))\",\"how\":\"copied\",\"at_ms\":1}\n"
            try Data(line.utf8).write(to: URL(fileURLWithPath: mirror + "/mirror.ndjson"))
        }
        func reasons() throws -> [String] {
            let report = try engine.retire(query)
            #expect(report.retired == [])
            #expect(try engine.trackRows() == (1, 0))
            return report.kept.map(\.reason)
        }
        #expect(try reasons()[0].contains("/one has no confirmed copy of 00000001.seg"))
        try confirm(mirrors[0], sealed.sha256)
        #expect(try reasons()[0].contains("/two has no confirmed copy of 00000001.seg"))
        try FileManager.default.createDirectory(
            atPath: mirrors[1] + "/mirror.ndjson", withIntermediateDirectories: true)
        #expect(try reasons()[0].contains("/two/mirror.ndjson: it is not a regular file"))
        try FileManager.default.removeItem(atPath: mirrors[1])
        try confirm(mirrors[1], [UInt8](repeating: 7, count: 32))
        #expect(try reasons()[0].contains("/two has no confirmed copy of 00000001.seg"))
        try confirm(mirrors[1], sealed.sha256)
        try FileManager.default.removeItem(atPath: mirrors[0] + "/00000001.seg")
        #expect(try reasons()[0].contains("/one has no confirmed copy"))
        try confirm(mirrors[0], sealed.sha256)
        #expect(try engine.retire(query).retired.map(\.segment) == [1])
        try engine.close()
    }

    @Test func `operators hear once why a range stays, and again when the reason is another`()
        throws
    {
        let directory = TemporaryDirectory()
        let notices = Mutex<[String]>([])
        var options = options(directory)
        options.onNotice = { notice in notices.withLock { $0.append(notice) } }
        options.retirement = RetireQuery(hotDays: 0, copies: [directory.path + "/mirror"])
        let engine = try Engine.open(options)
        func runs() throws -> [String] {
            // More than are passed over after a range had to stay.
            for _ in 0..<25 { engine.retireInBackground() }
            // Answered behind all of them.
            _ = try engine.retire(RetireQuery(hotDays: 36_000))
            return notices.withLock { $0 }
        }
        #expect(try runs() == [])
        try engine.add("r", fix(1))
        _ = try engine.seal()
        #expect(try runs().count == 1)
        #expect(try runs()[0].hasPrefix("range 1 stays in the database: "))
        #expect(try runs()[0].contains("run tacho-audit mirror to that directory"))
        try engine.add("r", fix(2))
        _ = try engine.seal()
        #expect(try runs().count == 1)
        try FileManager.default.removeItem(atPath: directory.segment(1))
        #expect(try runs().count == 2)
        #expect(try runs()[1].contains("00000001.seg"))
        // Without hot-days nothing is kept from leaving; with them again it is told again.
        #expect(engine.figure("ranges_kept_hot") == 2)
        var tuning = engine.tuning
        tuning.retirement = nil
        engine.tune(tuning)
        #expect(engine.figure("ranges_kept_hot") == 0)
        #expect(try runs().count == 2 && engine.figure("ranges_kept_hot") == 0)
        engine.tune(options.tuning)
        #expect(try runs().count == 3 && engine.figure("ranges_kept_hot") == 2)
        try engine.close()
    }

    @Test func `a segment that is damaged, missing or another one keeps its range hot`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        for hour in 0..<4 {
            _ = try engine.append(batch(deliveries(hour: hour)))
            _ = try engine.seal()
        }
        let before = try (0..<3).map { try engine.all("r\($0)") }
        try directory.changeSegment(1) { $0[$0.count / 2] ^= 4 }
        try FileManager.default.removeItem(atPath: directory.segment(2))
        // Whole by itself, but not what was sealed under this number.
        try FileManager.default.removeItem(atPath: directory.segment(3))
        try FileManager.default.copyItem(
            atPath: directory.segment(4), toPath: directory.segment(3))
        let report = try engine.retire(.all)
        #expect(report.retired.map(\.segment) == [4])
        #expect(report.kept.map(\.segment).sorted() == [1, 2, 3])
        for kept in report.kept {
            #expect(kept.reason.contains("0000000\(kept.segment).seg"), "\(kept.reason)")
        }
        #expect(try (0..<3).map { try engine.all("r\($0)") } == before)
        try engine.close()
    }

    @Test func `a segment that breaks later fails reads of its points, and no others`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        for hour in 0..<3 {
            _ = try engine.append(batch(deliveries(hour: hour)))
            _ = try engine.seal()
        }
        let rider = Array("r1".utf8)
        let late = TrackQuery(rider: rider, fromMs: fix(2.4 * 3_600).tsMs)
        let expected = try engine.track(late).fixes
        let whole = try engine.all("r1")
        _ = try engine.retire(.all)
        let copy = try Data(contentsOf: URL(fileURLWithPath: directory.segment(1)))
        var text = ""
        func fails(_ what: String) {
            do throws(ReadError) {
                _ = try engine.track(TrackQuery(rider: rider))
                Issue.record("\(what): it was read")
            } catch {
                text = error.description
                #expect(error == .segment(""), "\(what)")
                #expect(text.contains("audit/00000001.seg: block "), "\(what): \(text)")
                #expect(text.contains("bytes "), "\(what): \(text)")
            }
            #expect((try? engine.track(late).fixes) == expected, "\(what)")
            #expect((try? engine.add("r2", fix(20_000))) != nil, "\(what)")
        }
        try FileManager.default.removeItem(atPath: directory.segment(1))
        fails("missing")
        #expect(text.contains("No such file"))
        try copy.write(to: URL(fileURLWithPath: directory.segment(1)))
        // Put back, it is read at once.
        #expect(try engine.all("r1") == whole)
        let block = try SegmentReader(path: directory.segment(1)).index[1]
        engine.segments.forget()
        try directory.changeSegment(1) { $0[Int(block.offset) + 40] ^= 1 }
        fails("a bit turned")
        try Data(copy[..<(copy.count - 1)]).write(to: URL(fileURLWithPath: directory.segment(1)))
        engine.segments.forget()
        fails("cut")
        try copy.write(to: URL(fileURLWithPath: directory.segment(1)))
        #expect(try engine.all("r1") == whole)
        try engine.close()
    }

    @Test func `a fix for a time whose segment cannot be read is not taken, all others are`() throws
    {
        let directory = TemporaryDirectory()
        let plainDirectory = TemporaryDirectory()
        let plain = try Engine.open(options(plainDirectory))
        var engine = try Engine.open(options(directory))
        for hour in 0..<3 {
            for one in [plain, engine] { _ = try one.append(batch(deliveries(hour: hour))) }
            _ = try engine.seal()
        }
        _ = try engine.retire(.all)
        let points = engine.figure("points")
        let away = directory.path + "/away.seg"
        try FileManager.default.moveItem(atPath: directory.segment(1), toPath: away)
        // Of the first hour one that is new and one that is known, late ones of the third, and others.
        let sent = [
            ("r0", fix(1_001)), ("r1", fix(9_001)), ("r0", deliveries(hour: 0)[0].1),
            ("r2", fix(20_000)), ("new", fix(5)), ("r0", fix(20_000)),
        ]
        var text = ""
        do throws(AppendError) {
            _ = try engine.append(batch(sent))
        } catch {
            #expect(error == .unreadable(""))
            text = error.description
        }
        #expect(text.contains("audit/00000001.seg: block 0"), "\(text)")
        #expect(engine.figure("points") == points + 4)
        #expect(engine.shown("r2")?.fix == fix(20_000))
        engine.abandon()
        engine = try Engine.open(options(directory))
        #expect(engine.figure("points") == points + 4)
        #expect(throws: AppendError.unreadable("")) { try engine.append(batch(sent)) }
        try FileManager.default.moveItem(atPath: away, toPath: directory.segment(1))
        let masks = try engine.append(batch(sent))
        #expect(masks[0] != .duplicate && masks[1...].allSatisfy { $0 == .duplicate })
        _ = try plain.append(batch(Array(sent[1...])))
        _ = try plain.append(batch(sent))
        for rider in ["r0", "r1", "r2", "new"] {
            let isSame = try engine.all(rider) == plain.all(rider)
            #expect(isSame, "\(rider)")
        }
        try engine.close()
        try plain.close()
    }

    /// Makes a chunk say something else, as if one of the two had been forged. A cursor must not
    /// outlive its database.
    private func forge(_ database: Database) throws -> (ChunkKey, [UInt8]) {
        let cursor = database.cursor(.track)
        cursor.seekToFirst()
        #expect(try cursor.isValid())
        let key = try #require(ChunkKey(trackKey: cursor.key))
        let other = Array(cursor.value)
        cursor.next()
        #expect(try cursor.isValid())
        let rows = RowBatch(database)
        rows.put(.track, Array(cursor.key), other)
        try database.write(rows, sync: false)
        return (key, other)
    }

    @Test func `what the segment does not hold stays in the database`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        _ = try engine.append(batch(deliveries(hour: 0)))
        _ = try engine.seal()
        let (key, other) = try forge(engine.store.database)
        let report = try engine.retire(.all)
        #expect(report.retired == [])
        #expect(report.kept.map(\.segment) == [1])
        #expect(report.kept[0].reason.contains("r\(key.rider)"), "\(report.kept[0].reason)")
        #expect(try engine.store.database.get(.track, Keys.track(key)) == other)
        engine.abandon()
    }

    @Test func `a verdict is explained, and its place told, after its points have left`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        for second in 0..<40 {
            try engine.add("r", fix(Double(second) * 3, north: second == 20 ? 9_000 : 0))
        }
        let rider = Array("r".utf8)
        _ = try engine.seal()
        let before = try engine.explain(rider: rider, tsMs: fix(60).tsMs, as: .json)
        _ = try engine.retire(.all)
        let after = try engine.explain(rider: rider, tsMs: fix(60).tsMs, as: .json)
        #expect(after == before)
        guard case .explained(let text) = after else {
            Issue.record("\(after)")
            return
        }
        #expect(String(decoding: text, as: UTF8.self).contains("audit/00000001.seg"))
        try engine.close()
    }

    @Test func `the database shrinks when points have left, and merges when it is worth it`() throws
    {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        for hour in 0..<6 {
            _ = try engine.append(batch(deliveries(hour: hour)))
            _ = try engine.seal()
        }
        engine.store.database.compact(.track)
        let before = engine.store.database.bytes(of: .track)
        _ = try engine.retire(.all)
        engine.store.database.compact(.track)
        #expect(engine.store.database.bytes(of: .track) * 4 < before)
        #expect(try Retirement(engine.store.database).state.ranges == 6)
        try engine.close()
    }

    @Test func `what left is remembered over a restart, until a third of it all has`() throws {
        let directory = TemporaryDirectory()
        let notices = Mutex<[String]>([])
        var now = options(directory)
        // No room to merge files; sealing is done before.
        var engine = try Engine.open(now)
        for hour in 0..<3 {
            _ = try engine.append(batch(deliveries(hour: hour)))
            _ = try engine.seal()
        }
        try engine.close()
        now.minFreeBytes = UInt64.max / 2
        now.onNotice = { notice in notices.withLock { $0.append(notice) } }
        engine = try Engine.open(now)
        engine.store.database.compact(.track)
        let before = engine.store.database.bytes(of: .track)
        for _ in 0..<3 {
            _ = try engine.retire(.all)
            // What is in memory counts, and is more than all of this.
            try engine.store.database.flush(.track)
        }
        #expect(engine.retirementState.ranges == 3)
        let told = notices.withLock { $0.filter { $0.contains("files are not merged") } }
        #expect(told.count == 1 && told[0].contains("no room"), "\(told)")
        let gone = try GoneRow.read(engine.store.database)
        #expect(gone > before / 2)
        engine.abandon()
        engine = try Engine.open(options(directory))
        #expect(engine.retirement.gone == gone)
        #expect(!engine.retirement.isWorthMerging(of: gone * 3 + 3))
        #expect(engine.retirement.isWorthMerging(of: gone * 3))
        // A run that finds nothing to retire merges what was left.
        try engine.store.database.flush(.track)
        #expect(try engine.retire(.all).retired == [])
        #expect(engine.store.database.bytes(of: .track) * 3 < before)
        #expect(try GoneRow.read(engine.store.database) == 0)
        #expect(!engine.retirement.isWorthMerging(of: 0))
        try engine.close()
    }

    /// Holds what the retiring thread writes.
    private final class HeldRows: RowWriting, @unchecked Sendable {
        private let database: Database
        let isHeld = DispatchSemaphore(value: 0)
        let goOn = DispatchSemaphore(value: 0)

        init(_ database: Database) { self.database = database }

        func write(_ rows: RowBatch, sync: Bool) throws(StoreError) {
            let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            if name == "tacho-retire\n" {
                isHeld.signal()
                goOn.wait()
                goOn.signal()
            }
            try database.write(rows, sync: sync)
        }
    }

    @Test func `ranges are sealed while another one is retired`() throws {
        let directory = TemporaryDirectory()
        let held = Mutex<HeldRows?>(nil)
        var now = options(directory)
        now.rowTarget = { database in
            let rows = HeldRows(database)
            held.withLock { $0 = rows }
            return rows
        }
        let engine = try Engine.open(now)
        _ = try engine.append(batch(deliveries(hour: 0)))
        _ = try engine.seal()
        let rows = try #require(held.withLock { $0 })
        let answer = DispatchSemaphore(value: 0)
        let report = Mutex<RetireReport?>(nil)
        engine.retire(.all) { result in
            report.withLock { $0 = try? result.get() }
            answer.signal()
        }
        rows.isHeld.wait()
        _ = try engine.append(batch(deliveries(hour: 1)))
        #expect(try engine.seal().map(\.segment) == [2])
        #expect(report.withLock { $0 } == nil)
        rows.goOn.signal()
        answer.wait()
        #expect(report.withLock { $0?.retired.map(\.segment) } == [1])
        try engine.close()
    }

    @Test
    func `where the fix before lies in a segment that is away, nothing is shown until it is back`()
        throws
    {
        let directory = TemporaryDirectory()
        var now = testOptions(directory, workers: 1, allRules: true)
        now.fault = .skipSync
        var engine = try Engine.open(now)
        for second in 0..<10 { try engine.add("r", fix(Double(second * 5))) }
        _ = try engine.sealAndRetire()
        // Held as a candidate, then called a spike: what was shown before it is in the segment.
        let away = directory.path + "/away.seg"
        try FileManager.default.moveItem(atPath: directory.segment(1), toPath: away)
        engine.segments.forget()
        try engine.add("r", fix(100))
        #expect(engine.shown("r")?.fix == fix(100))
        let rider = try #require(Array("r".utf8).withUnsafeBytes { engine.riders.number(of: $0) })
        try amendNewest(engine, rider)
        #expect(engine.shown("r") == nil)
        #expect(engine.control.failure == nil)
        // Another rider is taken on, and this one's next fix is shown.
        #expect(try engine.add("other", fix(1)) == [.stored])
        try FileManager.default.moveItem(atPath: away, toPath: directory.segment(1))
        try amendNewest(engine, rider)
        #expect(engine.shown("r")?.fix == fix(45))
        engine.abandon()
        engine = try Engine.open(now)
        #expect(engine.shown("r")?.fix == fix(45))
        try engine.close()
    }

    /// The newest fix is quarantined, as if history had been judged again.
    private func amendNewest(_ engine: Engine, _ rider: UInt32) throws {
        let answer = Answer<RiderStamp>()
        engine.workers[0].post(.history(rider: rider) { stamp, _ in answer.give(.success(stamp)) })
        let after = Verdict(codes: Code.spike.bit, effect: .quarantine)
        let change = VerdictChange(
            tsMs: fix(100).tsMs, ordinal: 0, before: Verdict(), after: after)
        let done = Answer<RiderRecompute.Outcome>()
        engine.workers[0].post(
            .recompute(
                RiderRecompute(
                    rider: rider, thresholds: engine.rules.settings.thresholds,
                    basis: .copied(try answer.wait(), [change])
                ) { result in
                    done.give(result.mapError { _ in ReadError.stopped("") })
                }))
        let isDone = if case .isDone = try done.wait() { true } else { false }
        #expect(isDone)
    }

    @Test func `a reader that began before reads on what it saw`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        _ = try engine.append(batch(deliveries(hour: 0)))
        _ = try engine.seal()
        let expected = try engine.all("r0")
        let seen = try retire(engine, whileReading: "r0")
        #expect(seen == expected)
        #expect(try engine.all("r0") == expected)
        try engine.close()
    }

    /// What a reader sees that began before. Its view of the database must go before that is closed.
    private func retire(_ engine: Engine, whileReading rider: String) throws -> [StoredFix] {
        let share = try engine.waitFor { completion in
            engine.copies(of: [0], by: engine.workers[0], completion)
        }
        #expect(try engine.retire(.all).retired.count == 1)
        let query = TrackQuery(rider: Array(rider.utf8))
        return try share.copies[0].withSource { source throws(StoreError) in
            try TrackReader(source: source, query: query).page()
        }.fixes
    }

    /// How long each row of family `track` is in time.
    private func spans(_ database: Database) throws -> [(key: ChunkKey, spanMs: Int64)] {
        var list: [(key: ChunkKey, spanMs: Int64)] = []
        let cursor = database.cursor(.track)
        cursor.seekToFirst()
        while try cursor.isValid() {
            let key = try #require(ChunkKey(trackKey: cursor.key))
            list.append((key, try TrackRow.lastMs(cursor.value, of: key) - key.t0Ms))
            cursor.next()
        }
        return list
    }

    @Test func `references span no more than the longest chunk did`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        for hour in 0..<5 { _ = try engine.append(batch(deliveries(hour: hour))) }
        for step in 0..<1_500 { try engine.add("tidy", fix(Double(step) * 3)) }
        for day in 0..<40 { try engine.add("sparse", fix(Double(day) * 80_000)) }
        for day in (0..<40).reversed() { try engine.add("sparse", fix(Double(day) * 80_000 + 9)) }
        _ = try engine.seal()
        var longest: [UInt32: Int64] = [:]
        for (key, spanMs) in try spans(engine.store.database) {
            longest[key.rider] = max(longest[key.rider] ?? 0, spanMs)
        }
        _ = try engine.retire(.all)
        #expect(try engine.trackRows().chunks == 0)
        let after = try spans(engine.store.database)
        for (key, spanMs) in after { #expect(spanMs <= longest[key.rider]!, "\(key)") }
        // In order, 15 minutes a chunk at most: one reference would do if they could be longer.
        let tidy = try #require(Array("tidy".utf8).withUnsafeBytes { engine.riders.number(of: $0) })
        #expect(after.filter { $0.key.rider == tidy }.count >= 5)
        try engine.close()
    }
}
