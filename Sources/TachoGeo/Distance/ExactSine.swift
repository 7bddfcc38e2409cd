/// Sine and cosine of stored angles by + and × alone, in a stated order: the same bits on every
/// machine, with or without a C library. Not to be "improved": the bits are published.
///
/// Whole quarter turns are taken off in integers, which is exact. Then Taylor's series to x^15 and
/// x^16, good to 1e-15 within 45°. Cost: 8 ns.
enum ExactSine {
    /// `angle` in 1e-7 degree, at most half a turn either way.
    @inline(__always)
    static func sineCosine(_ angle: Int32) -> (sine: Double, cosine: Double) {
        let size = Int64(angle.magnitude)
        let quarter = (size + 450_000_000) / 900_000_000
        let x = Double(size - quarter * 900_000_000) * DistanceV1.radiansPerE7
        let t = x * x
        var p = sine15
        p = p * t + sine13
        p = p * t + sine11
        p = p * t + sine9
        p = p * t + sine7
        p = p * t + sine5
        p = p * t + sine3
        let s = x + x * (t * p)
        p = cosine16
        p = p * t + cosine14
        p = p * t + cosine12
        p = p * t + cosine10
        p = p * t + cosine8
        p = p * t + cosine6
        p = p * t + cosine4
        p = p * t + cosine2
        let c = 1 + t * p
        let (sine, cosine) = quarter == 0 ? (s, c) : quarter == 1 ? (c, -s) : (-s, -c)
        return (angle < 0 ? -sine : sine, cosine)
    }

    /// Of x^3, x^5 …: ∓1/n!, each the nearest double.
    static let sine3 = -0.16666666666666666
    static let sine5 = 0.008333333333333333
    static let sine7 = -0.0001984126984126984
    static let sine9 = 2.7557319223985893e-06
    static let sine11 = -2.505210838544172e-08
    static let sine13 = 1.6059043836821613e-10
    static let sine15 = -7.647163731819816e-13
    /// Of x^2, x^4 ….
    static let cosine2 = -0.5
    static let cosine4 = 0.041666666666666664
    static let cosine6 = -0.001388888888888889
    static let cosine8 = 2.48015873015873e-05
    static let cosine10 = -2.755731922398589e-07
    static let cosine12 = 2.08767569878681e-09
    static let cosine14 = -1.1470745597729725e-11
    static let cosine16 = 4.779477332387385e-14
}
