package import TachoGeo

/// Where a phone says a position came from.
public enum PositionSource: String, Sendable, CaseIterable {
    case gps, net, fused, mock

    var stored: FixSource {
        switch self {
        case .gps: .gps
        case .net: .net
        case .fused: .fused
        case .mock: .mock
        }
    }

    init?(_ source: FixSource) {
        switch source {
        case .unknown: return nil
        case .gps: self = .gps
        case .net: self = .net
        case .fused: self = .fused
        case .mock: self = .mock
        }
    }
}

/// One position report of one rider, at the precision that Tacho stores.
///
/// What is not known is nil, which is not zero. Nothing is judged here: a latitude of 91° travels as
/// it is and the server answers that the point is malformed; a speed out of its range is dropped
/// there and the rest of the fix is stored. Values are rounded to the nearest unit as they come in,
/// so two fixes that are equal here are one fix to the server too, and sending one twice is safe.
///
/// The one mistake to avoid: seconds in `tsMs`. They are a date in 1970 to the server, and such a fix
/// is stored in quarantine.
public struct RiderFix: Hashable, Sendable {
    /// 1 to 128 bytes of UTF-8 without control characters.
    public let rider: String
    package let fix: Fix

    /// - Parameters:
    ///   - rider: whose fix it is.
    ///   - tsMs: when the phone measured it, Unix time in milliseconds.
    ///   - latDegrees: degrees north, stored to 10⁻⁷.
    ///   - lonDegrees: degrees east, stored to 10⁻⁷.
    ///   - speedMetersPerSecond: 0 to 1,000, stored to 0.01.
    ///   - headingDegrees: clockwise from north, 0 to 360, stored to 0.01.
    ///   - accuracyMeters: radius, 0 to 100,000, stored to 0.1.
    ///   - altitudeMeters: −20,000 to 100,000, stored to 0.1.
    ///   - source: how the phone found it, where it says so.
    public init(
        rider: String, tsMs: Int64, latDegrees: Double, lonDegrees: Double,
        speedMetersPerSecond: Double? = nil, headingDegrees: Double? = nil,
        accuracyMeters: Double? = nil, altitudeMeters: Double? = nil,
        source: PositionSource? = nil
    ) {
        self.init(
            rider: rider, tsMs: tsMs, latE7: Self.units(latDegrees, 1e7),
            lonE7: Self.units(lonDegrees, 1e7), speedMetersPerSecond: speedMetersPerSecond,
            headingDegrees: headingDegrees, accuracyMeters: accuracyMeters,
            altitudeMeters: altitudeMeters, source: source)
    }

    /// The same for coordinates that are integers already, 10⁻⁷ degrees.
    public init(
        rider: String, tsMs: Int64, latE7: Int32, lonE7: Int32,
        speedMetersPerSecond: Double? = nil, headingDegrees: Double? = nil,
        accuracyMeters: Double? = nil, altitudeMeters: Double? = nil,
        source: PositionSource? = nil
    ) {
        func optional(_ value: Double?, _ scale: Double) -> Int32 {
            value.map { Self.units($0, scale) } ?? Fix.absent
        }
        self.rider = rider
        fix = Fix(
            tsMs: tsMs, latE7: latE7, lonE7: lonE7, speedCms: optional(speedMetersPerSecond, 100),
            headingCdeg: optional(headingDegrees, 100), accuracyDm: optional(accuracyMeters, 10),
            altitudeDm: optional(altitudeMeters, 10), source: source?.stored ?? .unknown)
    }

    package init(rider: String, fix: Fix) {
        self.rider = rider
        self.fix = fix
    }

    /// What no field can be, for values that no Int32 holds, NaN among them: the server calls it out
    /// of range, as it would the value itself.
    private static let outOfRange = Int32.max

    private static func units(_ value: Double, _ scale: Double) -> Int32 {
        let scaled = (value * scale).rounded(.toNearestOrAwayFromZero)
        guard abs(scaled) < Double(Int32.max) else { return outOfRange }
        return Int32(scaled)
    }

    public var tsMs: Int64 { fix.tsMs }
    public var latDegrees: Double { Double(fix.latE7) / 1e7 }
    public var lonDegrees: Double { Double(fix.lonE7) / 1e7 }
    public var latE7: Int32 { fix.latE7 }
    public var lonE7: Int32 { fix.lonE7 }
    public var speedMetersPerSecond: Double? { Self.value(fix.speedCms, 100) }
    public var headingDegrees: Double? { Self.value(fix.headingCdeg, 100) }
    public var accuracyMeters: Double? { Self.value(fix.accuracyDm, 10) }
    public var altitudeMeters: Double? { Self.value(fix.altitudeDm, 10) }
    public var source: PositionSource? { PositionSource(fix.source) }

    private static func value(_ units: Int32, _ scale: Double) -> Double? {
        units == Fix.absent ? nil : Double(units) / scale
    }
}

/// A position as the server tells it: the fix, what is thought of it, and when it came.
public struct RiderPosition: Hashable, Sendable {
    public let fix: RiderFix
    public let verdict: PositionVerdict
    /// When the server received it, Unix ms, up to 64 ms late.
    public let recvMs: Int64

    public var rider: String { fix.rider }
}

/// What the rules think of a fix: `ok`, or an effect and the codes that led to it.
public struct PositionVerdict: Hashable, Sendable, CustomStringConvertible {
    /// Ordered: what is held or in quarantine is not shown as a rider's latest position.
    public enum Effect: String, Sendable, Comparable {
        case accept, flag, hold, quarantine

        private var rank: Int {
            switch self {
            case .accept: 0
            case .flag: 1
            case .hold: 2
            case .quarantine: 3
            }
        }

        public static func < (a: Effect, b: Effect) -> Bool { a.rank < b.rank }
    }

    public let effect: Effect
    /// Names as in `rules.md`, `TELEPORT` for one.
    public let codes: [String]

    /// nil unless the text is `ok` or `EFFECT:CODE+CODE`.
    init?(_ text: String) {
        if text == "ok" {
            (effect, codes) = (.accept, [])
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let effect = Effect(rawValue: String(parts[0])) else { return nil }
        self.effect = effect
        codes = parts[1].split(separator: "+").map { String($0) }
    }

    /// As on the wire.
    public var description: String {
        codes.isEmpty && effect == .accept
            ? "ok" : "\(effect.rawValue):\(codes.joined(separator: "+"))"
    }
}
