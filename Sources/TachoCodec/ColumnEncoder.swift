/// Writes the values of one column by whichever of its codecs is smallest.
///
/// Scratch memory is the owner's and kept from column to column.
struct ColumnEncoder {
    /// The column's values: filled by the caller.
    let values: UnsafeMutablePointer<Int64>
    /// The times of all fixes, for codecs that predict over time.
    let times: UnsafePointer<Int64>
    /// Two rooms for residuals: those of the best codec so far and those of the one in work.
    private var residuals: UnsafeMutablePointer<UInt64>
    private var best: UnsafeMutablePointer<UInt64>
    private let scratch: PackingScratch

    init(
        values: UnsafeMutablePointer<Int64>, times: UnsafePointer<Int64>,
        residuals: (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>),
        scratch: PackingScratch
    ) {
        self.values = values
        self.times = times
        (self.residuals, best) = residuals
        self.scratch = scratch
    }

    /// What a codec needs besides residuals.
    private struct Plan {
        var codec: ColumnCodec
        var base: Int64 = 0
        var step: Int64 = 0
        var count = 0
        var packing: Packing?
        var bytes = Int.max
    }

    /// Bytes a column of `count` values takes at most, bitmap included.
    static func largest(_ count: Int) -> Int { Packing.largest(count) + count / 8 + 48 }

    /// Writes what follows the codec byte and the bitmap, which `head` writes: the first `count`
    /// values, all within `low...high`.
    @inline(__always)
    mutating func write(
        _ column: Column, count: Int, low: Int64, high: Int64, to out: inout RawWriter,
        head: (ColumnCodec, inout RawWriter) -> Void
    ) {
        out.require(Self.largest(count))
        if low == high {
            head(.constant, &out)
            out.putZigzag(low)
            return
        }
        let factor = ExactDivision(Prediction.commonFactor(values, count: count))
        let chosen = plan(column, count, low, factor)
        head(chosen.codec, &out)
        out.putZigzag(chosen.base)
        switch chosen.codec {
        case .delta:
            out.putVarint(factor.divisor)
            out.putZigzag(chosen.step)
        case .offset, .linear: out.putVarint(factor.divisor)
        case .none, .constant, .clock: break
        }
        chosen.packing!.write(best, count: chosen.count, scratch, to: &out)
    }

    private mutating func plan(
        _ column: Column, _ count: Int, _ low: Int64, _ factor: ExactDivision
    ) -> Plan {
        var chosen = Plan(codec: .none)
        for codec in column.codecs {
            var plan = Plan(codec: codec)
            fill(&plan, count, low, factor)
            measure(&plan, factor.divisor)
            if plan.bytes < chosen.bytes {
                chosen = plan
                swap(&residuals, &best)
            }
        }
        return chosen
    }

    /// Computes the residuals of a codec. Wrap-around is meant: the decoder wraps back.
    private func fill(
        _ plan: inout Plan, _ count: Int, _ low: Int64, _ factor: ExactDivision
    ) {
        switch plan.codec {
        case .none, .constant: preconditionFailure("no residuals")
        case .offset:
            plan.base = low
            plan.count = count
            for i in 0..<count {
                residuals[i] = UInt64(bitPattern: factor.quotient(values[i] &- low))
            }
        case .delta:
            plan.base = values[0]
            plan.step = Prediction.usualStep(values, count: count, factor)
            plan.count = count - 1
            for i in 1..<count {
                let step = factor.quotient(values[i] &- values[i &- 1])
                residuals[i &- 1] = Zigzag.encode(step &- plan.step)
            }
        case .linear:
            plan.base = values[0]
            plan.count = count - 1
            fillLinear(factor, count)
        case .clock:
            var clock = times[0] + values[0] * 64
            for i in 1..<count { clock = min(clock, times[i] + values[i] * 64) }
            plan.base = clock
            plan.count = count
            for i in 0..<count {
                let due = Prediction.clockSteps(clockMs: clock, tsMs: times[i])
                residuals[i] = UInt64(bitPattern: values[i] &- due)
            }
        }
    }

    private func fillLinear(_ factor: ExactDivision, _ count: Int) {
        let first = values[0]
        var q2: Int64 = 0
        var q1: Int64 = 0
        var t2 = times[0]
        var t1 = times[0]
        for i in 1..<count {
            let q = factor.quotient(values[i] &- first)
            let t = times[i]
            let expected = Prediction.linear(q2: q2, q1: q1, t2: t2, t1: t1, t: t)
            residuals[i &- 1] = Zigzag.encode(q &- expected)
            (q2, q1, t2, t1) = (q1, q, t1, t)
        }
    }

    /// Finds the cheapest packing and the size of everything.
    private func measure(_ plan: inout Plan, _ factor: UInt64) {
        let packing = Packing(residuals, count: plan.count, scratch)
        plan.packing = packing
        plan.bytes = packing.bytes + Zigzag.varintBytes(Zigzag.encode(plan.base))
        switch plan.codec {
        case .delta:
            plan.bytes += Zigzag.varintBytes(factor)
            plan.bytes += Zigzag.varintBytes(Zigzag.encode(plan.step))
        case .offset, .linear: plan.bytes += Zigzag.varintBytes(factor)
        case .none, .constant, .clock: break
        }
    }
}
