import TachoClient
import Testing

@testable import TachoFleet

@Suite struct LatencyHistogramTests {
    @Test func `a quantile is never too low and at most one part in 64 too high`() {
        var random = Randomness(seed: 11)
        for round in 0..<50 {
            let values = (0..<200).map { _ in random.nextWord() >> (random.nextWord() % 63) }
            var histogram = LatencyHistogram()
            for value in values { histogram.record(nanoseconds: value, weight: 1) }
            let sorted = values.sorted()
            for (share, index) in [(0.0, 0), (0.5, 99), (0.99, 197), (1.0, 199)] {
                let exact = Double(sorted[index]) / 1e6
                let shown = histogram.quantileMs(share)!
                #expect(shown >= exact * (1 - 1e-9), "round \(round), \(share)")
                #expect(shown <= exact * 65 / 64 + 1e-6, "round \(round), \(share)")
            }
        }
    }

    @Test func `weights count as many observations`() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantileMs(0.5) == nil)
        histogram.record(nanoseconds: 10, weight: 99)
        histogram.record(nanoseconds: 1_000_000_000, weight: 1)
        #expect(histogram.total == 100)
        #expect(histogram.quantileMs(0.99) == 10 / 1e6)
        #expect(histogram.quantileMs(1)! > 999)
    }
}
