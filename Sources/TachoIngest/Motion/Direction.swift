import TachoGeo

/// A direction as a vector of length 1; zero where none is known.
///
/// One value of 8 bytes: stored as two of 4 and loaded as one, the processor waits for both.
struct Direction: Hashable, Sendable, BitwiseCopyable {
    private var vector: SIMD2<Float>

    var east: Float {
        @inline(__always) get { vector.x }
        set { vector.x = newValue }
    }

    var north: Float {
        @inline(__always) get { vector.y }
        set { vector.y = newValue }
    }

    static let unknown = Direction(east: 0, north: 0)

    var isKnown: Bool { east != 0 || north != 0 }

    @inline(__always)
    init(east: Float, north: Float) { vector = SIMD2(east, north) }

    /// Of a heading in 0.01°: the quarter it lies in, and a polynomial within 45° of its middle. Off
    /// by 4e-7 at most, the same bits on every machine, no table to wait for. Cost: about 3 ns.
    @inline(__always)
    init(headingCdeg: Int32) {
        guard headingCdeg != Fix.absent else {
            self = .unknown
            return
        }
        let quarter = (headingCdeg + 4_500) / 9_000
        let x = Float(headingCdeg - quarter * 9_000) * 1.7453293e-4
        let x2 = x * x
        let sine = x * (1 + x2 * (-0.16666667 + x2 * (0.008333333 - x2 * 1.984127e-4)))
        let cosine = 1 + x2 * (-0.5 + x2 * (0.041666668 - x2 * 0.0013888889))
        let isTurned = quarter & 1 != 0
        let (e, n) = isTurned ? (cosine, sine) : (sine, cosine)
        self.init(
            east: quarter & 2 != 0 ? -e : e, north: (quarter + 1) & 2 != 0 ? -n : n)
    }
}

/// Metres from one place to another in single precision, as rules about motion measure: they decide
/// at a decimetre at the finest, over tens of metres.
enum Offset {
    private static let metresPerE7 = Float(Distance.sphereRadiusM * 1.7453292519943296e-9)

    /// East and north. As `Distance.offset`, but for the cosine, which is a polynomial here: off by
    /// 5e-7. Cost: about 4 ns.
    @inline(__always)
    static func metres(
        fromLatE7: Int32, lonE7 fromLonE7: Int32, to fix: Fix
    ) -> (east: Float, north: Float) {
        let dLat = Int64(fix.latE7) - Int64(fromLatE7)
        var dLon = Int64(fix.lonE7) - Int64(fromLonE7)
        if dLon > 1_800_000_000 { dLon -= 3_600_000_000 }
        if dLon <= -1_800_000_000 { dLon += 3_600_000_000 }
        let lat = Float(Int64(fix.latE7) + Int64(fromLatE7)) * 8.7266463e-10
        return (
            Float(dLon) * metresPerE7 * cosine(lat * lat), Float(dLat) * metresPerE7
        )
    }

    /// Of an angle up to a right one, from its square: the series up to the tenth power.
    @inline(__always)
    static func cosine(_ x2: Float) -> Float {
        1 + x2
            * (-0.5 + x2
                * (0.041666668 + x2
                    * (-0.0013888889 + x2 * (2.4801587e-5 - x2 * 2.755732e-7))))
    }
}
