/// Counts of durations in buckets that grow by 1/64 of a power of two: quantiles are at most 1.6 %
/// too high, memory is fixed (32 KiB) however long a run lasts.
public struct LatencyHistogram: Sendable {
    private var counts = [UInt64](repeating: 0, count: 64 * 64)
    public private(set) var total: UInt64 = 0

    public init() {}

    /// Adds `weight` observations of one duration.
    public mutating func record(nanoseconds: UInt64, weight: UInt64) {
        counts[Self.bucket(nanoseconds)] += weight
        total += weight
    }

    /// The smallest recorded duration that at least `share` (0…1) of all observations reach, as
    /// its bucket's upper end in ms; nil when nothing was recorded.
    public func quantileMs(_ share: Double) -> Double? {
        guard total > 0 else { return nil }
        let wanted = max(1, UInt64((Double(total) * share).rounded(.up)))
        var seen: UInt64 = 0
        for bucket in counts.indices {
            seen += counts[bucket]
            if seen >= wanted { return Double(Self.upperEnd(bucket)) / 1e6 }
        }
        return nil
    }

    private static func bucket(_ value: UInt64) -> Int {
        if value < 64 { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let mantissa = Int(value >> UInt64(exponent - 6)) & 63
        return (exponent - 5) * 64 + mantissa
    }

    private static func upperEnd(_ bucket: Int) -> UInt64 {
        if bucket < 64 { return UInt64(bucket) }
        let exponent = UInt64(bucket / 64 + 5)
        let mantissa = UInt64(bucket % 64)
        return ((64 + mantissa) << (exponent - 6)) + ((1 << (exponent - 6)) - 1)
    }
}
