import Foundation
import Synchronization
import TachoAudit
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// Looking through sealed segments: by hand, every day, every week.
@Suite(.serialized)
struct ScrubTests {
    private final class Fixture: Sendable {
        let directory = TemporaryDirectory()
        let nowMs = Mutex(testNowMs)
        let notices = Mutex<[String]>([])

        let beforeLook = Mutex<(@Sendable (String) throws(SegmentError) -> Void)?>(nil)

        func open() throws -> Engine {
            var options = testOptions(directory)
            options.beforeLook = { [self] path throws(SegmentError) in
                try beforeLook.withLock { $0 }?(path)
            }
            options.nowMs = { [self] in nowMs.withLock { $0 } }
            options.onNotice = { [self] notice in notices.withLock { $0.append(notice) } }
            return try Engine.open(options)
        }

        /// Segments of ten fixes, received so many hours after each other.
        func seal(_ engine: Engine, _ count: Int, hoursBetween: Int64) throws {
            for segment in 0..<count {
                let fixes = (0..<10).map { ("r", fix(Double(segment * 100 + $0))) }
                _ = try engine.append(batch(fixes))
                _ = try engine.seal()
                nowMs.withLock { $0 += hoursBetween * 3_600_000 }
            }
        }

        func path(_ segment: UInt64) -> String {
            directory.path + "/data/audit/" + SegmentStore.fileName(segment)
        }

        func flip(_ segment: UInt64, at offset: Int) throws {
            let url = URL(fileURLWithPath: path(segment))
            var bytes = try Data(contentsOf: url)
            bytes[offset] ^= 4
            try bytes.write(to: url)
        }

        /// Ticks of a second of the engine's own, until nothing is due and all was looked at.
        func settle(_ engine: Engine, _ isDone: () -> Bool) {
            for _ in 0..<3_000 where !isDone() {
                engine.scrubber.tick(nowMs: nowMs.withLock { $0 })
                usleep(2_000)
            }
        }
    }

    @Test func `what a disk has damaged is found and told once, and a copy ends it`() throws {
        let fixture = Fixture()
        var engine = try fixture.open()
        try fixture.seal(engine, 4, hoursBetween: 1)
        var report = try engine.scrub()
        #expect(report.segments == 4 && report.points == 40 && report.findings.isEmpty)
        #expect(engine.figure("segments_damaged") == 0)
        let copy = try Data(contentsOf: URL(fileURLWithPath: fixture.path(3)))
        try fixture.flip(3, at: 230)
        for _ in 0..<2 {
            report = try engine.scrub()
            #expect(report.segments == 4 && report.points == 30)
            #expect(report.findings.count == 1)
            #expect(report.findings.first?.contains("00000003.seg: block 0") == true)
        }
        #expect(engine.figure("segments_damaged") == 1)
        #expect(fixture.notices.withLock { $0 } == report.findings, "told once")
        // Known after a restart too.
        engine.abandon()
        engine = try fixture.open()
        #expect(engine.figure("segments_damaged") == 1)
        try copy.write(to: URL(fileURLWithPath: fixture.path(3)))
        #expect(try engine.scrub().findings.isEmpty)
        #expect(engine.figure("segments_damaged") == 0)
        try engine.close()
    }

    @Test func `a segment that is gone, or sound but another one, is found`() throws {
        let fixture = Fixture()
        let engine = try fixture.open()
        try fixture.seal(engine, 3, hoursBetween: 1)
        let other = Fixture()
        let twin = try other.open()
        try other.seal(twin, 1, hoursBetween: 1)
        let fixes = (0..<10).map { ("r", fix(Double($0), north: 5)) }
        _ = try twin.append(batch(fixes))
        _ = try twin.seal()
        try twin.close()
        try FileManager.default.removeItem(atPath: fixture.path(1))
        try FileManager.default.removeItem(atPath: fixture.path(2))
        try FileManager.default.copyItem(atPath: other.path(2), toPath: fixture.path(2))
        let report = try engine.scrub()
        #expect(report.findings.count == 2)
        #expect(report.findings.first?.contains("00000001.seg is not there; put back") == true)
        #expect(report.findings.last?.contains("but not the one that was sealed; put") == true)
        for (number, finding) in report.findings.enumerated() {
            #expect(finding.hasSuffix("tacho seal --rebuild \(number + 1)"), "\(finding)")
        }
        try engine.close()
    }

