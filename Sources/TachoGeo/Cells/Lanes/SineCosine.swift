/// Sine and cosine of several angles at once, without branches and without a call.
///
/// The angle less the nearest multiple of π/2 is within ±π/4, where the series may end with x¹⁵ and
/// x¹⁴: what is left out is below (π/4)¹⁶ / 16! = 1.1e-15. π/2 is the sum of two numbers, the first of
/// 33 bits, so its multiples are exact up to 2²⁰ quarter turns, and the second is wrong by 1e-26. With
/// a dozen roundings of numbers below 1 a result is within `error` of the real one.
///
/// Not the bits of `<math.h>`: `FacePlane` keeps to those. Cost: about 2 ns an angle in four lanes.
enum SineCosine {
    static let error = 2e-15
    /// Beyond this angle, rad, nothing is promised.
    static let furthest = 1000.0

    /// The angle, or not a number if it is too large; then results are not either.
    @inline(__always)
    static func taken(_ radians: Double) -> Double { abs(radians) < furthest ? radians : .nan }

    private static let quartersPerRadian = 0.6366197723675814
    private static let quarter = 0x1.921fb544p0
    private static let restOfQuarter = 6.077100506506192e-11

    @inline(__always)
    static func of<Lanes: PositionLanes>(_ radians: Lanes) -> (sine: Lanes, cosine: Lanes) {
        let sum = radians * quartersPerRadian + Lanes.wholes
        let quarters = sum.bits
        let turned = sum - Lanes.wholes
        let x = (radians - turned * quarter) - turned * restOfQuarter
        let xx = x * x
        var sine = xx * (-1 / 1_307_674_368_000.0) + 1 / 6_227_020_800.0
        sine = sine * xx - 1 / 39_916_800.0
        sine = sine * xx + 1 / 362_880.0
        sine = sine * xx - 1 / 5_040.0
        sine = sine * xx + 1 / 120.0
        sine = sine * xx - 1 / 6.0
        sine = sine * xx * x + x
        var cosine = xx * (-1 / 87_178_291_200.0) + 1 / 479_001_600.0
        cosine = cosine * xx - 1 / 3_628_800.0
        cosine = cosine * xx + 1 / 40_320.0
        cosine = cosine * xx - 1 / 720.0
        cosine = cosine * xx + 1 / 24.0
        cosine = cosine * xx - 0.5
        cosine = cosine * xx + 1
        // A quarter turn changes their places, half a turn their signs.
        let isOdd = (quarters & 1) .!= 0
        return (
            sine.replacing(with: cosine, where: isOdd).flipped(by: (quarters & 2) &<< 62),
            cosine.replacing(with: sine, where: isOdd).flipped(by: ((quarters &+ 1) & 2) &<< 62)
        )
    }
}
