import Foundation
import TachoAudit
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// The database's log as a disk without power sees it: what was not synced is gone.
final class ForgetfulRows: RowWriting, @unchecked Sendable {
    private let database: Database
    private let lock = NSLock()
    private var unsynced: [RowBatch] = []
    private(set) var syncs = 0
    private let cutAtSync: Int

    /// The power goes at the start of a sync, counted from 1.
    init(_ database: Database, cutAtSync: Int) {
        self.database = database
        self.cutAtSync = cutAtSync
    }

    func write(_ rows: RowBatch, sync: Bool) throws(StoreError) {
        lock.lock()
        defer { lock.unlock() }
        if sync { syncs += 1 }
        if syncs >= cutAtSync { throw .io("the power is gone") }
        unsynced.append(rows)
        guard sync else { return }
        for one in unsynced { try database.write(one, sync: true) }
        unsynced = []
    }
}

/// A journal that writes down what happened to it, beside the database's syncs.
private final class Witness: Journal, RowWriting, @unchecked Sendable {
    private let lock = NSLock()
    private var seen: [String] = []
    var events: [String] { lock.withLock { seen } }
    private func note(_ event: String) { lock.withLock { seen.append(event) } }

    func write(_ rows: RowBatch, sync: Bool) { note(sync ? "sync" : "write") }
    func release(upTo last: UInt64) { note("release \(last)") }
    func append(_ group: GroupBuffer, _ header: GroupHeader) -> UInt64 { 0 }
    func replay(
        from first: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws(StoreError) -> Bool
    ) {}
    var failure: StoreError? { nil }
    func shortage() -> String? { nil }
    var bytesOnDisk: Int { 0 }
    func close() {}
}

@Suite(.serialized)
struct ReleaseTests {
    /// A life that ends with the power: what was acknowledged in it.
    private func life(_ options: EngineOptions, cutAtSync: Int) throws -> [Fix] {
        var options = options
        options.rowTarget = { ForgetfulRows($0, cutAtSync: cutAtSync) }
        let engine = try Engine.open(options)
        var acknowledged: [Fix] = []
        do {
            for index in 0..<60 {
                // Every third fix closes a chunk.
                let one = fix(Double(index) * 400)
                try engine.add("r", one)
                acknowledged.append(one)
                if index % 15 == 14 { engine.runBarrier(.checkpoint) }
            }
        } catch {
            // The power is gone. What was released is taken for other use on another thread.
            usleep(30_000)
        }
        usleep(150_000)
        engine.abandon()
        return acknowledged
    }

    /// False: something acknowledged is gone.
    private func isWhole(_ options: EngineOptions, _ acknowledged: [Fix]) throws -> Bool {
        do throws(OpenError) {
            let engine = try Engine.open(options)
            defer { engine.abandon() }
            guard let stored = try? engine.all("r").map(\.fix) else { return false }
            return acknowledged.allSatisfy { stored.contains($0) }
        } catch {
            #expect(error.code == .acknowledgedDataMissing)
            return false
        }
    }

    private func lossy(_ fault: EngineFault) throws -> [Int] {
        var found: [Int] = []
        for cut in 1...12 {
            let directory = TemporaryDirectory()
            var options = testOptions(directory)
            options.journalFileBytes = 16 << 10
            options.fault = fault
            let acknowledged = try life(options, cutAtSync: cut)
            options.fault = .none
            if try !isWhole(options, acknowledged) { found.append(cut) }
        }
        return found
    }

    @Test func `a power cut at any sync of a checkpoint loses nothing`() throws {
        #expect(try lossy(.none) == [])
    }

    @Test func `releasing before the checkpoint is durable loses acknowledged points`() throws {
        #expect(try !lossy(.releaseFirst).isEmpty)
    }

    @Test(arguments: 1...9)
    func `a power cut at any sync of a seal leaves points and segments whole`(cut: Int) throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.rowTarget = { ForgetfulRows($0, cutAtSync: cut) }
        var engine = try Engine.open(options)
        var acknowledged: [Fix] = []
        do {
            for index in 0..<40 {
                let one = fix(Double(index) * 400)
                try engine.add("r", one)
                acknowledged.append(one)
                if index % 10 == 9 { _ = try engine.seal() }
            }
        } catch {
            #expect(!acknowledged.isEmpty)
        }
        usleep(150_000)
        engine.abandon()
        options.rowTarget = nil
        engine = try Engine.open(options)
        #expect(try engine.all("r").map(\.fix) == acknowledged)
        try engine.add("r", fix(50_000))
        _ = try engine.seal()
        #expect(engine.figure("sealed_through") == Int64(acknowledged.count + 1))
        #expect(try engine.all("r").map(\.fix) == acknowledged + [fix(50_000)])
        try engine.close()
        let summary = Verifier.run(directory: options.directory + "/audit", deep: true) { _ in }
        #expect(summary.exit == .verified)
        #expect(summary.points == UInt64(acknowledged.count + 1))
    }

    @Test func `rows are synced before images and before the mark, then the journal goes`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        let witness = Witness()
        let writer = DerivedWriter(
            database: engine.store.database, target: witness, journal: witness, lastGroup: 0,
            runs: engine.store.geoRuns,
            context: DerivedWriter.Context(
                fail: { Issue.record("\($0)") }, failure: { nil }, written: { _ in },
                released: { _ in }))
        var group = DerivedGroup(group: 1, range: 1, riders: [(0, [65])], loss: nil)
        writer.push(.group(group))
        writer.push(.slots([SlotRows(rider: 0, slot: [1])], asOf: 1))
        group.group = 2
        writer.push(.group(group))
        writer.push(.slots([SlotRows(rider: 1, slot: [1])], asOf: 2))
        writer.push(.slots([SlotRows(rider: 2, slot: [1])], asOf: 2))
        let barrier = Barrier(.checkpoint, shards: 0) {}
        writer.push(.checkpoint(CheckpointMark(from: 3), journalEnd: 0, barrier, rows: []))
        writer.close()
        writer.run()
        #expect(
            witness.events == [
                "sync", "write", "sync", "write", "write", "sync", "sync", "release 2",
            ])
        try engine.close()
    }

    @Test func `at twice the journal's bound writers hear try again until it is released`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.journalLimitBytes = 64 << 10
        let isOpen = Monitor(false)
        options.rowTarget = { GatedRows(database: $0, isOpen: isOpen) }
        let engine = try Engine.open(options)
        var refused = 0
        for second in 0..<40 {
            do throws(AppendError) {
                _ = try engine.append(batch([("r", fix(Double(second)))]))
            } catch {
                #expect(error == .tryAgain(afterMs: 0, reason: ""))
                refused += 1
            }
        }
        #expect(refused > 0)
        #expect(engine.figure("journal_bytes") <= 2 * 64 << 10)
        isOpen.change { state in
            state = true
            return (true, ())
        }
        for _ in 0..<200 where engine.figure("journal_bytes") >= 64 << 10 { usleep(20_000) }
        #expect(try engine.add("r", fix(100)) == [.stored])
        try engine.close()
    }
}

/// A database that takes nothing until it is told to.
private struct GatedRows: RowWriting {
    let database: Database
    let isOpen: Monitor<Bool>

    func write(_ rows: RowBatch, sync: Bool) throws(StoreError) {
        isOpen.wait { $0 ? () : nil }
        try database.write(rows, sync: sync)
    }
}
