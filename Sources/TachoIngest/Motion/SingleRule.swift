package import TachoGeo

/// One rule about motion alone, to measure what it costs: `Benchmarks rules`.
extension Motion {
    /// Codes of the rules that can be taken alone.
    package static let singleRules: [Code] = [
        .overspeed, .speedMismatch, .headingMismatch, .pvDiverge, .frozen, .staticSynth,
        .synthLine, .synthSpeed, .whiteJitter, .quantised, .constMeta, .altJump, .zigzag, .tsRate,
    ]

    /// Takes a fix as `judge` does, but asks one rule only; with a code that has no rule here,
    /// none: the cost of the step itself.
    package mutating func judge(
        only code: Code, _ fix: Fix, recvMs: Int64, vehicle: VehicleClass, _ limits: Thresholds
    ) -> UInt64 {
        guard let step = measure(fix, vehicle: vehicle, limits) else { return 0 }
        let codes: UInt64 =
            switch code {
            case .overspeed: overspeed.judge(step, limits)
            case .speedMismatch: speedMismatch.judge(step, channels, limits)
            case .headingMismatch: headingMismatch.judge(step, limits)
            case .pvDiverge:
                divergence.judge(step, channels, headingAgreed: headingMismatch.agreed, limits)
            case .frozen: frozen.judge(step, holdMaxS: holdMaxS, moves: moves, limits)
            case .staticSynth: lock.judge(step, moves: moves, limits)
            case .synthLine: line.judge(step, limits)
            case .synthSpeed: evenSpeed.judge(step, channels, limits)
            case .whiteJitter: jitter.judge(step, limits)
            case .quantised: grid.judge(step, fix, limits)
            case .constMeta: metadata.judge(step, limits)
            case .altJump: altitude.judge(step, limits)
            case .zigzag: zigzag.judge(step, limits)
            case .tsRate:
                clockRate.judge(
                    passedMs: fix.tsMs - tsMs, lagMs: recvMs - fix.tsMs, limits)
            default: 0
            }
        take(fix, step)
        return codes
    }
}
