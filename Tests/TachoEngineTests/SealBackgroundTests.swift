import Foundation
import Synchronization
import TachoAudit
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// What nobody waits for: sealing by itself, and what operators hear of it.
@Suite(.serialized)
struct SealBackgroundTests {
    private struct Stop: Error {}

    private func wait(seconds: Int, _ isSo: () -> Bool) -> Bool {
        for _ in 0..<seconds * 20 where !isSo() { usleep(50_000) }
        return isSo()
    }

    @Test func `what a kill left cut is sealed after the start, although nothing new comes`() throws
    {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.atSealMoment = { if $0 == SealMoment(.write, isDone: false) { throw Stop() } }
        var engine = try Engine.open(options)
        try engine.add("r", fix(1), fix(2))
        #expect(throws: SealError.self) { try engine.seal() }
        engine.abandon()
        options.atSealMoment = nil
        options.rangeSeconds = 3_600
        engine = try Engine.open(options)
        #expect(wait(seconds: 30) { engine.figure("ranges_sealed") == 1 })
        try engine.close()
    }

    @Test func `a damaged chunk is told and sealed nowhere, and other riders' fixes are taken on`()
        throws
    {
        let directory = TemporaryDirectory()
        let notices = Mutex<[String]>([])
        var options = testOptions(directory)
        options.onNotice = { notice in notices.withLock { $0.append(notice) } }
        let engine = try Engine.open(options)
        for index in 0..<8 { try engine.add("r", fix(Double(index) * 400)) }
        engine.runBarrier(.checkpoint)
        let key = try firstTrackKey(engine.store.database)
        let rows = RowBatch(engine.store.database)
        rows.put(.track, key, [1, 2, 3])
        try engine.store.database.write(rows, sync: false)
        for round in 0..<2 {
            #expect(throws: SealError.refused("")) { try engine.seal() }
            #expect(try engine.add("other", fix(Double(round))) != [.duplicate])
        }
        #expect(notices.withLock { $0.count } == 1)
        #expect(notices.withLock { $0[0].contains("put back a copy of db") })
        // A fix beside it cannot be compared with it: refused each time, told once, and no end of it all.
        for round in 1...3 {
            #expect(throws: AppendError.unreadable("")) {
                try engine.add("r", fix(Double(round)))
            }
        }
        #expect(notices.withLock { $0.count } == 2)
        #expect(notices.withLock { $0[1].contains("fixes are refused") })
        #expect(try engine.add("r", fix(7 * 400 + 1)) == [.stored])
        #expect(engine.control.failure == nil)
        engine.abandon()
    }

    @Test func `a row that cannot be read is told, too`() throws {
        let notices = Mutex<[String]>([])
        var options = testOptions(TemporaryDirectory())
        options.onNotice = { notice in notices.withLock { $0.append(notice) } }
        options.atSealMoment = { if $0 == SealMoment(.intent, isDone: false) { throw Stop() } }
        let engine = try Engine.open(options)
        try engine.add("r", fix(1))
        #expect(throws: SealError.refused("")) { try engine.seal() }
        #expect(notices.withLock { $0.count } == 1)
        #expect(engine.figure("seal_refusals") == 1)
        engine.abandon()
    }

    /// A cursor must not outlive its database.
    private func firstTrackKey(_ database: Database) throws -> [UInt8] {
        let cursor = database.cursor(.track)
        cursor.seekToFirst()
        #expect(try cursor.isValid())
        return Array(cursor.key)
    }

    @Test func `a job of a kind waits once`() {
        let jobs = BackgroundJobs()
        #expect(jobs.begin(.seal) && !jobs.begin(.seal) && jobs.begin(.retire))
        jobs.end(.seal)
        #expect(jobs.begin(.seal) && !jobs.begin(.retire))
    }
}
