import Foundation
import TachoGeo

/// The geodesic on WGS84 by T. Vincenty's inverse formula ("Direct and Inverse Solutions of
/// Geodesics on the Ellipsoid", Survey Review 1975): good to 0.1 mm away from antipodes.
func geodesicM(_ a: Coordinate, _ b: Coordinate) -> Double {
    let major = 6_378_137.0
    let f = 1 / 298.257223563
    let minor = major * (1 - f)
    let radians = Double.pi / 180
    let l = (b.lonDegrees - a.lonDegrees).remainder(dividingBy: 360) * radians
    let u1 = atan((1 - f) * tan(a.latDegrees * radians))
    let u2 = atan((1 - f) * tan(b.latDegrees * radians))
    var lambda = l
    for _ in 0..<200 {
        let x = cos(u2) * sin(lambda)
        let y = cos(u1) * sin(u2) - sin(u1) * cos(u2) * cos(lambda)
        let sinSigma = (x * x + y * y).squareRoot()
        if sinSigma == 0 { return 0 }
        let cosSigma = sin(u1) * sin(u2) + cos(u1) * cos(u2) * cos(lambda)
        let sigma = atan2(sinSigma, cosSigma)
        let sinAlpha = cos(u1) * cos(u2) * sin(lambda) / sinSigma
        let cos2Alpha = 1 - sinAlpha * sinAlpha
        let cos2M = cos2Alpha == 0 ? 0 : cosSigma - 2 * sin(u1) * sin(u2) / cos2Alpha
        let c = f / 16 * cos2Alpha * (4 + f * (4 - 3 * cos2Alpha))
        let before = lambda
        lambda =
            l + (1 - c) * f * sinAlpha
            * (sigma + c * sinSigma * (cos2M + c * cosSigma * (2 * cos2M * cos2M - 1)))
        if abs(lambda - before) > 1e-14 { continue }
        let k = cos2Alpha * (major * major - minor * minor) / (minor * minor)
        let bigA = 1 + k / 16_384 * (4_096 + k * (-768 + k * (320 - 175 * k)))
        let bigB = k / 1_024 * (256 + k * (-128 + k * (74 - 47 * k)))
        let inner =
            cosSigma * (2 * cos2M * cos2M - 1)
            - bigB / 6 * cos2M * (4 * sinSigma * sinSigma - 3) * (4 * cos2M * cos2M - 3)
        return minor * bigA * (sigma - bigB * sinSigma * (cos2M + bigB / 4 * inner))
    }
    return .nan
}
