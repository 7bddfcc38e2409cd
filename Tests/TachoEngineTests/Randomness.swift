import TachoCodec
import TachoGeo

extension SeededGenerator {
    mutating func number<T: FixedWidthInteger>(_ range: ClosedRange<T>) -> T {
        T.random(in: range, using: &self)
    }

    mutating func chance(_ percent: Int) -> Bool { number(0...99) < percent }

    mutating func one<T>(_ all: [T]) -> T { all[number(0...all.count - 1)] }

    /// A stored fix at `tsMs`, plain as a rule, with an extra as often as `extras` percent.
    mutating func stored(_ tsMs: Int64, extras: Int) -> StoredFix {
        var stored = StoredFix(
            fix: Fix(
                tsMs: tsMs, latE7: number(-900_000_000...900_000_000),
                lonE7: number(-1_800_000_000...1_800_000_000),
                speedCms: chance(50) ? number(0...100_000) : Fix.absent, source: .gps),
            provenance: .live, vehicle: one(VehicleClass.allCases),
            verdict: Verdict(effect: one(Effect.allCases), isTrusted: chance(50)),
            recvMs: tsMs + number(0...1_000) * StoredFix.receiptStepMs, claimedRecvMs: 0)
        guard chance(extras) else { return stored }
        switch number(0...3) {
        case 0: stored.fix.altitudeDm = number(-200_000...1_000_000)
        case 1: stored.verdict.codes = next() | 1
        case 2: stored.recvMs = tsMs + number(2_000...1_000_000) * StoredFix.receiptStepMs
        default:
            stored.provenance = .claimed
            stored.claimedRecvMs = number(-1_000...1_000)
        }
        return stored
    }
}
