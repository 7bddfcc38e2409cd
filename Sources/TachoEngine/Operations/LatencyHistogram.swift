import Histogram

/// How often something took how long, in µs up to 100 s, to two significant digits (HdrHistogram's
/// layout, 21 KB). Longer ones count as 100 s.
struct LatencyHistogram: Sendable {
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: limitMicroseconds,
        numberOfSignificantValueDigits: .two)
    /// Exact, which the histogram's own is not.
    private var sumMicroseconds: UInt64 = 0

    static let limitMicroseconds: UInt64 = 100_000_000

    /// `count` of them took that long. Cost: some ns, no allocation.
    mutating func record(nanoseconds: UInt64, count: Int) {
        guard count > 0 else { return }
        let microseconds = min((nanoseconds + 500) / 1_000, Self.limitMicroseconds)
        histogram.record(microseconds, count: UInt64(count))
        sumMicroseconds &+= microseconds &* UInt64(count)
    }

    mutating func add(_ other: LatencyHistogram) {
        histogram.add(other.histogram)
        sumMicroseconds &+= other.sumMicroseconds
    }

    mutating func removeAll() {
        histogram.reset()
        sumMicroseconds = 0
    }

    /// Cost: some 50 µs. Nothing of it shares memory with the histogram.
    var figures: LatencyFigures {
        var counts = [UInt64](repeating: 0, count: LatencyFigures.boundsSeconds.count)
        for step in histogram.recordedValues() {
            // The value is the greatest of those that cannot be told apart: within a hundredth of it.
            let seconds = Double(step.value) / 1e6
            guard let place = LatencyFigures.boundsSeconds.firstIndex(where: { seconds <= $0 })
            else { continue }
            counts[place] += step.count
        }
        var sum: UInt64 = 0
        for place in counts.indices {
            sum += counts[place]
            counts[place] = sum
        }
        return LatencyFigures(
            count: histogram.totalCount, sumSeconds: Double(sumMicroseconds) / 1e6,
            cumulative: counts, p50Microseconds: histogram.valueAtPercentile(50),
            p99Microseconds: histogram.valueAtPercentile(99),
            p999Microseconds: histogram.valueAtPercentile(99.9),
            maxMicroseconds: histogram.totalCount == 0 ? 0 : histogram.max)
    }
}

/// A histogram as it is shown.
package struct LatencyFigures: Sendable, Equatable {
    package var count: UInt64
    package var sumSeconds: Double
    /// How many took at most `boundsSeconds`; the rest took longer than the last of them.
    package var cumulative: [UInt64]
    package var p50Microseconds: UInt64
    package var p99Microseconds: UInt64
    package var p999Microseconds: UInt64
    package var maxMicroseconds: UInt64

    package static let boundsSeconds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
        10,
    ]
}
