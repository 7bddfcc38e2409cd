import TachoGeo

/// The movement from the rider's last fix to a new one, measured once and used by every rule that
/// looks at motion. Metres, seconds, in single precision: rules decide at a metre at the finest.
struct MotionStep: BitwiseCopyable {
    /// Between the two fixes, s.
    var seconds: Float
    /// The same, counted from when the old position was first seen (hold-aware, credit limited): the
    /// time in which the distance was covered.
    var moveSeconds: Float
    /// How long the old position had been held until the new fix, s: `seconds` if it was new.
    var heldSeconds: Float
    /// The step before this one; 0 s: there is none.
    var lastEastM: Float
    var lastNorthM: Float
    var lastSeconds: Float
    var eastM: Float
    var northM: Float
    var distanceM: Float
    /// The position is the same bit for bit.
    var isHold: Bool
    /// What the phone reports, m/s; below 0: nothing.
    var speedMps: Float
    var previousSpeedMps: Float
    /// Unit vector of the reported heading; `hasHeading` false: none.
    var heading: Direction
    var previousHeading: Direction
    var headingCdeg: Int32
    var previousHeadingCdeg: Int32
    /// Radius of 68 %, m; 15 where the phone says nothing.
    var accuracyM: Float
    var accuracyDm: Int32
    var previousAccuracyDm: Int32
    var altitudeDm: Int32
    var previousAltitudeDm: Int32
    var vehicle: VehicleClass

    /// Of the movement, over the time it had.
    var impliedMps: Float
    var hasSpeed: Bool { speedMps >= 0 && previousSpeedMps >= 0 }
    /// Mean of the reported speeds at both ends.
    var meanSpeedMps: Float { 0.5 * (speedMps + previousSpeedMps) }
}

/// A direction as a vector of length 1; `isKnown` false: none.
struct Direction: BitwiseCopyable {
    var east: Float
    var north: Float
    var isKnown: Bool

    static let unknown = Direction(east: 0, north: 0, isKnown: false)

    /// Of a heading in 0.01°, read off a table of whole degrees and interpolated: off by 0.00004 at
    /// most, and the same on every machine.
    @inline(__always)
    init(headingCdeg: Int32) {
        guard headingCdeg != Fix.absent else {
            self = .unknown
            return
        }
        let whole = Int(headingCdeg / 100)
        let part = Float(headingCdeg % 100) * 0.01
        (east, north) = Self.table.withUnsafeBufferPointer { table in
            (
                table[whole] + part * (table[whole + 1] - table[whole]),
                table[whole + 90] + part * (table[whole + 91] - table[whole + 90])
            )
        }
        isKnown = true
    }

    init(east: Float, north: Float, isKnown: Bool) {
        self.east = east
        self.north = north
        self.isKnown = isKnown
    }

    /// Sine of 0…451°.
    private static let table: [Float] = (0...451).map {
        Float(Distance.sineOfDegrees(Double($0)))
    }
}

/// What is left of 1 after some seconds of decay: `1 / (1 + x + x²/2)` with x = seconds / tau, which
/// is within 6 % of e^−x up to x = 1 and, unlike it, the same on every machine.
@inline(__always)
func decay(_ seconds: Float, tau: Float) -> Float {
    let x = seconds / tau
    return 1 / (1 + x + 0.5 * x * x)
}
