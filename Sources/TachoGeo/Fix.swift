/// Where the phone says a position came from.
package enum FixSource: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case unknown = 0
    case gps = 1
    case net = 2
    case fused = 3
    case mock = 4

    /// The word used in every text format; nil when the phone did not say.
    package var name: String? {
        switch self {
        case .unknown: nil
        case .gps: "gps"
        case .net: "net"
        case .fused: "fused"
        case .mock: "mock"
        }
    }
}

/// One position report as the phone meant it, at stored precision.
///
/// Two fixes are *identical* when rider, time and all fields are equal here; receipt time does not
/// count. An absent field has the type's `absent` value: absent is never zero.
package struct Fix: Hashable, Sendable, BitwiseCopyable {
    /// Unix time of the phone in ms, |tsMs| < 2^47.
    package var tsMs: Int64
    /// Degrees north times 10^7.
    package var latE7: Int32
    /// Degrees east times 10^7.
    package var lonE7: Int32
    /// Reported speed in 0.01 m/s, 0…100,000, or `absent`.
    package var speedCms: Int32
    /// Reported heading in 0.01°, 0…35,999, or `absent`.
    package var headingCdeg: Int32
    /// Reported accuracy radius in 0.1 m, 0…1,000,000, or `absent`.
    package var accuracyDm: Int32
    /// Reported altitude in 0.1 m, −200,000…1,000,000, or `absent`.
    package var altitudeDm: Int32
    package var source: FixSource

    /// Marks an optional field that the phone did not send.
    @inlinable package static var absent: Int32 { Int32.min }
    /// |tsMs| stays below this: a time fits in 48 bits.
    @inlinable package static var timeLimitMs: Int64 { 1 << 47 }

    package static let speedRangeCms: ClosedRange<Int32> = 0...100_000
    /// A reported heading of 360° is read as 0.
    package static let fullCircleCdeg: Int32 = 36_000
    package static let accuracyRangeDm: ClosedRange<Int32> = 0...1_000_000
    package static let altitudeRangeDm: ClosedRange<Int32> = -200_000...1_000_000

    package init(
        tsMs: Int64, latE7: Int32, lonE7: Int32, speedCms: Int32 = Fix.absent,
        headingCdeg: Int32 = Fix.absent, accuracyDm: Int32 = Fix.absent,
        altitudeDm: Int32 = Fix.absent, source: FixSource = .unknown
    ) {
        self.tsMs = tsMs
        self.latE7 = latE7
        self.lonE7 = lonE7
        self.speedCms = speedCms
        self.headingCdeg = headingCdeg
        self.accuracyDm = accuracyDm
        self.altitudeDm = altitudeDm
        self.source = source
    }

    package var coordinate: Coordinate { Coordinate(latE7: latE7, lonE7: lonE7) }
}