    @Test func `the newest day is looked at once a day and all once a week`() throws {
        let fixture = Fixture()
        var engine = try fixture.open()
        // Nothing is sealed yet: the first passes are due a day and a week from here.
        fixture.settle(engine) { engine.figure("scrub_day_ms") > 0 }
        let startMs = engine.figure("scrub_day_ms")
        #expect(startMs == testNowMs)
        try fixture.seal(engine, 5, hoursBetween: 10)
        // Now 50 hours later: the newest day has the last three.
        try fixture.flip(1, at: 230)
        try fixture.flip(4, at: 230)
        fixture.settle(engine) { engine.figure("segments_damaged") > 0 }
        #expect(engine.figure("segments_damaged") == 1)
        fixture.settle(engine) { engine.scrubber.isIdle }
        #expect(engine.figure("segments_damaged") == 1, "segment 1 is not of the newest day")
        #expect(engine.figure("scrub_all_ms") == startMs)
        let dayMs = engine.figure("scrub_day_ms")
        #expect(dayMs == startMs + 50 * 3_600_000)
        // A week later all are due; a kill in between does not begin anew.
        fixture.nowMs.withLock { $0 = startMs + 7 * 86_400_000 }
        fixture.settle(engine) { engine.figure("segments_damaged") == 2 }
        engine.abandon()
        engine = try fixture.open()
        fixture.settle(engine) { engine.figure("scrub_all_ms") > startMs }
        #expect(engine.figure("scrub_all_ms") == startMs + 7 * 86_400_000)
        #expect(engine.figure("scrub_day_ms") == startMs + 7 * 86_400_000)
        #expect(engine.figure("segments_damaged") == 2)
        #expect(fixture.notices.withLock { $0.count } == 2)
        try engine.close()
    }

