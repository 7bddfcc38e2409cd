/// Unsigned integers in as few bits as they need, in one of several forms.
///
/// *Blocks*: equal blocks with a width each, for tracks whose steps grow and shrink. *Patched*: one
/// width that most values fit, and the rest of the few that do not, for tracks that stand still
/// and jump. *Rice*: short for small and long for large values, for noise. *Planes*: bytes under
/// LZ4, for what comes again. Layout: `format-spec.md` §3.
struct Packing: Equatable {
    static let patched = 0
    static let rice = 1
    static let planes = 2
    static let smallestLog2 = 4
    static let largestLog2 = 16
    static let smallest = 1 << smallestLog2

    /// `patched`, `rice`, `planes`, or the log2 of the block length.
    var form: Int
    /// Bytes of everything.
    var bytes: Int
    /// Bits of the longest value.
    var longest = 0
    /// For the patched form: bits of every value, bits of what a patch adds, number of patches.
    var width = 0
    var patchWidth = 0
    var patches = 0
    /// For the Rice form.
    var ricePlan = Rice.Plan()
    /// For the planes: bytes of all of them.
    var compressed = 0

    /// Bits that number `count` places.
    @inline(__always)
    static func indexWidth(_ count: Int) -> Int {
        max(1, Int.bitWidth - (count - 1).leadingZeroBitCount)
    }

    /// Bytes that `count` values take at most, whatever they are, with what `pack` may write more.
    static func largest(_ count: Int) -> Int { 9 * count + 32 + BitPacking.slack }

    /// The form that takes the fewest bytes, planes apart; of equals the one with the lowest number.
    init(_ values: UnsafePointer<UInt64>, count: Int, _ scratch: PackingScratch) {
        let blocks = scratch.measure(values, count: count)
        self = Packing(form: Self.smallestLog2, bytes: Int.max)
        var longest = 64
        while longest > 0 && scratch.lengths[longest] == 0 { longest -= 1 }
        planPatches(count, scratch.lengths, longest)
        planBlocks(count, scratch.widths, blocks)
        if longest > 1 { planRice(values, count, scratch.lengths, longest) }
        self.longest = longest
    }

    init(form: Int, bytes: Int) {
        self.form = form
        self.bytes = bytes
    }

    /// The estimate decides whether a look at the values is worth it.
    private mutating func planRice(
        _ values: UnsafePointer<UInt64>, _ count: Int, _ lengths: UnsafePointer<UInt32>,
        _ longest: Int
    ) {
        var plan = Rice.plan(count, lengths, longest: longest)
        guard plan.bytes < bytes else { return }
        plan.bytes = 1 + Rice.bytes(plan, values, count: count)
        if plan.bytes < bytes {
            self = Packing(form: Self.rice, bytes: plan.bytes)
            ricePlan = plan
        }
    }

    private mutating func planPatches(
        _ count: Int, _ lengths: UnsafePointer<UInt32>, _ longest: Int
    ) {
        var patches = 0
        var width = longest - 1
        let indexWidth = Self.indexWidth(count)
        while width >= 0 {
            patches += Int(lengths[width + 1])
            let places = BitPacking.byteCount(values: patches, width: indexWidth)
            // Narrower widths have as many patches or more.
            if places >= bytes { return }
            let size =
                3 + Zigzag.varintBytes(UInt64(patches))
                + BitPacking.byteCount(values: count, width: width) + places
                + BitPacking.byteCount(values: patches, width: longest - width)
            if size < bytes {
                self = Packing(form: Self.patched, bytes: size)
                (self.width, self.patchWidth, self.patches) = (width, longest - width, patches)
            } else if size > bytes + bytes / 4 {
                return
            }
            width -= 1
        }
    }

    /// Doubles the block length until one block holds all. `widths` is used up.
    private mutating func planBlocks(
        _ count: Int, _ widths: UnsafeMutablePointer<UInt8>, _ shortest: Int
    ) {
        var log2 = Self.smallestLog2
        var blocks = shortest
        while true {
            let whole = blocks - 1
            var bits = 0
            for k in 0..<whole { bits += Int(widths[k]) }
            let last = count - whole << log2
            let size =
                1 + blocks + bits * (1 << log2) / 8
                + BitPacking.byteCount(values: last, width: whole >= 0 ? Int(widths[whole]) : 0)
            if size < bytes { self = Packing(form: log2, bytes: size) }
            if 1 << log2 >= count || log2 == Self.largestLog2 { return }
            log2 += 1
            let pairs = blocks / 2
            for k in 0..<pairs { widths[k] = max(widths[2 * k], widths[2 * k + 1]) }
            if blocks & 1 == 1 { widths[pairs] = widths[blocks - 1] }
            blocks = (blocks + 1) / 2
        }
    }
}

