/// The score by which Redis's sorted sets of places are ordered: 26 bits of longitude and 26 of
/// latitude in turn, longitude first. The cells are 0.6 m wide at the equator and 0.28 m high.
///
/// Redis has no latitudes beyond ±85.05112878°; positions there get the score of the last cell on
/// their meridian. At 180° east Redis makes scores of 54 bits, which it then does not find; here they
/// are those of the last cell in their row.
package struct RedisGeohash: Hashable, Sendable {
    package let score: UInt64
    /// Degrees, of the middle of the cell; of a latitude beyond Redis's the latitude itself.
    private let lat: Double
    private let lon: Double

    /// 2^26.
    private static let cells = 67_108_864.0
    /// Where the square of the Mercator projection ends.
    private static let maxLat = 85.051_128_78

    package init(_ position: Coordinate) {
        let isBeyond = position.lat.magnitude > Self.maxLat
        let row = Self.index(position.lat, Self.maxLat)
        let column = Self.index(position.lon, 180)
        score = Self.interleaved(row, column)
        lat = isBeyond ? position.lat : Self.middle(row, Self.maxLat)
        lon = Self.middle(column, 180)
    }

    /// As GEOHASH has it: eleven characters of the geohash (G. Niemeyer, 2008) of the cell's middle,
    /// of which the last, with two bits left for it, is always 0.
    package var text: String {
        let bits = Self.interleaved(Self.index(lat, 90), Self.index(lon, 180))
        var text = ""
        for shift in stride(from: 47, through: 2, by: -5) {
            text.append(Self.alphabet[Int(bits >> UInt64(shift) & 31)])
        }
        return text + "0"
    }

    private static let alphabet = Array("0123456789bcdefghjkmnpqrstuvwxyz")

    /// Which of the cells from −`limit` to `limit`.
    private static func index(_ degrees: Double, _ limit: Double) -> UInt64 {
        UInt64(max(0, min(cells - 1, (degrees + limit) / (2 * limit) * cells)))
    }

    private static func middle(_ index: UInt64, _ limit: Double) -> Double {
        let low = -limit + Double(index) / cells * (2 * limit)
        let high = -limit + Double(index + 1) / cells * (2 * limit)
        return (low + high) / 2
    }

    private static func interleaved(_ row: UInt64, _ column: UInt64) -> UInt64 {
        spread(row) | spread(column) << 1
    }

    /// The bits of a number below 2^32 at the even places of a word.
    private static func spread(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = (bits | bits << 16) & 0x0000_FFFF_0000_FFFF
        bits = (bits | bits << 8) & 0x00FF_00FF_00FF_00FF
        bits = (bits | bits << 4) & 0x0F0F_0F0F_0F0F_0F0F
        bits = (bits | bits << 2) & 0x3333_3333_3333_3333
        return (bits | bits << 1) & 0x5555_5555_5555_5555
    }
}
