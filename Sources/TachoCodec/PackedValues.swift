/// Unsigned integers in as few bits as they need, in one of two forms.
///
/// *Blocks*: equal blocks with a width each, for tracks whose steps grow and shrink. *Patched*: one
/// width that most values fit, and the rest of the few that do not, for tracks that stand still
/// and jump. Layout: `format-spec.md` §3.
struct Packing: Equatable {
    static let patched = 0
    static let smallestLog2 = 4
    static let largestLog2 = 16
    static let smallest = 1 << smallestLog2

    /// `patched`, or the log2 of the block length.
    var form: Int
    /// Bytes of everything.
    var bytes: Int
    /// For the patched form: bits of every value, bits of what a patch adds, number of patches.
    var width = 0
    var patchWidth = 0
    var patches = 0

    /// Bits that number `count` places.
    static func indexWidth(_ count: Int) -> Int {
        max(1, Int.bitWidth - (count - 1).leadingZeroBitCount)
    }

    /// Memory that planning needs, kept from column to column.
    struct Scratch {
        /// The width of each shortest block.
        var widths: [UInt8]
        /// How many values have each bit length.
        var lengths = [Int](repeating: 0, count: 65)

        init(count: Int) {
            widths = Array(repeating: 0, count: count / Packing.smallest + 1)
        }
    }

    /// The form that takes the fewest bytes; of equals the one with the lowest number.
    init(_ values: [UInt64], _ range: Range<Int>, _ scratch: inout Scratch) {
        for length in 0...64 { scratch.lengths[length] = 0 }
        let blocks = (range.count + Self.smallest - 1) / Self.smallest
        for block in 0..<blocks {
            let start = range.lowerBound + block * Self.smallest
            var bits: UInt64 = 0
            for i in start..<min(start + Self.smallest, range.upperBound) {
                bits |= values[i]
                scratch.lengths[64 - values[i].leadingZeroBitCount] += 1
            }
            scratch.widths[block] = UInt8(64 - bits.leadingZeroBitCount)
        }
        self = Packing(form: Self.smallestLog2, bytes: Int.max)
        planPatches(range.count, scratch.lengths)
        for log2 in Self.smallestLog2...Self.largestLog2 {
            let bytes = Self.size(
                range.count, scratch.widths, blocks, merged: log2 - Self.smallestLog2)
            if bytes < self.bytes { self = Packing(form: log2, bytes: bytes) }
            if 1 << log2 >= range.count { break }
        }
    }

    private init(form: Int, bytes: Int) {
        self.form = form
        self.bytes = bytes
    }

    private mutating func planPatches(_ count: Int, _ lengths: [Int]) {
        let longest = lengths.lastIndex { $0 > 0 } ?? 0
        var patches = 0
        for width in (0..<longest).reversed() {
            patches += lengths[width + 1]
            let bytes =
                3 + Zigzag.varintBytes(UInt64(patches))
                + BitPacking.byteCount(values: count, width: width)
                + BitPacking.byteCount(values: patches, width: Self.indexWidth(count))
                + BitPacking.byteCount(values: patches, width: longest - width)
            if bytes < self.bytes {
                self = Packing(form: Self.patched, bytes: bytes)
                (self.width, self.patchWidth, self.patches) = (width, longest - width, patches)
            }
        }
    }

    private static func size(
        _ count: Int, _ widths: [UInt8], _ blocks: Int, merged: Int
    ) -> Int {
        var bytes = 1
        var left = count
        var block = 0
        while block < blocks {
            let next = min(block + (1 << merged), blocks)
            var width: UInt8 = 0
            for k in block..<next { width = max(width, widths[k]) }
            let length = min(left, smallest << merged)
            bytes += 1 + BitPacking.byteCount(values: length, width: Int(width))
            left -= length
            block = next
        }
        return bytes
    }
}

