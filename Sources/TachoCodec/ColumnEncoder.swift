/// Writes the values of one column by whichever of its codecs is smallest.
///
/// Scratch memory is the owner's and kept from column to column.
struct ColumnEncoder {
    /// The column's values: filled by the caller.
    let values: UnsafeMutablePointer<Int64>
    /// All fixes, for codecs that predict from time, speed and heading.
    private let fixes: ColumnPointers
    /// What the fixes report of their movement, if enough of them do.
    private let reports: Course.Reports?
    /// What sampling the latitudes said; the same goes for longitudes.
    private var worthwhileForPlaces = ~UInt64(0)
    /// So does whether they come again.
    private var placesMayRepeat = true
    private var times: UnsafeMutablePointer<Int64> { fixes.tsMs }
    /// Two rooms for residuals: those of the best codec so far and those of the one in work.
    private var residuals: UnsafeMutablePointer<UInt64>
    private var best: UnsafeMutablePointer<UInt64>
    private let scratch: PackingScratch

    init(
        _ fixes: ColumnPointers, _ reports: Course.Reports?, values: UnsafeMutablePointer<Int64>,
        residuals: (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>),
        scratch: PackingScratch
    ) {
        self.values = values
        self.fixes = fixes
        self.reports = reports
        (self.residuals, best) = residuals
        self.scratch = scratch
    }

