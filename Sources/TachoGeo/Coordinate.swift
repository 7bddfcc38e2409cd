/// A position on the WGS84 ellipsoid at the precision Tacho stores: 1e-7 degree, about 11 mm.
///
/// Native order everywhere is latitude, longitude. Only Redis-compatible views turn it around.
package struct Coordinate: Hashable, Sendable, BitwiseCopyable {
    /// Degrees north times 10^7, −900,000,000…900,000,000.
    package var latE7: Int32
    /// Degrees east times 10^7, −1,800,000,000…1,800,000,000.
    package var lonE7: Int32

    package init(latE7: Int32, lonE7: Int32) {
        self.latE7 = latE7
        self.lonE7 = lonE7
    }

    package var latDegrees: Double { Double(latE7) * 1e-7 }
    package var lonDegrees: Double { Double(lonE7) * 1e-7 }

    package static let maxLatE7: Int32 = 900_000_000
    package static let maxLonE7: Int32 = 1_800_000_000
}
