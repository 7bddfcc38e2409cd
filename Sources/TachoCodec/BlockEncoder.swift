import TachoGeo

/// Turns the columns of one block into bytes, one after another.
///
/// Each column is widened into `values` first, with its bounds on the way: a check and a decision
/// a column instead of a value.
struct BlockEncoder {
    private let fixes: ColumnPointers
    private let count: Int
    private var encoder: ColumnEncoder
    private let values: UnsafeMutablePointer<Int64>
    private let bitmap: UnsafeMutablePointer<UInt8>

    init(_ fixes: ColumnPointers, count: Int, _ scratch: EncoderScratch) {
        self.fixes = fixes
        self.count = count
        values = scratch.values
        bitmap = scratch.bitmap
        encoder = ColumnEncoder(
            fixes, Self.reports(fixes, count, scratch), values: scratch.values,
            residuals: (scratch.residuals, scratch.best), scratch: scratch.packing)
    }

    /// What the fixes report of their movement; nil unless at least half of them do.
    private static func reports(
        _ fixes: ColumnPointers, _ count: Int, _ scratch: EncoderScratch
    ) -> Course.Reports? {
        var both = 0
        var beyond: Int32 = 0
        for i in 0..<count {
            let (speed, heading) = (fixes.speedCms[i], fixes.headingCdeg[i])
            both &+= speed >= 0 && heading >= 0 ? 1 : 0
            beyond |= (100_000 &- max(speed, 0)) | (35_999 &- max(heading, 0))
        }
        guard both * 2 >= count, beyond >= 0, count > 2 else { return nil }
        let reports = Course.Reports(reach: scratch.reach, place: scratch.place)
        reports.fill(fixes, count: count)
        return reports
    }

    /// Bytes a block of `count` fixes takes at most.
    static func largest(_ count: Int) -> Int {
        Column.allCases.count * ColumnEncoder.largest(count) + 11 * count + 16
    }

    mutating func encode(to out: inout RawWriter) {
        widen(.time, fixes.tsMs, &out)
        widen(.lat, fixes.latE7, &out)
        widen(.lon, fixes.lonE7, &out)
        optional(.speed, fixes.speedCms, &out)
        optional(.heading, fixes.headingCdeg, &out)
        optional(.accuracy, fixes.accuracyDm, &out)
        optional(.altitude, fixes.altitudeDm, &out)
        widen(.source, fixes.source, &out)
        widen(.origin, fixes.origin, &out)
        receiveDelays(&out)
        claimedReceipts(&out)
        verdicts(&out)
        arrivalOrder(&out)
    }

    /// A column every fix has, as it is.
    @inline(__always)
    private mutating func widen<T: FixedWidthInteger>(
        _ column: Column, _ from: UnsafeMutablePointer<T>, _ out: inout RawWriter
    ) {
        var (low, high) = (from[0], from[0])
        for i in 0..<count {
            low = min(low, from[i])
            high = max(high, from[i])
        }
        widen(column, from, low, high, &out)
    }

    @inline(__always)
    private mutating func widen<T: FixedWidthInteger>(
        _ column: Column, _ from: UnsafeMutablePointer<T>, _ low: T, _ high: T,
        _ out: inout RawWriter
    ) {
        if low != high {
            for i in 0..<count { values[i] = Int64(truncatingIfNeeded: from[i]) }
        }
        writeAll(column, Int64(low), Int64(high), &out)
    }

    /// The values of all fixes. A value outside the column's limits stops the program.
    private mutating func writeAll(
        _ column: Column, _ low: Int64, _ high: Int64, _ out: inout RawWriter
    ) {
        check(column, low, high)
        encoder.write(column, count: count, low: low, high: high, to: &out) { codec, out in
            out.put(codec.rawValue)
        }
    }

    @inline(__always)
    private func check(_ column: Column, _ low: Int64, _ high: Int64) {
        let limits = column.limits
        precondition(
            limits.lowerBound <= low && high <= limits.upperBound, "a fix outside its legal range")
    }

    /// A column some fixes have.
    private mutating func optional(
        _ column: Column, _ from: UnsafeMutablePointer<Int32>, _ out: inout RawWriter
    ) {
        // Absent is the smallest number: two bounds say whether any or all are.
        var (low, high) = (from[0], from[0])
        for i in 0..<count {
            low = min(low, from[i])
            high = max(high, from[i])
        }
        if low != Fix.absent {
            widen(column, from, low, high, &out)
        } else if high == Fix.absent {
            out.put(ColumnCodec.none.rawValue)
        } else {
            var present = 0
            for i in 0..<count {
                // Written each time, kept only where there is a value.
                values[present] = Int64(from[i])
                present &+= from[i] == Fix.absent ? 0 : 1
            }
            writeSome(column, present, &out) { from[$0] != Fix.absent }
        }
    }