    @Test func `a finding says what can be done about it`() throws {
        let fixture = Fixture()
        let engine = try fixture.open()
        try fixture.seal(engine, 2, hoursBetween: 48)
        let audit = fixture.directory.path + "/data/audit"
        let sealed = try #require(try SegmentStore.existing(directory: audit, id: 1))
        #expect(try engine.retire(RetireQuery(hotDays: 3)).retired.map(\.segment) == [1])
        for segment: UInt64 in [1, 2] { try fixture.flip(segment, at: 230) }
        let findings = try engine.scrub().findings
        try #require(findings.count == 2)
        let hash = Digest.hex(sealed.sha256)
        #expect(
            findings[0].hasSuffix(
                "; put back a copy with SHA-256 \(hash), as from a mirror: its points are nowhere else "
                    + "in this directory"))
        #expect(findings[1].hasSuffix("from the database: tacho seal --rebuild 2"))
        for finding in findings {
            #expect(finding.contains("seg: block 0: "), "\(finding)")
        }
        try engine.close()
    }

    @Test func `while a segment is looked at it is not noted as looked at`() throws {
        let fixture = Fixture()
        let engine = try fixture.open()
        fixture.settle(engine) { engine.figure("scrub_day_ms") > 0 }
        try fixture.seal(engine, 3, hoursBetween: 1)
        let next = Mutex<[UInt32]>([])
        let database = engine.store.database
        fixture.beforeLook.withLock { look in
            look = { _ in
                let row = try? ScrubRow.read(database)
                next.withLock { $0.append(row?.next ?? 0) }
            }
        }
        fixture.nowMs.withLock { $0 = testNowMs + 7 * 86_400_000 }
        fixture.settle(engine) { engine.figure("scrub_all_ms") > testNowMs }
        // Of a kill at each of these moments: where the next process goes on.
        #expect(next.withLock { $0 } == [0, 2, 3])
        try engine.close()
    }

    @Test func `a clock that was ahead once does not end the passes`() throws {
        let fixture = Fixture()
        let engine = try fixture.open()
        try fixture.seal(engine, 2, hoursBetween: 1)
        let nowMs = fixture.nowMs.withLock { $0 }
        fixture.nowMs.withLock { $0 += 20 * 365 * 86_400_000 }
        #expect(try engine.scrub().findings.isEmpty)
        fixture.nowMs.withLock { $0 = nowMs }
        try fixture.flip(1, at: 230)
        fixture.settle(engine) { engine.figure("segments_damaged") > 0 }
        #expect(engine.figure("segments_damaged") == 1)
        fixture.settle(engine) { engine.scrubber.isIdle }
        #expect(engine.figure("scrub_all_ms") == nowMs)
        try engine.close()
    }

    @Test func `what cannot be read is not called damaged, and is tried again`() throws {
        let fixture = Fixture()
        let engine = try fixture.open()
        try fixture.seal(engine, 3, hoursBetween: 1)
        // One by a lack of descriptors, one by a pipe in its place.
        let isFull = Mutex(true)
        fixture.beforeLook.withLock { look in
            look = { path throws(SegmentError) in
                guard path.hasSuffix("00000002.seg"), isFull.withLock({ $0 }) else { return }
                throw SegmentError(.inputOutput, "open: Too many open files")
            }
        }
        let aside = fixture.path(3) + "-aside"
        #expect(rename(fixture.path(3), aside) == 0 && mkfifo(fixture.path(3), 0o600) == 0)
        for _ in 0..<2 {
            let report = try engine.scrub()
            #expect(report.segments == 3 && report.points == 10)
            #expect(report.damaged == 0 && report.unread == 2)
            #expect(
                report.findings.first?.hasSuffix(
                    "00000002.seg: open: Too many open files; nothing is known of the segment "
                        + "until it can be, and it is tried again") == true)
            #expect(report.findings.last?.contains("it is not a regular file") == true)
        }
        #expect(engine.figure("segments_damaged") == 0 && engine.figure("segments_unread") == 2)
        #expect(fixture.notices.withLock { $0.count } == 2, "each is told once")
        isFull.withLock { $0 = false }
        #expect(unlink(fixture.path(3)) == 0 && rename(aside, fixture.path(3)) == 0)
        try fixture.flip(3, at: 230)
        fixture.nowMs.withLock { $0 += ScrubPlan.againAfterMs }
        fixture.settle(engine) { engine.figure("segments_unread") == 0 }
        #expect(engine.figure("segments_unread") == 0 && engine.figure("segments_damaged") == 1)
        try engine.close()
    }

    @Test func `a file that is gone or that the disk cannot read is damaged`() {
        func isDamage(_ code: SegmentError.Code, _ detail: String) -> Bool {
            SegmentLook.isDamage(SegmentError(code, detail))
        }
        #expect(isDamage(.inputOutput, "open: " + String(cString: strerror(ENOENT))))
        #expect(isDamage(.inputOutput, "read: " + String(cString: strerror(EIO))))
        #expect(isDamage(.cut, "the file shrank") && isDamage(.unknownVersion, "major 9"))
        for number in [EACCES, EMFILE, ENFILE, ENOMEM, ESTALE, ENOTDIR, EINTR] {
            #expect(!isDamage(.inputOutput, "open: " + String(cString: strerror(number))))
        }
        #expect(!isDamage(.inputOutput, "it is not a regular file"))
    }

    @Test func `the row reads back equal and cut anywhere is refused`() throws {
        var row = ScrubRow(dayMs: 1, wholeMs: -2, next: 3)
        for segment: UInt32 in [5, 2, 9, 5] { row.note(segment, isDamaged: true) }
        #expect(row.damaged == [2, 5, 9])
        row.note(5, isDamaged: false)
        #expect(row.damaged == [2, 9])
        let bytes = row.encoded
        #expect(try ScrubRow.read(bytes) == row)
        for count in 0..<bytes.count {
            #expect(throws: (any Error).self) { try ScrubRow.read(Array(bytes[..<count])) }
        }
        #expect(throws: (any Error).self) { try ScrubRow.read(bytes + [0]) }
        var other = bytes
        other[0] = 1
        #expect(throws: (any Error).self) { try ScrubRow.read(other) }
        // Not ascending.
        other = bytes
        other[bytes.count - 4] = 2
        #expect(throws: (any Error).self) { try ScrubRow.read(other) }
    }
}
