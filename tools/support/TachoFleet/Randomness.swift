/// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number
/// generators", 2014): one 64-bit word of state, the same numbers on every machine.
package struct Randomness: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func nextWord() -> UInt64 {
        // Wrap-around is meant: this is arithmetic modulo 2^64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// 0 ≤ x < 1, on a grid of 2^-53.
    package mutating func nextUnit() -> Double {
        Double(nextWord() >> 11) * 0x1p-53
    }

    package mutating func next(in range: Range<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * nextUnit()
    }

    /// About normal, mean 0, deviation 1, |x| ≤ 3.5: the sum of twelve uniform values would do for
    /// ±6; four scaled ones are enough for position noise, and need no logarithm or cosine whose
    /// last bit differs between C libraries.
    package mutating func nextGaussian() -> Double {
        let sum = nextUnit() + nextUnit() + nextUnit() + nextUnit() - 2
        return sum * 3.0.squareRoot()
    }
}
