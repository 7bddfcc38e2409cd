import Foundation
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// What was delivered and acknowledged, when the server is killed or the power goes.
struct GroupDurabilityTests {
    /// A life with alerts, and a second one in which the database's log forgets what was not synced.
    private func forgetful(
        _ alerts: Int, cutAtSync: Int, _ fault: EngineFault = .none
    ) throws -> GroupBench {
        let bench = try GroupBench()
        try bench.alert(alerts)
        bench.options.fault = fault
        bench.options.rowTarget = { ForgetfulRows($0, cutAtSync: cutAtSync) }
        try bench.restart()
        return bench
    }

    /// Reads, acknowledges every other entry, and cuts the power. What comes again as new, and what is
    /// pending of whom.
    private func afterAPowerCut(
        _ fault: EngineFault
    ) throws -> (acknowledged: [AlertID], delivered: [AlertID], pending: [AlertID], new: [AlertID])
    {
        let bench = try forgetful(20, cutAtSync: .max, fault)
        bench.create()
        var delivered: [AlertID] = []
        var acknowledged: [AlertID] = []
        for _ in 0..<3 {
            let ids = bench.read("kim", count: 5)
            delivered += ids
            let done = ids.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            #expect(bench.acknowledge(done).number == Int64(done.count))
            acknowledged += done
        }
        bench.options.rowTarget = nil
        bench.options.fault = .none
        try bench.kill()
        let pending = bench.read("kim", own: .zero)
        return (acknowledged, delivered, pending, bench.read("lee"))
    }

    @Test func `a power cut brings nothing acknowledged back, and loses nothing delivered`() throws
    {
        let found = try afterAPowerCut(.none)
        #expect(found.pending == found.delivered.filter { !found.acknowledged.contains($0) })
        #expect(found.new.count == 5)
        #expect(Set(found.new).isDisjoint(with: found.delivered))
    }

    @Test func `without the sync, what was acknowledged would be lost`() throws {
        let found = try afterAPowerCut(.skipSync)
        // Not even the group is there: all would come again with the next one.
        #expect(found.acknowledged.count == 9)
        #expect(found.pending.isEmpty && found.new.isEmpty)
    }

    @Test(arguments: 1...12)
    func `a power cut at any sync leaves each entry acknowledged, pending or new`(cut: Int) throws {
        let bench = try forgetful(30, cutAtSync: cut)
        var acknowledged: [AlertID] = []
        var delivered: [AlertID] = []
        let all = bench.ids
        let isMade = bench.create().refusal == nil
        for _ in 0..<5 {
            let ids = bench.read("kim", count: 3)
            delivered += ids
            if bench.acknowledge(ids).number != nil { acknowledged += ids }
        }
        bench.options.rowTarget = nil
        try bench.kill()
        if !isMade { bench.create() }
        let pending = bench.read("kim", own: .zero)
        let new = bench.read("kim")
        let again = pending + new
        #expect(Set(again).isDisjoint(with: acknowledged), "cut \(cut)")
        #expect(Set(again).union(acknowledged) == Set(all), "cut \(cut): an entry is gone")
        #expect(again == again.sorted(), "cut \(cut): out of order")
        #expect(Set(delivered).subtracting(acknowledged).isSubset(of: pending), "cut \(cut)")
    }

    /// Counts syncs, and holds the first until it is told to go on.
    private final class HeldRows: RowWriting, @unchecked Sendable {
        private let database: Database
        private let state = NSLock()
        private let gate = DispatchSemaphore(value: 0)
        private let held = DispatchSemaphore(value: 0)
        private var isHolding = false
        private(set) var syncs = 0

        init(_ database: Database) { self.database = database }

        func hold() { state.withLock { isHolding = true } }
        func waitUntilHeld() { held.wait() }
        func goOn() { gate.signal() }

        func write(_ rows: RowBatch, sync: Bool) throws(StoreError) {
            if sync {
                let holds = state.withLock {
                    syncs += 1
                    defer { isHolding = false }
                    return isHolding
                }
                if holds {
                    held.signal()
                    gate.wait()
                }
            }
            try database.write(rows, sync: sync)
        }
    }

