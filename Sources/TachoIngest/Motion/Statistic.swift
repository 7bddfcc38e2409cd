package import TachoGeo

/// What a rule about motion measured, and what it compares with: the evidence of its alert.
package struct Statistic: Sendable, Hashable {
    /// With its unit: `debt_m`.
    package var name: String
    package var value: Double
    package var limit: Double
}

extension Motion {
    /// Of the fix that was judged last; nil for codes of other rules.
    package func statistic(of code: Code, _ limits: Thresholds) -> Statistic? {
        func made(_ name: String, _ value: Float, _ limit: Float) -> Statistic {
            Statistic(name: name, value: Double(value), limit: Double(limit))
        }
        switch code {
        case .overspeed: return made("beyond_m", overspeed.debtM, limits.overspeedDebtM)
        case .speedMismatch:
            return made("apart_s", speedMismatch.apartS, limits.speedMismatchS)
        case .headingMismatch:
            return Float(headingMismatch.frozen) >= limits.headingFrozen
                ? made("frozen_stretches", Float(headingMismatch.frozen), limits.headingFrozen)
                : made("against_stretches", Float(headingMismatch.against), limits.headingAgainst)
        case .pvDiverge: return made("divergence_m", divergence.lengthM, limits.divergenceM)
        case .frozen: return made("way_m", frozen.wayM, limits.frozenM)
        case .staticSynth: return made("locked_s", lock.runS, 60)
        case .synthLine: return made("even_steps", Float(line.score), limits.lineScore)
        case .synthSpeed:
            let same = Float(evenSpeed.same)
            return same >= limits.evenSpeedStraight
                ? made("same_speed_steps", same, limits.evenSpeedStraight)
                : made("even_steps", evenSpeed.score, limits.evenSpeedTurning)
        case .whiteJitter:
            return made(
                "correlation", jitter.square > 0 ? jitter.product / jitter.square : 0,
                limits.jitterCorrelation)
        case .quantised: return made("coarse_fixes", Float(grid.run), Float(limits.gridRun))
        case .constMeta:
            return made("log_likelihood", metadata.logLikelihood, limits.metadataLogLikelihood)
        case .altJump: return made("jump_m", altitude.jumpM, limits.altitudeJumpM)
        case .zigzag: return made("reversals", zigzag.count, limits.zigzagCount)
        case .flicker: return made("departures", flicker.count, limits.flickerCount)
        case .tsStep:
            return made("live_fixes", Float(clockStep.count), Float(limits.clockStepCount))
        case .tsRate: return made("slow_steps", Float(clockRate.slow), limits.clockRateCount)
        case .invalid, .mockFlag, .tsFuture, .tsPast, .lowAccuracy, .tsConflict, .teleport,
            .spike, .candidate, .glitch, .gapSpeed, .replay, .replayFuzzy, .colocated, .lockstep:
            return nil
        }
    }
}