/// Memory that planning and writing need, kept from column to column.
struct PackingScratch {
    /// The width of each shortest block.
    let widths: UnsafeMutablePointer<UInt8>
    /// How many values have each bit length, 0…64; behind it the same again while counting.
    let lengths: UnsafeMutablePointer<UInt32>
    /// For the patched form: as many values as a column has, three times.
    let low: UnsafeMutablePointer<UInt64>
    let places: UnsafeMutablePointer<UInt64>
    let high: UnsafeMutablePointer<UInt64>

    static let lengthCount = 2 * 66

    /// Fills `widths` and `lengths`; the number of shortest blocks.
    func measure(_ values: UnsafePointer<UInt64>, count: Int) -> Int {
        for length in 0..<Self.lengthCount { lengths[length] = 0 }
        // Two counts in turn: neighbours often have one length, and would wait for each other.
        let odd = lengths + 66
        let blocks = (count + Packing.smallest - 1) / Packing.smallest
        var all: UInt64 = 0
        for block in 0..<blocks {
            var i = block * Packing.smallest
            let end = min(i + Packing.smallest, count)
            var bits: UInt64 = 0
            while i + 1 < end {
                let a = values[i]
                let b = values[i &+ 1]
                bits |= a | b
                lengths[Self.length(a)] &+= 1
                odd[Self.length(b)] &+= 1
                i &+= 2
            }
            if i < end {
                bits |= values[i]
                lengths[Self.length(values[i])] &+= 1
            }
            widths[block] = UInt8(truncatingIfNeeded: Self.length(bits))
            all |= bits
        }
        precondition(all >> 63 == 0, "a residual no legal fixes have")
        for length in 0...64 { lengths[length] &+= odd[length] }
        return blocks
    }

    /// The number of bits of a value below 2^63. One instruction everywhere: never asked of 0.
    @inline(__always)
    static func length(_ value: UInt64) -> Int {
        63 &- (value &<< 1 | 1).leadingZeroBitCount
    }
}

extension Packing {
    func write(
        _ values: UnsafePointer<UInt64>, count: Int, _ scratch: PackingScratch,
        to out: inout RawWriter
    ) {
        let start = out.count
        out.put(UInt8(form))
        if form == Self.rice {
            Rice.write(ricePlan, values, count: count, scratch, to: &out)
        } else if form == Self.planes {
            writePlanes(scratch, to: &out)
        } else if form == Self.patched {
            writePatched(values, count, scratch, to: &out)
        } else {
            writeBlocks(values, count, to: &out)
        }
        assert(out.count - start == bytes)
    }

    private func writeBlocks(
        _ values: UnsafePointer<UInt64>, _ count: Int, to out: inout RawWriter
    ) {
        var start = 0
        while start < count {
            let length = min(1 << form, count - start)
            var bits: UInt64 = 0
            for i in start..<start + length { bits |= values[i] }
            let width = PackingScratch.length(bits)
            out.put(UInt8(width))
            BitPacking.pack(values + start, count: length, width: width, to: &out)
            start += length
        }
    }

    private func writePatched(
        _ values: UnsafePointer<UInt64>, _ count: Int, _ scratch: PackingScratch,
        to out: inout RawWriter
    ) {
        // The width is below 64: a patch adds at least one bit.
        let shift = UInt64(width)
        let mask: UInt64 = 1 &<< shift &- 1
        var next = 0
        for i in 0..<count {
            let value = values[i]
            scratch.low[i] = value & mask
            // Written each time, kept only where there is a rest.
            scratch.places[next] = UInt64(truncatingIfNeeded: i)
            scratch.high[next] = value &>> shift
            next &+= value &>> shift == 0 ? 0 : 1
        }
        out.put(UInt8(width))
        out.put(UInt8(patchWidth))
        out.putVarint(UInt64(patches))
        BitPacking.pack(scratch.low, count: count, width: width, to: &out)
        let indexWidth = Self.indexWidth(count)
        BitPacking.pack(scratch.places, count: patches, width: indexWidth, to: &out)
        BitPacking.pack(scratch.high, count: patches, width: patchWidth, to: &out)
    }
}