    private mutating func claimedReceipts(_ out: inout RawWriter) {
        var present = 0
        var (low, high) = (Int64(0), Int64(0))
        for i in 0..<count where fixes.origin[i] >= ColumnPointers.firstClaimedOrigin {
            let claimed = fixes.claimedRecvMs[i]
            low = min(low, claimed)
            high = max(high, claimed)
            values[present] = claimed &- fixes.tsMs[i]
            present &+= 1
        }
        check(.claimedReceipt, low, high)
        let origins = fixes.origin
        if present == 0 {
            out.put(ColumnCodec.none.rawValue)
        } else if present == count {
            let (low, high) = bounds(present)
            encoder.write(.claimedReceipt, count: count, low: low, high: high, to: &out) {
                $1.put($0.rawValue)
            }
        } else {
            writeSome(.claimedReceipt, present, &out) {
                origins[$0] >= ColumnPointers.firstClaimedOrigin
            }
        }
    }

    private func bounds(_ present: Int) -> (Int64, Int64) {
        var (low, high) = (values[0], values[0])
        for i in 0..<present {
            low = min(low, values[i])
            high = max(high, values[i])
        }
        return (low, high)
    }

    /// The first `present` values, and a bitmap of who has them.
    @inline(__always)
    private mutating func writeSome(
        _ column: Column, _ present: Int, _ out: inout RawWriter, has: (Int) -> Bool
    ) {
        let (low, high) = bounds(present)
        if column != .claimedReceipt { check(column, low, high) }
        let size = (count + 7) / 8
        for byte in 0..<size { bitmap[byte] = 0 }
        for i in 0..<count where has(i) {
            bitmap[i &>> 3] |= 1 &<< UInt8(truncatingIfNeeded: i & 7)
        }
        let raw = UnsafeRawBufferPointer(start: bitmap, count: size)
        encoder.write(column, count: present, low: low, high: high, to: &out) { codec, out in
            out.put(codec.rawValue | ColumnCodec.presenceFlag)
            out.put(raw)
        }
    }

    private mutating func receiveDelays(_ out: inout RawWriter) {
        var remainders: Int64 = 0
        var (low, high) = (Int64.max, Int64.min)
        for i in 0..<count {
            let delayMs = fixes.recvMs[i] &- fixes.tsMs[i]
            remainders |= delayMs
            let steps = delayMs &>> 6
            low = min(low, steps)
            high = max(high, steps)
            values[i] = steps
        }
        precondition(
            remainders & (StoredFix.receiptStepMs - 1) == 0, "receipt time is not quantised")
        writeAll(.receiveDelay, low, high, &out)
    }

    /// The distinct verdicts in order of appearance, then which one each fix has.
    private mutating func verdicts(_ out: inout RawWriter) {
        let (codes, flags) = (fixes.codes[0], fixes.flags[0])
        var others: UInt64 = 0
        for i in 0..<count { others |= fixes.codes[i] ^ codes | UInt64(fixes.flags[i] ^ flags) }
        if others == 0 {
            precondition(flags < 8, "a verdict that is none")
            out.put(1)
            out.putVarint(codes)
            out.put(flags)
        } else {
            severalVerdicts(&out)
        }
    }

    /// Seldom: most chunks have one verdict, and most others few runs of each.
    private mutating func severalVerdicts(_ out: inout RawWriter) {
        var list = VerdictList()
        for i in 0..<count { values[i] = list.number(fixes.codes[i], fixes.flags[i]) }
        out.require(11 * list.entries.count + 10)
        out.putVarint(UInt64(list.entries.count))
        for entry in list.entries {
            precondition(entry.flags < 8, "a verdict that is none")
            out.putVarint(entry.codes)
            out.put(entry.flags)
        }
        writeAll(.verdict, 0, Int64(list.entries.count - 1), &out)
    }

    /// Less the index, so that fixes that arrived one after another are one constant.
    private mutating func arrivalOrder(_ out: inout RawWriter) {
        var (low, high) = (Int64.max, Int64.min)
        for i in 0..<count {
            let value = Int64(fixes.arrival[i]) &- Int64(i)
            low = min(low, value)
            high = max(high, value)
            values[i] = value
        }
        encoder.write(.arrival, count: count, low: low, high: high, to: &out) {
            $1.put($0.rawValue)
        }
    }
}

/// The distinct verdicts of a block, in order of appearance.
private struct VerdictList {
    struct Entry: Hashable {
        var codes: UInt64
        var flags: UInt8
    }
    private(set) var entries: [Entry] = []
    private var numbers: [Entry: Int] = [:]
    private var last = -1

    private static let searched = 8

    mutating func number(_ codes: UInt64, _ flags: UInt8) -> Int64 {
        let entry = Entry(codes: codes, flags: flags)
        if last >= 0 && entries[last] == entry { return Int64(last) }
        if let known = place(entry) {
            last = known
        } else {
            last = entries.count
            entries.append(entry)
            if entries.count > Self.searched { numbers[entry] = last }
        }
        return Int64(last)
    }

    private func place(_ entry: Entry) -> Int? {
        for index in 0..<min(entries.count, Self.searched) where entries[index] == entry {
            return index
        }
        return numbers[entry]
    }
}
