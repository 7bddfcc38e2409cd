package import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One simulated courier: drives, stops, turns and stays near home, seen through a GPS receiver.
///
/// The true path has bounded acceleration and turn rate; the reported position carries an
/// Ornstein–Uhlenbeck error of 4 m (30 s correlation), as real receivers do. A courier depends on
/// nothing but its seed and the times it is asked for.
package struct Courier: Sendable {
    private var random: Randomness
    private let homeLatDegrees: Double
    private let homeLonDegrees: Double
    private let lonDegreesPerMetre: Double

    /// True position, m east and north of home.
    private var eastM = 0.0
    private var northM = 0.0
    /// Course in radians, clockwise from north.
    private var course: Double
    private var speedMps = 0.0
    private var targetSpeedMps = 5.0
    private var turnRate = 0.0
    /// How long the present intention (target speed, turn rate) lasts.
    private var intentLeftS = 0.0
    private var errorEastM = 0.0
    private var errorNorthM = 0.0

    private static let latDegreesPerMetre = 1 / 111_195.0
    private static let leashM = 3_000.0
    private static let maxAcceleration = 1.2
    private static let errorDeviationM = 4.0
    private static let errorMemoryS = 30.0
    private static let maxStepS = 3.0

    package init(seed: UInt64, cityLatDegrees: Double, cityLonDegrees: Double) {
        random = Randomness(seed: seed)
        homeLatDegrees = cityLatDegrees + random.next(in: -0.06..<0.06)
        homeLonDegrees = cityLonDegrees + random.next(in: -0.08..<0.08)
        lonDegreesPerMetre = Self.latDegreesPerMetre / cos(homeLatDegrees * .pi / 180)
        course = random.next(in: 0..<(2 * .pi))
    }

    /// Moves on by `elapsedMs` and reports the position at `tsMs`, shifted by `jump` (m east and
    /// north): a report that is off the path, while the path itself goes on undisturbed.
    package mutating func advance(
        tsMs: Int64, elapsedMs: Int64, jump: (eastM: Double, northM: Double) = (0, 0)
    ) -> Fix {
        var leftS = Double(elapsedMs) / 1000
        while leftS > 0 {
            let stepS = min(leftS, Self.maxStepS)
            step(stepS)
            leftS -= stepS
        }
        return report(
            tsMs: tsMs, eastM: eastM + errorEastM + jump.eastM,
            northM: northM + errorNorthM + jump.northM)
    }

    private mutating func step(_ stepS: Double) {
        intentLeftS -= stepS
        if intentLeftS <= 0 { decide() }
        let change = Self.maxAcceleration * stepS
        speedMps += max(-change, min(change, targetSpeedMps - speedMps))
        course += turnRate * stepS
        eastM += speedMps * stepS * sin(course)
        northM += speedMps * stepS * cos(course)

        let keep = max(0, 1 - stepS / Self.errorMemoryS)
        let fresh = Self.errorDeviationM * (1 - keep * keep).squareRoot()
        errorEastM = keep * errorEastM + fresh * random.nextGaussian()
        errorNorthM = keep * errorNorthM + fresh * random.nextGaussian()
    }

    /// Chooses what to do next: wait at a door, ride on, turn, or head home from the leash's end.
    private mutating func decide() {
        intentLeftS = random.next(in: 6..<45)
        if random.nextUnit() < 0.15 {
            targetSpeedMps = 0
            turnRate = 0
            return
        }
        targetSpeedMps = random.next(in: 3..<13)
        turnRate = random.next(in: -0.05..<0.05)
        if eastM * eastM + northM * northM > Self.leashM * Self.leashM {
            var away = atan2(-eastM, -northM) - course
            away -= 2 * .pi * (away / (2 * .pi)).rounded()
            turnRate = max(-0.1, min(0.1, away / intentLeftS))
        }
    }

    private mutating func report(tsMs: Int64, eastM: Double, northM: Double) -> Fix {
        let latDegrees = homeLatDegrees + northM * Self.latDegreesPerMetre
        let lonDegrees = homeLonDegrees + eastM * lonDegreesPerMetre
        var fix = Fix(
            tsMs: tsMs, latE7: Int32((latDegrees * 1e7).rounded()),
            lonE7: Int32((lonDegrees * 1e7).rounded()))
        let shownMps = max(0, speedMps + 0.15 * random.nextGaussian())
        fix.speedCms = Int32((shownMps * 100).rounded())
        if speedMps > 0.5 {
            var degrees = (course * 180 / .pi + 2 * random.nextGaussian())
                .truncatingRemainder(dividingBy: 360)
            if degrees < 0 { degrees += 360 }
            fix.headingCdeg = Int32((degrees * 100).rounded()) % 36_000
        }
        let accuracyM = 4 + 2 * abs(random.nextGaussian())
        fix.accuracyDm = Int32((accuracyM * 10).rounded())
        return fix
    }
}