extension Packing {
    func write(_ values: [UInt64], _ range: Range<Int>, to out: inout ByteWriter) {
        let start = out.count
        out.put(UInt8(form))
        if form == Self.patched {
            writePatched(values, range, to: &out)
        } else {
            writeBlocks(values, range, to: &out)
        }
        assert(out.count - start == bytes)
    }

    private func writeBlocks(_ values: [UInt64], _ range: Range<Int>, to out: inout ByteWriter) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + (1 << form), range.upperBound)
            var bits: UInt64 = 0
            for i in start..<end { bits |= values[i] }
            let width = 64 - bits.leadingZeroBitCount
            out.put(UInt8(width))
            BitPacking.pack(values, start..<end, width: width, into: &out.bytes)
            start = end
        }
    }

    private func writePatched(_ values: [UInt64], _ range: Range<Int>, to out: inout ByteWriter) {
        var low: [UInt64] = []
        var places: [UInt64] = []
        var high: [UInt64] = []
        low.reserveCapacity(range.count)
        for i in range {
            // A shift by 64 gives 0: then nothing is cut off.
            let rest = values[i] >> UInt64(width)
            low.append(values[i] & ((1 << UInt64(width)) - 1))
            if rest == 0 { continue }
            places.append(UInt64(i - range.lowerBound))
            high.append(rest)
        }
        out.put(UInt8(width))
        out.put(UInt8(patchWidth))
        out.putVarint(UInt64(patches))
        BitPacking.pack(low, 0..<low.count, width: width, into: &out.bytes)
        let indexWidth = Self.indexWidth(range.count)
        BitPacking.pack(places, 0..<patches, width: indexWidth, into: &out.bytes)
        BitPacking.pack(high, 0..<patches, width: patchWidth, into: &out.bytes)
    }

    /// Reads `range.count` values into `out[range]`.
    static func read(
        _ reader: inout ColumnReader, _ range: Range<Int>, into out: inout [UInt64]
    ) throws(ColumnError) {
        let form = Int(try reader.byte())
        if form == patched { return try readPatched(&reader, range, into: &out) }
        guard form >= smallestLog2 && form <= largestLog2 else {
            throw .badPacking(reader.column)
        }
        var start = range.lowerBound
        while start < range.upperBound {
            let count = min(1 << form, range.upperBound - start)
            let width = Int(try reader.byte())
            try unpack(&reader, width, count, into: &out, at: start)
            start += count
        }
    }

    private static func readPatched(
        _ reader: inout ColumnReader, _ range: Range<Int>, into out: inout [UInt64]
    ) throws(ColumnError) {
        let width = Int(try reader.byte())
        let patchWidth = Int(try reader.byte())
        let patches = try reader.varint()
        guard patchWidth > 0, width + patchWidth <= 64, patches > 0, patches <= range.count else {
            throw .badPacking(reader.column)
        }
        try unpack(&reader, width, range.count, into: &out, at: range.lowerBound)
        var places = [UInt64](repeating: 0, count: Int(patches))
        try unpack(&reader, indexWidth(range.count), places.count, into: &places, at: 0)
        var high = [UInt64](repeating: 0, count: places.count)
        try unpack(&reader, patchWidth, high.count, into: &high, at: 0)
        var next: UInt64 = 0
        for (place, rest) in zip(places, high) {
            guard place >= next, place < range.count else { throw .badPacking(reader.column) }
            out[range.lowerBound + Int(place)] |= rest << UInt64(width)
            next = place + 1
        }
    }

    private static func unpack(
        _ reader: inout ColumnReader, _ width: Int, _ count: Int, into out: inout [UInt64],
        at start: Int
    ) throws(ColumnError) {
        guard width <= 64 else { throw .badPacking(reader.column) }
        let packed = try reader.take(BitPacking.byteCount(values: count, width: width))
        guard BitPacking.unpack(packed, width: width, count: count, into: &out, at: start) else {
            throw .badPacking(reader.column)
        }
    }
}