    @Test func `acknowledgements that come during a sync share the next one`() throws {
        nonisolated(unsafe) var rows: HeldRows?
        let bench = try GroupBench {
            $0.rowTarget = { database in
                let made = HeldRows(database)
                rows = made
                return made
            }
        }
        let held = try #require(rows)
        bench.create()
        try bench.alert(201)
        let ids = bench.read("kim")
        #expect(ids.count == 201)
        held.hold()
        let before = held.syncs
        let answers = ids.map { _ in GroupBench.Waiting() }
        func acknowledge(_ index: Int) {
            let answer = answers[index]
            bench.engine.ask(
                .acknowledge(bench.place(), [StreamID(ids[index])]),
                limits: GroupReplyLimits(entries: 1, bytes: 1)
            ) { answer.give($0) }
        }
        acknowledge(0)
        held.waitUntilHeld()
        for index in 1...200 { acknowledge(index) }
        #expect(answers.allSatisfy { $0.now == nil }, "answered before the sync")
        held.goOn()
        for answer in answers { #expect(answer.get().number == 1) }
        #expect(held.syncs == before + 2)
        #expect(bench.read("kim", own: .zero) == [])
    }

    @Test func `a group that cannot be written ends the server, and promises nothing`() throws {
        let bench = try forgetful(2, cutAtSync: 2)
        #expect(bench.create().refusal == nil)
        guard case .stopped? = bench.ask(bench.readRequest("kim")).refusal else {
            Issue.record("a delivery was told that is not durable")
            return
        }
        guard case .stopped? = bench.ask(.summary(bench.place())).refusal else {
            Issue.record("what memory has was told, and the disk has not")
            return
        }
    }

    // MARK: Directories

    @Test func `a directory of a program that knew no groups opens, and has none`() throws {
        let bench = try GroupBench()
        try bench.alert(3)
        bench.create()
        try bench.engine.store.database.drop(.groups)
        try bench.kill()
        #expect(bench.ids.count == 3)
        #expect(bench.ask(.groups(bench.place().key)).text == "")
        #expect(bench.create().text == "OK")
        #expect(bench.read("kim").count == 3)
        try bench.kill()
        #expect(bench.read("kim", own: .zero).count == 3)
    }

    @Test(arguments: 0..<6)
    func `rows that are missing or damaged are told of, not passed over`(kind: Int) throws {
        let bench = try GroupBench()
        try bench.alert(3)
        bench.create()
        #expect(bench.read("kim").count == 3)
        let database = bench.engine.store.database
        let rows = RowBatch(database)
        let id = bench.ids[1]
        switch kind {
        case 0: rows.delete(.groups, Keys.group(1))
        case 1: rows.delete(.groups, Keys.consumer(group: 1, 1))
        case 2: rows.put(.groups, Keys.pending(group: 1, id), [1, 2, 3])
        case 3: rows.put(.groups, Keys.group(1), [0, 1])
        case 4: rows.delete(.groups, Keys.groupTotals)
        default: rows.put(.groups, [77], [])
        }
        try database.write(rows, sync: true)
        bench.engine.abandon()
        do throws(OpenError) {
            _ = try Engine.open(bench.options)
            Issue.record("kind \(kind): it opened")
        } catch {
            #expect(error.code == .damaged)
            #expect(error.message.contains("group"), "\(error.message)")
        }
    }

    @Test func `entries that are no more are told as Redis tells deleted ones`() throws {
        let bench = try GroupBench()
        try bench.alert(3)
        bench.create()
        #expect(bench.read("kim").count == 3)
        // As after a loss that was accepted.
        let lost = AlertID(ms: 5, n: 7)
        let rows = RowBatch(bench.engine.store.database)
        let row = PendingRow(consumer: 1, count: 1, deliveredMs: 1)
        rows.put(.groups, Keys.pending(group: 1, lost), row.bytes)
        try bench.engine.store.database.write(rows, sync: true)
        try bench.kill()
        guard case .read(let streams) = bench.ask(bench.readRequest("kim", own: .zero)) else {
            Issue.record("no history")
            return
        }
        #expect(streams[0].entries.map(\.isGone) == [true, false, false, false])
        var claim = GroupAutoClaim(consumer: Array("lee".utf8), minIdleMs: 0, start: .zero)
        claim.idsOnly = true
        let text = bench.ask(.autoClaim(bench.place(), claim)).text
        #expect(text.hasPrefix("0-0 ids ") && text.hasSuffix(" -5-7"))
        #expect(bench.read("lee", own: .zero) == bench.ids)
    }
}
