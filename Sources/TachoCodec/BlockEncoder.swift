import TachoGeo

/// Turns the fixes of one block into columns, one after another.
struct BlockEncoder {
    private let fixes: UnsafeBufferPointer<StoredFix>
    private let arrivals: UnsafeBufferPointer<UInt32>
    private var columns: ColumnEncoder
    private var count: Int { fixes.count }

    init(fixes: UnsafeBufferPointer<StoredFix>, arrivals: UnsafeBufferPointer<UInt32>) {
        self.fixes = fixes
        self.arrivals = arrivals
        columns = ColumnEncoder(count: fixes.count)
    }

    mutating func encode(to out: inout ByteWriter) {
        all(.time, &out) { $0.fix.tsMs }
        columns.times = columns.values
        all(.lat, &out) { Int64($0.fix.latE7) }
        all(.lon, &out) { Int64($0.fix.lonE7) }
        optional(.speed, &out) { $0.speedCms }
        optional(.heading, &out) { $0.headingCdeg }
        optional(.accuracy, &out) { $0.accuracyDm }
        optional(.altitude, &out) { $0.altitudeDm }
        all(.source, &out) { Int64($0.fix.source.rawValue) }
        all(.origin, &out) { FixParts.origin($0) }
        all(.receiveDelay, &out) { stored in
            let delayMs = stored.recvMs - stored.fix.tsMs
            precondition(
                delayMs % StoredFix.receiptStepMs == 0, "receipt time is not quantised")
            return delayMs / StoredFix.receiptStepMs
        }
        claimedReceipts(&out)
        verdicts(&out)
        arrivalOrder(&out)
    }

    /// A column every fix has.
    @inline(__always)
    private mutating func all(
        _ column: Column, _ out: inout ByteWriter, _ value: (StoredFix) -> Int64
    ) {
        let limits = column.limits
        for i in 0..<count {
            let v = value(fixes[i])
            precondition(limits.contains(v), "a fix outside its legal range")
            columns.values[i] = v
        }
        columns.write(column, count: count, flags: 0, presence: [], to: &out)
    }

    /// A column some fixes have.
    @inline(__always)
    private mutating func optional(
        _ column: Column, _ out: inout ByteWriter, _ value: (Fix) -> Int32
    ) {
        let limits = column.limits
        var present = 0
        for i in 0..<count {
            let v = value(fixes[i].fix)
            if v == Fix.absent { continue }
            precondition(limits.contains(Int64(v)), "a fix outside its legal range")
            columns.values[present] = Int64(v)
            present += 1
        }
        let fixes = fixes
        writeSome(column, present, &out) { value(fixes[$0].fix) != Fix.absent }
    }

    private mutating func claimedReceipts(_ out: inout ByteWriter) {
        let limits = Column.claimedReceipt.limits
        var present = 0
        for i in 0..<count where fixes[i].provenance == .claimed {
            let claimed = fixes[i].claimedRecvMs
            precondition(limits.contains(claimed), "a claimed receipt outside its legal range")
            columns.values[present] = claimed - fixes[i].fix.tsMs
            present += 1
        }
        let fixes = fixes
        writeSome(.claimedReceipt, present, &out) { fixes[$0].provenance == .claimed }
    }

    private mutating func writeSome(
        _ column: Column, _ present: Int, _ out: inout ByteWriter, has: (Int) -> Bool
    ) {
        if present == 0 {
            out.put(ColumnCodec.none.rawValue)
            return
        }
        if present == count {
            columns.write(column, count: count, flags: 0, presence: [], to: &out)
            return
        }
        var bitmap = [UInt8](repeating: 0, count: (count + 7) / 8)
        for i in 0..<count where has(i) { bitmap[i >> 3] |= 1 << UInt8(i & 7) }
        columns.write(
            column, count: present, flags: ColumnCodec.presenceFlag, presence: bitmap, to: &out)
    }

    /// The distinct verdicts in order of appearance, then which one each fix has.
    private mutating func verdicts(_ out: inout ByteWriter) {
        var distinct: [Verdict] = []
        var numbers: [Verdict: Int] = [:]
        var last = -1
        for i in 0..<count {
            let verdict = fixes[i].verdict
            // Runs of one verdict are the rule: they never reach the dictionary.
            if last < 0 || distinct[last] != verdict {
                if let known = numbers[verdict] {
                    last = known
                } else {
                    last = distinct.count
                    numbers[verdict] = last
                    distinct.append(verdict)
                }
            }
            columns.values[i] = Int64(last)
        }
        out.putVarint(UInt64(distinct.count))
        for verdict in distinct {
            out.putVarint(verdict.codes)
            out.put(FixParts.flags(verdict))
        }
        if distinct.count > 1 {
            columns.write(.verdict, count: count, flags: 0, presence: [], to: &out)
        }
    }

    /// Less the index, so that fixes that arrived one after another are one constant.
    private mutating func arrivalOrder(_ out: inout ByteWriter) {
        for i in 0..<count { columns.values[i] = Int64(arrivals[i]) - Int64(i) }
        columns.write(.arrival, count: count, flags: 0, presence: [], to: &out)
    }
}
