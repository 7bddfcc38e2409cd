import TachoGeo

/// A position to 1e-6 degree, 0.1 m: at that precision two receivers do not agree by chance.
struct ExactPlace: Hashable, BitwiseCopyable {
    let lat: Int32
    let lon: Int32

    init(latE7: Int32, lonE7: Int32) {
        lat = Self.rounded(latE7)
        lon = Self.rounded(lonE7)
    }

    init(bits: UInt64) {
        lat = Int32(truncatingIfNeeded: bits)
        lon = Int32(truncatingIfNeeded: bits >> 32)
    }

    var bits: UInt64 {
        UInt64(UInt32(bitPattern: lat)) | UInt64(UInt32(bitPattern: lon)) << 32
    }

    private static func rounded(_ e7: Int32) -> Int32 {
        e7 >= 0 ? (e7 + 5) / 10 : (e7 - 4) / 10
    }

    /// Not on a grid of 1e-5 degree, nor on that of single precision: phones with such positions
    /// agree by chance on any busy road.
    var isFine: Bool {
        if lat % 10 == 0 && lon % 10 == 0 { return false }
        return !(Self.isSingle(lat) && Self.isSingle(lon))
    }

    /// Not on a grid of 1e-4 degree, 11 m.
    var isMiddling: Bool { lat % 100 != 0 || lon % 100 != 0 }

    private static func isSingle(_ e6: Int32) -> Bool {
        let degrees = Double(Float(Double(e6) * 1e-6))
        return Int32((degrees * 1e6).rounded()) == e6
    }

    /// How far it is on the longer axis, 1e-6 degree, 0.1 m.
    @inline(__always)
    func stepE6(from other: ExactPlace) -> Int32 {
        max(abs(lat &- other.lat), Int32(clamping: abs(Int64(lon) - Int64(other.lon))))
    }

    /// More than about 6.5 m apart on an axis: who stands still does not get that far in four fixes,
    /// who walks does.
    func isApart(from other: ExactPlace) -> Bool { stepE6(from: other) > 60 }
}

/// The mixing function of splitmix64 (G. L. Steele et al., 2014): every bit depends on every bit.
enum Mix {
    /// Wrap-around is meant.
    @inline(__always)
    static func bits(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// One of `share` values, by the value alone: the same choice in source and copy.
    @inline(__always)
    static func isChosen(_ mixed: UInt64, share: UInt64) -> Bool {
        ((mixed >> 32) * share) >> 32 == 0
    }
}
