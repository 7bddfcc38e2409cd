import Foundation
import Synchronization
import TachoCodec
import TachoGeo
import Testing

@testable import TachoEngine

struct LatestTableTests {
    private func record(_ shown: StoredFix?, _ newest: StoredFix?) -> LatestRecord {
        LatestRecord(
            shown: shown.map { FixImage($0) } ?? Slot.nothing,
            newest: newest.map { FixImage($0) } ?? Slot.nothing, hasShown: shown != nil,
            hasNewest: newest != nil, newestIsShown: false)
    }

    private func same(_ stored: StoredFix) -> LatestRecord {
        LatestRecord(
            shown: FixImage(stored), newest: Slot.nothing, hasShown: true, hasNewest: true,
            newestIsShown: true)
    }

    @Test func `readers see the record that was published last`() {
        var random = SeededGenerator(seed: 1)
        let table = LatestTable()
        var model: [UInt32: (shown: StoredFix?, newest: StoredFix?)] = [:]
        // Both sides of where segments meet, and far away.
        let riders: [UInt32] = [0, 1, 4_095, 4_096, 4_097, 300_000]
        for rider in riders { #expect(table.read(rider) == nil) }
        for round in 0..<2_000 {
            let rider = random.one(riders)
            let a = random.stored(Int64(round), extras: 40)
            let b = random.stored(Int64(round) + 5, extras: 40)
            switch random.number(0...4) {
            case 0:
                table.publish(same(a), of: rider)
                model[rider] = (a, a)
            case 1:
                table.publish(record(a, b), of: rider)
                model[rider] = (a, b)
            case 2:
                table.publish(record(nil, b), of: rider)
                model[rider] = (nil, b)
            case 3 where !FixImage(a).row.hasExtra:
                table.publish(FixImage(a).row, of: rider)
                model[rider] = (a, a)
            default:
                var slot = Slot()
                slot.show(
                    FixRow.pack(a, route: 0).row, isShown: a.verdict.isShown, FixRow.extra(a))
                table.publish(slot.latestRecord, of: rider)
                model[rider] = (a.verdict.isShown ? a : nil, a)
            }
            for rider in riders {
                let read = table.read(rider)
                #expect((read == nil) == (model[rider] == nil), "round \(round)")
                #expect(read?.shown == model[rider]?.shown, "round \(round), rider \(rider)")
                #expect(read?.newest == model[rider]?.newest, "round \(round), rider \(rider)")
            }
        }
        #expect(table.read(2) == nil && table.read(1_000_000) == nil)
    }

    @Test func `a reader never sees halves of two records`() {
        let table = LatestTable()
        let isDone = Atomic<Bool>(false)
        let torn = Atomic<Int>(0)
        let seen = Atomic<Int>(0)
        let end = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            while !isDone.load(ordering: .acquiring) {
                guard let read = table.read(5) else { continue }
                if !Self.isWhole(read) { torn.add(1, ordering: .relaxed) }
                seen.add(1, ordering: .relaxed)
            }
            end.signal()
        }
        var round: Int64 = 0
        // Until the reader was there often enough, and bounded in any case.
        while round < 20_000
            || (round < 20_000_000 && seen.load(ordering: .relaxed) < 20_000)
        {
            round += 1
            table.publish(Self.record(round), of: 5)
        }
        isDone.store(true, ordering: .releasing)
        end.wait()
        let (tornCount, seenCount) = (
            torn.load(ordering: .relaxed), seen.load(ordering: .relaxed)
        )
        #expect(tornCount == 0)
        #expect(seenCount > 0)
    }

    /// A record whose every word follows from one number.
    private static func record(_ n: Int64) -> LatestRecord {
        let shown = stored(n)
        return n % 2 == 0
            ? LatestRecord(
                shown: FixImage(shown), newest: Slot.nothing, hasShown: true, hasNewest: true,
                newestIsShown: true)
            : LatestRecord(
                shown: FixImage(shown), newest: FixImage(stored(n + 1)), hasShown: true,
                hasNewest: true, newestIsShown: false)
    }

    private static func stored(_ n: Int64) -> StoredFix {
        StoredFix(
            fix: Fix(
                tsMs: n, latE7: Int32(n), lonE7: Int32(-n), speedCms: Int32(n % 100_000),
                altitudeDm: Int32(n % 1_000_000)), provenance: .claimed, vehicle: .car,
            verdict: Verdict(codes: UInt64(n)), recvMs: n + 64 * n, claimedRecvMs: n)
    }

    private static func isWhole(_ record: LatestRecord) -> Bool {
        guard let shown = record.shown, let newest = record.newest else { return false }
        let n = shown.fix.tsMs
        return shown == stored(n) && newest == stored(n % 2 == 0 ? n : n + 1)
            && record.newestIsShown == (n % 2 == 0)
    }
}
