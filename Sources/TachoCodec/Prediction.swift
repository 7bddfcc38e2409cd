/// Integer arithmetic that encoder and decoder must do alike, bit for bit.
enum Prediction {
    /// Times further apart than this, about 17 minutes, say nothing about speed.
    static let maxStepMs: Int64 = 1 << 20
    /// A movement is carried on for at most this many times as long as it was seen.
    static let maxStretch: Int64 = 4

    /// Where a movement from `q2` at `t2` over `q1` at `t1` leads at `t`, rounded toward `q1`.
    ///
    /// Without a usable pair of steps (no time between `t2` and `t1`, too much of it, time
    /// running back) the answer is `q1`. With |q| ≤ 2^33 nothing overflows:
    /// 2^34 · 4 · 2^20 = 2^56.
    @inline(__always)
    static func linear(
        q2: Int64, q1: Int64, t2: Int64, t1: Int64, t: Int64
    ) -> Int64 {
        let before = t1 - t2
        let ahead = t - t1
        let moved = q1 - q2
        if before == ahead && before > 0 && before <= maxStepMs { return q1 + moved }
        guard before > 0, before <= maxStepMs, ahead > 0 else { return q1 }
        return q1 + moved * min(ahead, maxStretch * before) / before
    }

    /// |q| of a predicted column stays within this; legal coordinates differ by less than 2^32.
    static let maxMagnitude: Int64 = 1 << 33

    /// Steps of 64 ms from `tsMs` up to the first one that is not before `clockMs`.
    /// Wrap-around is meant: `clockMs` may be hostile, the result is checked by the caller.
    @inline(__always)
    static func clockSteps(clockMs: Int64, tsMs: Int64) -> Int64 {
        let delay = clockMs &- tsMs
        return delay &>> 6 &+ (delay & 63 == 0 ? 0 : 1)
    }

    /// The greatest common divisor of all differences from the first value, at least 1.
    /// Cost: stops at the first pair that has none; otherwise a multiplication a value.
    static func commonFactor(_ values: UnsafePointer<Int64>, count: Int) -> UInt64 {
        let first = values[0]
        var i = 1
        while i < count && values[i] == first { i += 1 }
        guard i < count else { return 1 }
        var factor = ExactDivision((values[i] &- first).magnitude)
        while i < count {
            var a = (values[i] &- first).magnitude
            i += 1
            if factor.divides(a) { continue }
            var b = factor.divisor
            while a != 0 { (b, a) = (a, b % a) }
            if b == 1 { return 1 }
            factor = ExactDivision(b)
        }
        return factor.divisor > UInt64(Int64.max) ? 1 : factor.divisor
    }

    /// A step that many of the values make: the median of up to 15 steps spread over them.
    static func usualStep(
        _ values: UnsafePointer<Int64>, count: Int, _ factor: ExactDivision
    ) -> Int64 {
        guard count > 1 else { return 0 }
        let stride = max(1, (count - 1) / 15)
        return withUnsafeTemporaryAllocation(of: Int64.self, capacity: 16) { sample in
            var size = 0
            var i = 1
            while i < count && size < 15 {
                let step = factor.quotient(values[i] &- values[i - 1])
                // Sorted as it comes: most samples are nearly equal.
                var place = size
                while place > 0 && sample[place - 1] > step {
                    sample[place] = sample[place - 1]
                    place -= 1
                }
                sample[place] = step
                size += 1
                i += stride
            }
            return sample[size / 2]
        }
    }
}