    /// What a codec needs besides residuals.
    private struct Plan {
        var codec: ColumnCodec
        var base: Int64 = 0
        var step: Int64 = 0
        var gain = Course.Gain.whole
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
        case .course:
            out.putVarint(factor.divisor)
            out.putVarint(UInt64(chosen.step))
            out.put(chosen.gain.rawValue)
        case .offset, .linear, .turn: out.putVarint(factor.divisor)
        case .none, .constant, .clock: break
        }
        chosen.packing!.write(best, count: chosen.count, scratch, to: &out)
    }

    /// The cheapest codec. In a chunk's size of column a few values say which ones are worth a look
    /// at all of them.
    private mutating func plan(
        _ column: Column, _ count: Int, _ low: Int64, _ factor: ExactDivision
    ) -> Plan {
        var chosen = Plan(codec: .none)
        var worthwhile = ~UInt64(0)
        if Self.sampled.contains(count) && candidate(column, 1, factor) != nil {
            worthwhile = column == .lon ? worthwhileForPlaces : sample(column, low, factor)
            if column == .lat { worthwhileForPlaces = worthwhile }
        }
        var index = 0
        while var plan = candidate(column, index, factor) {
            if worthwhile &>> UInt64(index) & 1 == 1 {
                fill(&plan, column, count, low, factor)
                measure(&plan, factor.divisor)
                if plan.bytes < chosen.bytes {
                    chosen = plan
                    swap(&residuals, &best)
                }
            }
            index += 1
        }
        // What repeats itself does so in the residuals of any codec: those of the best are enough.
        if column != .lon || placesMayRepeat {
            let isRepeated = chosen.packing!.tryPlanes(best, count: chosen.count, scratch)
            if column == .lat { placesMayRepeat = isRepeated }
        }
        return chosen
    }

    /// Columns of so many values are sampled: shorter ones are not worth it, longer ones are not
    /// written while anybody waits.
    private static let sampled = 100...1_024
    private static let sampleCount = 81
    private static let sampleStart = 16
    /// Candidates this many bits a sample behind the best are looked at in full.
    private static let sampleMargin = 12

    /// A bit for each candidate that may be the best, from how long the first residuals are.
    private func sample(_ column: Column, _ low: Int64, _ factor: ExactDivision) -> UInt64 {
        var lengths = (Int.max, Int.max, Int.max, Int.max)
        var least = Int.max
        var index = 0
        while var plan = candidate(column, index, factor) {
            fill(&plan, column, Self.sampleCount, low, factor)
            var bits = 0
            // Not the first ones: trackers have to find the movement before they follow it.
            for i in Self.sampleStart..<plan.count { bits &+= PackingScratch.length(residuals[i]) }
            least = min(least, bits)
            switch index {
            case 0: lengths.0 = bits
            case 1: lengths.1 = bits
            case 2: lengths.2 = bits
            default: lengths.3 = bits
            }
            index += 1
        }
        let most = least + Self.sampleMargin
        return (lengths.0 <= most ? 1 : 0) | (lengths.1 <= most ? 2 : 0)
            | (lengths.2 <= most ? 4 : 0) | (lengths.3 <= most ? 8 : 0)
    }

    /// What is tried for a column, in order; nil behind the last.
    private func candidate(
        _ column: Column, _ index: Int, _ factor: ExactDivision
    ) -> Plan? {
        switch (column, index) {
        case (.time, 0), (.arrival, 0): Plan(codec: .delta)
        case (.lat, 0), (.lon, 0): Plan(codec: .linear)
        case (.lat, 1), (.lon, 1): Plan(codec: .delta)
        case (.lat, 2), (.lon, 2), (.lat, 3), (.lon, 3):
            reports == nil
                ? nil
                : Plan(
                    codec: .course,
                    step: Course.scale(column, latE7: fixes.latE7[0], factor: factor.divisor),
                    gain: index == 2 ? .whole : .part)
        case (.time, _), (.arrival, _), (.lat, _), (.lon, _): nil
        case (_, 0): Plan(codec: .offset)
        case (.source, _), (.origin, _), (.verdict, _): nil
        case (.heading, 1):
            36_000 % factor.divisor == 0 ? Plan(codec: .turn) : Plan(codec: .delta)
        case (_, 1): Plan(codec: .delta)
        case (.receiveDelay, 2): Plan(codec: .clock)
        default: nil
        }
    }

    /// Computes the residuals of a codec. Wrap-around is meant: the decoder wraps back.
    private func fill(
        _ plan: inout Plan, _ column: Column, _ count: Int, _ low: Int64, _ factor: ExactDivision
    ) {
        switch plan.codec {
        case .none, .constant: preconditionFailure("no residuals")
        case .course: fillCourse(&plan, reports!, column, count, factor)
        case .offset:
            plan.base = low
            plan.count = count
            if factor.divisor == 1 {
                for i in 0..<count { residuals[i] = UInt64(bitPattern: values[i] &- low) }
                return
            }
            for i in 0..<count {
                residuals[i] = UInt64(bitPattern: factor.quotient(values[i] &- low))
            }
        case .delta:
            plan.base = values[0]
            plan.step = Prediction.usualStep(values, count: count, factor)
            plan.count = count - 1
            if factor.divisor == 1 {
                for i in 1..<count {
                    let step = values[i] &- values[i &- 1]
                    residuals[i &- 1] = Zigzag.encode(step &- plan.step)
                }
                return
            }
            for i in 1..<count {
                let step = factor.quotient(values[i] &- values[i &- 1])
                residuals[i &- 1] = Zigzag.encode(step &- plan.step)
            }
        case .linear:
            plan.base = values[0]
            plan.count = count - 1
            fillLinear(factor, count)
        case .turn:
            plan.base = values[0]
            plan.count = count - 1
            for i in 1..<count {
                let step = values[i] &- values[i &- 1]
                let round: Int64 = step > 18_000 ? -36_000 : step < -18_000 ? 36_000 : 0
                residuals[i &- 1] = Zigzag.encode(factor.quotient(step &+ round))
            }
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

    private func fillCourse(
        _ plan: inout Plan, _ reports: Course.Reports, _ column: Column, _ count: Int,
        _ factor: ExactDivision
    ) {
        plan.base = values[0]
        plan.count = count - 1
        let sines = Course.sines + Course.turn(column)
        switch plan.gain {
        case .whole: follow(plan, reports, sines, count, factor, .whole)
        case .part: follow(plan, reports, sines, count, factor, .part)
        }
    }

    /// One loop for each gain.
    @inline(__always)
    private func follow(
        _ plan: Plan, _ reports: Course.Reports, _ sines: UnsafePointer<Int16>, _ count: Int,
        _ factor: ExactDivision, _ gain: Course.Gain
    ) {
        var state = Course.State()
        for i in 1..<count {
            let movement = reports.movement(i, sines, scale: plan.step)
            let q = factor.quotient(values[i] &- plan.base)
            residuals[i &- 1] = Zigzag.encode(q &- state.expected(movement))
            state.learn(q, gain)
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
        case .course:
            plan.bytes += Zigzag.varintBytes(factor) + Zigzag.varintBytes(UInt64(plan.step)) + 1
        case .offset, .linear, .turn: plan.bytes += Zigzag.varintBytes(factor)
        case .none, .constant, .clock: break
        }
    }
}
