import TachoGeo
import Testing

@Suite struct ReceiptTests {
    @Test(arguments: [
        (Int64(0), Int64(0)), (1, 64), (63, 64), (64, 64), (65, 128), (-1, 0), (-63, 0),
        (-64, -64), (-65, -64), (1_000, 1_024),
    ])
    func `a delay is rounded up to steps of 64 ms, signed`(delayMs: Int64, stored: Int64) {
        for tsMs in [Int64(0), 1_700_000_000_123, -5, -(Fix.timeLimitMs - 1), Fix.timeLimitMs - 1] {
            #expect(
                StoredFix.quantisedReceipt(tsMs: tsMs, nowMs: tsMs + delayMs) == tsMs + stored)
        }
    }

    @Test func `a stored receipt is never before the receipt and less than 64 ms after it`() {
        var state: UInt64 = 42
        for _ in 0..<10_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let tsMs = Int64(bitPattern: state) >> 17
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let nowMs = Int64(bitPattern: state) >> 20
            let stored = StoredFix.quantisedReceipt(tsMs: tsMs, nowMs: nowMs)
            #expect(stored >= nowMs && stored < nowMs + 64 && (stored - tsMs) % 64 == 0)
            #expect(StoredFix.quantisedReceipt(tsMs: tsMs, nowMs: stored) == stored)
        }
    }

    @Test func `rules take the receipt time that the provenance says`() {
        var fix = StoredFix(
            fix: Fix(tsMs: 1_000, latE7: 0, lonE7: 0), provenance: .live, vehicle: .car,
            verdict: Verdict(), recvMs: 5_032, claimedRecvMs: 1_234)
        #expect(fix.ruleRecvMs == 5_032)
        fix.provenance = .history
        #expect(fix.ruleRecvMs == 1_000)
        fix.recvMs = 936
        #expect(fix.ruleRecvMs == 936)
        fix.provenance = .claimed
        #expect(fix.ruleRecvMs == 1_234)
    }
}
