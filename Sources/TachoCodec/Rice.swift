/// Golomb–Rice coding of one column: the lowest bits of all values side by side, then what is above
/// them in unary, then the few values too large for that.
///
/// The two parts apart, not value by value, make decoding a loop without branches and one that
/// takes ones out of words. S. W. Golomb, "Run-length encodings", 1966; R. F. Rice, "Some practical
/// universal noiseless coding techniques", 1979.
enum Rice {
    /// The largest quotient in unary; larger ones are patches.
    static let largestQuotient: UInt64 = 15
    private static let quotientBits = 4

    struct Plan: Equatable {
        var low = 0
        var patches = 0
        var patchWidth = 0
        var bytes = Int.max
    }

    /// The number of low bits that is best if values of one bit length are spread evenly, with the
    /// patches it needs. `bytes` is the estimate.
    static func plan(_ count: Int, _ lengths: UnsafePointer<UInt32>, longest: Int) -> Plan {
        var best = Plan()
        var bestBits = Int.max
        let indexWidth = Packing.indexWidth(count)
        var patches = 0
        var low = min(longest - 1, 64 - quotientBits)
        while low >= 0 {
            let top = low + quotientBits
            if top < longest { patches += Int(lengths[top + 1]) }
            let patchBits = patches * (indexWidth + longest - low)
            var halves = 0
            for length in (low + 1)..<(min(top, longest) + 1) {
                halves += Int(lengths[length]) * (3 << (length - low - 1) - 1)
            }
            let bits = count * (low + 1) + halves / 2 + patchBits
            if bits < bestBits {
                bestBits = bits
                best = Plan(low: low, patches: patches, patchWidth: patches > 0 ? longest - low : 0)
            } else if bits > bestBits + bestBits / 4 {
                break
            }
            low -= 1
        }
        best.bytes = bestBits / 8
        return best
    }

    /// The plan's true size.
    static func bytes(_ plan: Plan, _ values: UnsafePointer<UInt64>, count: Int) -> Int {
        let low = UInt64(plan.low)
        var unary: UInt64 = 0
        for i in 0..<count {
            let quotient = values[i] &>> low
            unary &+= quotient > largestQuotient ? 0 : quotient
        }
        var bytes = 2 + BitPacking.byteCount(values: count, width: plan.low)
        bytes += (Int(truncatingIfNeeded: unary) + count + 7) / 8
        guard plan.patches > 0 else { return bytes }
        bytes += Zigzag.varintBytes(UInt64(plan.patches))
        bytes += BitPacking.byteCount(values: plan.patches, width: Packing.indexWidth(count))
        bytes += BitPacking.byteCount(values: plan.patches, width: plan.patchWidth)
        return bytes
    }

    /// Writes all but the number of the form.
    static func write(
        _ plan: Plan, _ values: UnsafePointer<UInt64>, count: Int, _ scratch: PackingScratch,
        to out: inout RawWriter
    ) {
        let shift = UInt64(plan.low)
        let mask: UInt64 = 1 &<< shift &- 1
        var next = 0
        out.put(UInt8(plan.low))
        out.put(UInt8(plan.patchWidth))
        if plan.patches > 0 { out.putVarint(UInt64(plan.patches)) }
        for i in 0..<count { scratch.low[i] = values[i] & mask }
        BitPacking.pack(scratch.low, count: count, width: plan.low, to: &out)
        out.require(2 * count + 16)
        var accumulator: UInt64 = 0
        var filled: UInt64 = 0
        let start = out.next
        var at = start
        for i in 0..<count {
            let quotient = values[i] &>> shift
            // Written each time, kept only where it is one.
            scratch.places[next] = UInt64(truncatingIfNeeded: i)
            scratch.high[next] = quotient
            let isPatch = quotient > largestQuotient
            next &+= isPatch ? 1 : 0
            let zeros = isPatch ? 0 : quotient
            accumulator |= 1 &<< (filled &+ zeros)
            filled &+= zeros &+ 1
            at.storeBytes(of: accumulator.littleEndian, as: UInt64.self)
            let full = filled &>> 5
            at += Int(truncatingIfNeeded: full &<< 2)
            accumulator &>>= full &<< 5
            filled &= 31
        }
        at.storeBytes(of: accumulator.littleEndian, as: UInt64.self)
        out.advance(at - start + Int(filled + 7) / 8)
        assert(next == plan.patches)
        guard plan.patches > 0 else { return }
        let indexWidth = Packing.indexWidth(count)
        BitPacking.pack(scratch.places, count: plan.patches, width: indexWidth, to: &out)
        BitPacking.pack(scratch.high, count: plan.patches, width: plan.patchWidth, to: &out)
    }

    /// Reads all but the number of the form.
    static func read(
        _ reader: inout ColumnReader, count: Int, into out: UnsafeMutablePointer<UInt64>,
        room: PatchRoom
    ) throws(ColumnError) {
        let low = Int(try reader.byte())
        let patchWidth = Int(try reader.byte())
        guard low + quotientBits <= 64, low + patchWidth <= 64 else {
            throw .badPacking(reader.column)
        }
        let patches = patchWidth > 0 ? try reader.varint() : 0
        guard patchWidth == 0 || (patches > 0 && patches <= count) else {
            throw .badPacking(reader.column)
        }
        try reader.packed(low, count, into: out)
        try reader.addQuotients(low, count, to: out)
        guard patches > 0 else { return }
        try Packing.patch(&reader, count, Int(patches), low, patchWidth, out, room)
    }
}

extension ColumnReader {
    /// Adds `count` numbers in unary, each some zeros and a one, above the lowest `low` bits.
    fileprivate mutating func addQuotients(
        _ low: Int, _ count: Int, to out: UnsafeMutablePointer<UInt64>
    ) throws(ColumnError) {
        let shift = UInt64(low)
        var largest: UInt64 = 0
        var done = 0
        // Zeros since the last one, from words before.
        var pending = 0
        while done < count {
            let size = min(8, remaining)
            guard size > 0 else { throw .truncated(column) }
            var word = partialWord(size)
            let ones = min(word.nonzeroBitCount, count - done)
            // One past the last one, counted from the start of this word.
            var last = -pending
            for i in done..<done &+ ones {
                let place = word.trailingZeroBitCount
                let quotient = UInt64(truncatingIfNeeded: place &- last)
                out[i] |= quotient &<< shift
                largest |= quotient
                last = place &+ 1
                word &= word &- 1
            }
            done += ones
            if done < count {
                pending = size * 8 - last
                skip(size)
            } else {
                // The last byte used ends in zeros.
                let used = (last + 7) / 8
                let rest = used == 8 ? word : word & (1 &<< UInt64(used * 8) &- 1)
                guard rest == 0 else { throw .badPacking(column) }
                skip(used)
            }
            guard largest <= Rice.largestQuotient else { throw .badPacking(column) }
        }
    }
}
