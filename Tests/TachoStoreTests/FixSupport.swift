import TachoGeo

extension StoredFix {
    /// Any legal fix: fields at their limits, absent, or in between; delays far and near.
    static func random(_ random: inout SeededGenerator) -> StoredFix {
        func pick(_ range: ClosedRange<Int64>) -> Int64 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0: range.lowerBound
            case 1: range.upperBound
            default: Int64.random(in: range, using: &random)
            }
        }
        func maybe(_ range: ClosedRange<Int32>) -> Int32 {
            Bool.random(using: &random)
                ? Fix.absent : Int32(pick(Int64(range.lowerBound)...Int64(range.upperBound)))
        }
        let top = Fix.timeLimitMs - 1
        let ts = pick(-top...top)
        let provenance = Provenance.allCases.randomElement(using: &random)!
        let steps =
            Bool.random(using: &random)
            ? pick(-257...1_791) : (pick(-top...(top - 64)) - ts) / StoredFix.receiptStepMs
        let codes: UInt64 =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: .max
            case 1: random.next()
            default: 0
            }
        return StoredFix(
            fix: Fix(
                tsMs: ts, latE7: Int32(pick(-900_000_000...900_000_000)),
                lonE7: Int32(pick(-1_800_000_000...1_800_000_000)),
                speedCms: maybe(Fix.speedRangeCms), headingCdeg: maybe(0...35_999),
                accuracyDm: maybe(Fix.accuracyRangeDm), altitudeDm: maybe(Fix.altitudeRangeDm),
                source: FixSource.allCases.randomElement(using: &random)!),
            provenance: provenance, vehicle: VehicleClass.allCases.randomElement(using: &random)!,
            verdict: Verdict(
                codes: codes, effect: Effect.allCases.randomElement(using: &random)!,
                isTrusted: Bool.random(using: &random)),
            recvMs: ts + steps * StoredFix.receiptStepMs,
            claimedRecvMs: provenance == .claimed ? pick(-top...top) : 0)
    }
}
