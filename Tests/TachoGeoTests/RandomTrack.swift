@testable import TachoGeo

/// splitmix64: tests repeat exactly from their seed.
struct TrackRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A track as riders and receivers make them: ways and stops, noise, lone glitches, silence, codes.
/// In a town, over the antimeridian, or round a pole.
struct RandomTrack {
    private var random: TrackRandom
    private var north = 0.0
    private var east = 0.0
    private let lat: Double
    private let lon: Double

    init(seed: Int) {
        random = TrackRandom(seed: UInt64(seed))
        let places = [(37.5, 127.0), (-16.8, 179.9995), (89.9995, 20.0), (-89.9999, -170.0)]
        (lat, lon) = places[seed % places.count]
    }

    /// A place so many metres from the middle.
    static func place(_ lat: Double, _ lon: Double, north: Double, east: Double) -> Coordinate {
        let degree = 111_320.0
        var latitude = lat + north / degree
        var longitude = lon
        if latitude > 90 { (latitude, longitude) = (180 - latitude, longitude + 180) }
        if latitude < -90 { (latitude, longitude) = (-180 - latitude, longitude + 180) }
        let width = max(degree * cosine(latitude * 0.017453292519943295), 0.01)
        longitude += east / width
        longitude -= 360 * ((longitude + 180) / 360).rounded(.down)
        return Coordinate(
            latE7: Int32((latitude * 1e7).rounded()), lonE7: Int32((longitude * 1e7).rounded()))
    }

    private mutating func number(_ range: ClosedRange<Double>) -> Double {
        Double.random(in: range, using: &random)
    }

    mutating func points(_ count: Int) -> [TrackPoint] {
        var points: [TrackPoint] = []
        var tsMs: Int64 = 1_767_225_600_000
        var (speed, heading, left) = (0.0, 0.0, 0)
        while points.count < count {
            if left == 0 {
                left = Int.random(in: 3...60, using: &random)
                speed = [0, 0, 0, 0.3, 0.7, 1.4, 9].randomElement(using: &random)!
                heading = number(0...6.28)
            }
            left -= 1
            let seconds = number(1...20)
            tsMs += Int64(seconds * 1_000)
            if Int.random(in: 0..<60, using: &random) == 0 {
                tsMs += Int64(number(30...5_000) * 1_000)
            }
            north += speed * seconds * cosine(heading)
            east += speed * seconds * sine(heading)
            let reach = [2.0, 10, 25].randomElement(using: &random)!
            var (n, e) = (north + number(-reach...reach), east + number(-reach...reach))
            if Int.random(in: 0..<25, using: &random) == 0 {
                n += number(-200...200)
                e += number(-200...200)
            }
            var point = TrackPoint(
                tsMs: tsMs, position: Self.place(lat, lon, north: n, east: e))
            if Bool.random(using: &random) { point.speedCms = Int32(speed * 100) }
            switch Int.random(in: 0..<40, using: &random) {
            case 0: point.codes = Code.teleport.bit
            case 1: point.codes = Code.speedMismatch.bit
            case 2: point.codes = Code.frozen.bit | Code.zigzag.bit
            default: break
            }
            points.append(point)
        }
        return points
    }
}
