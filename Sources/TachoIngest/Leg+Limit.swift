package import TachoGeo

extension Leg {
    /// How far is believable before the chain gives `code`, m. `isImmediate`: of the TELEPORT that
    /// is given at once, not of the confirmed one.
    package func limitM(
        of code: Code, vehicle: VehicleClass, isImmediate: Bool, _ limits: Thresholds
    ) -> Double {
        let seconds = Double(dtMs) * 1e-3
        switch code {
        case .gapSpeed:
            let share = Reach.maxSpeedMps(vehicle, limits) / limits.carMps
            return min(
                max(limits.gapM, limits.gapMps * share * seconds),
                reachM + limits.teleportBeyondM)
        case .teleport where isImmediate: return reachM + limits.teleportBeyondM
        case .candidate: return reachM
        default:
            return limits.jumpBaseM + limits.jumpPerSecondM * min(seconds, limits.jumpSeconds)
                + 0.5 * accuracySumM
        }
    }

    /// Faster than the class by a quarter at most.
    package func isNearSpeed(_ vehicle: VehicleClass, _ limits: Thresholds) -> Bool {
        distanceM * 1_000 <= 1.25 * Reach.maxSpeedMps(vehicle, limits) * Double(dtStarMs)
    }

    /// Over the time it had, credit for a held position included; nil: no time passed.
    package var speedMps: Double? {
        dtStarMs > 0 ? distanceM * 1_000 / Double(dtStarMs) : nil
    }
}

extension VehicleClass {
    /// What the rules believe for up to a minute, m/s.
    package func believedMps(_ limits: Thresholds) -> Double { Reach.maxSpeedMps(self, limits) }
}

extension Thresholds {
    /// A hash of thresholds as evidence shows it: sixteen hexadecimal digits.
    package static func text(_ hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
