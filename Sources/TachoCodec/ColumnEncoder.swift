/// Writes the values of one column by whichever of its codecs is smallest.
///
/// Scratch memory is kept between columns: one encoder serves a whole block.
struct ColumnEncoder {
    /// The column's values: filled by the caller.
    var values: [Int64]
    /// The times of all fixes, for codecs that predict over time.
    var times: [Int64]
    private var residuals: [UInt64]
    private var best: [UInt64]
    private var scratch: Packing.Scratch

    init(count: Int) {
        values = Array(repeating: 0, count: count)
        times = values
        residuals = Array(repeating: 0, count: count)
        best = residuals
        scratch = Packing.Scratch(count: count)
    }

    /// What a codec needs besides residuals.
    private struct Plan {
        var codec: ColumnCodec
        var base: Int64 = 0
        var factor: Int64 = 1
        var step: Int64 = 0
        var range = 0..<0
        var packing: Packing?
        var bytes = Int.max
    }

    /// Appends the first `count` values. `flags` is set in the codec byte.
    mutating func write(
        _ column: Column, count: Int, flags: UInt8, presence: [UInt8], to out: inout ByteWriter
    ) {
        precondition(count > 0 && count <= values.count)
        if values[0..<count].allSatisfy({ $0 == values[0] }) {
            out.put(ColumnCodec.constant.rawValue | flags)
            out.put(presence)
            out.putZigzag(values[0])
            return
        }
        let factor = Int64(Prediction.commonFactor(values, count: count))
        var chosen = Plan(codec: .none)
        for codec in column.codecs {
            var plan = Plan(codec: codec, factor: factor)
            fill(&plan, count: count)
            measure(&plan)
            if plan.bytes < chosen.bytes {
                chosen = plan
                swap(&residuals, &best)
            }
        }
        write(chosen, flags: flags, presence: presence, to: &out)
    }

    private func write(
        _ plan: Plan, flags: UInt8, presence: [UInt8], to out: inout ByteWriter
    ) {
        out.put(plan.codec.rawValue | flags)
        out.put(presence)
        out.putZigzag(plan.base)
        switch plan.codec {
        case .delta:
            out.putVarint(UInt64(plan.factor))
            out.putZigzag(plan.step)
        case .offset, .linear: out.putVarint(UInt64(plan.factor))
        case .none, .constant, .clock: break
        }
        plan.packing!.write(best, plan.range, to: &out)
    }

    /// Computes the residuals of a codec. Wrap-around is meant: the decoder wraps back.
    private mutating func fill(_ plan: inout Plan, count: Int) {
        switch plan.codec {
        case .none, .constant: preconditionFailure("no residuals")
        case .offset:
            var low = values[0]
            for i in 1..<count { low = min(low, values[i]) }
            plan.base = low
            plan.range = 0..<count
            let factor = UInt64(plan.factor)
            for i in 0..<count { residuals[i] = UInt64(bitPattern: values[i] &- low) / factor }
        case .delta:
            plan.base = values[0]
            plan.step = Prediction.usualStep(values, count: count, factor: plan.factor)
            plan.range = 1..<count
            var before: Int64 = 0
            for i in 1..<count {
                let q = (values[i] &- values[0]) / plan.factor
                residuals[i] = Zigzag.encode(q &- before &- plan.step)
                before = q
            }
        case .linear:
            plan.base = values[0]
            plan.range = 1..<count
            fillLinear(factor: plan.factor, count: count)
        case .clock:
            var clock = times[0] + values[0] * 64
            for i in 1..<count { clock = min(clock, times[i] + values[i] * 64) }
            plan.base = clock
            plan.factor = 1
            plan.range = 0..<count
            for i in 0..<count {
                let due = Prediction.clockSteps(clockMs: clock, tsMs: times[i])
                residuals[i] = UInt64(values[i] - due)
            }
        }
    }

    private mutating func fillLinear(factor: Int64, count: Int) {
        let first = values[0]
        var q2: Int64 = 0
        var q1: Int64 = 0
        var t2 = times[0]
        var t1 = times[0]
        for i in 1..<count {
            let q = (values[i] - first) / factor
            let t = times[i]
            let expected = Prediction.linear(q2: q2, q1: q1, t2: t2, t1: t1, t: t)
            residuals[i] = Zigzag.encode(q - expected)
            (q2, q1, t2, t1) = (q1, q, t1, t)
        }
    }

    /// Finds the cheapest packing and the size of everything.
    private mutating func measure(_ plan: inout Plan) {
        let packing = Packing(residuals, plan.range, &scratch)
        plan.packing = packing
        plan.bytes = packing.bytes + Zigzag.varintBytes(Zigzag.encode(plan.base))
        switch plan.codec {
        case .delta:
            plan.bytes += Zigzag.varintBytes(UInt64(plan.factor))
            plan.bytes += Zigzag.varintBytes(Zigzag.encode(plan.step))
        case .offset, .linear: plan.bytes += Zigzag.varintBytes(UInt64(plan.factor))
        case .none, .constant, .clock: break
        }
    }
}
