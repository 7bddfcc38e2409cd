import TachoCodec
import TachoGeo
import Testing

@testable import TachoEngine

/// What a slot shows, against the definition: the newest accepted or flagged fix, the newest of
/// any effect, and of several at one time the first to arrive.
struct SlotTests {
    private func take(_ stored: StoredFix, into slot: inout Slot) {
        let (row, _) = FixRow.pack(stored, route: FixRow.entersChainBit)
        slot.show(row, isShown: stored.verdict.isShown, FixRow.extra(stored))
    }

    /// By the definition, the slow way.
    private func newest(_ fixes: [StoredFix]) -> StoredFix? {
        let ms = fixes.map(\.fix.tsMs).max()
        return fixes.first { $0.fix.tsMs == ms }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `a slot shows the newest fix by event time`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var slot = Slot()
        var taken: [StoredFix] = []
        #expect(slot.latestRecord.shown == nil && slot.latestRecord.newest == nil)
        // Few times, so that many are equal; now and then mostly one effect.
        let times = random.one([5, 30, 1_000])
        let rising = random.chance(50)
        for round in 0..<80 {
            let ms = rising && random.chance(80) ? round : random.number(0...times)
            var stored = random.stored(Int64(ms), extras: 30)
            if random.chance(Int(seed % 3) * 40) { stored.verdict.effect = .accept }
            take(stored, into: &slot)
            taken.append(stored)
            let what = "seed \(seed), round \(round)"
            let shown = newest(taken.filter(\.verdict.isShown))
            let any = newest(taken)
            #expect(slot.hasShown == (shown != nil), "\(what)")
            #expect(slot.hasNewest, "\(what)")
            #expect(slot.shownMs == shown?.fix.tsMs ?? Int64.min, "\(what)")
            #expect(slot.newestMs == any?.fix.tsMs, "\(what)")
            #expect(slot.newest.stored == any, "\(what)")
            #expect(slot.latestRecord.shown == shown, "\(what)")
            #expect(slot.latestRecord.newest == any, "\(what)")
            if slot.newestIsShown { #expect(shown == any, "\(what)") }
        }
    }

    @Test func `setting the newest apart leaves what is shown`() {
        var random = SeededGenerator(seed: 1)
        var slot = Slot()
        var accepted = random.stored(5, extras: 100)
        accepted.verdict.effect = .accept
        take(accepted, into: &slot)
        #expect(slot.newestIsShown)
        let other = random.stored(9, extras: 100)
        slot.newest = FixImage(other)
        #expect(!slot.newestIsShown)
        #expect(slot.newest.stored == other && slot.shown.stored == accepted)
    }

    @Test func `slots made ready are empty, stay where they are and keep what they hold`() {
        var slab = SlotSlab()
        slab.grow(to: 3)
        let second = slab[1]
        second.pointee.points = 77
        second.pointee.vehicle = .foot
        slab.grow(to: 2)
        #expect(slab.count == 3)
        slab.grow(to: 9_000)
        #expect(slab.count == 9_000 && slab[1] == second)
        #expect(slab[1].pointee.points == 77 && slab[1].pointee.vehicle == .foot)
        var isEmpty = true
        for index in 2..<9_000 {
            let slot = slab[index]
            if slot.pointee.points != 0 || slot.pointee.hasNewest || !slot.pointee.main.isEmpty {
                isEmpty = false
            }
        }
        #expect(isEmpty)
        #expect(SlotSlab.bytes(riders: 9_000) >= 9_000 * MemoryLayout<Slot>.stride)
        #expect(SlotSlab.bytes(riders: 0) == 0)
        slab.free()
        #expect(slab.count == 0)
    }
}
