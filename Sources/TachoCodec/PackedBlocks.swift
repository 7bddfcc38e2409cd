/// Bit-packed integers in blocks of equal length with a width each, so that one jump of a track
/// widens its neighbours only.
///
/// `log2 of the block length: u8`, then per block `width: u8` and the values.
enum PackedBlocks {
    static let smallestLog2 = 4
    static let largestLog2 = 16
    static let smallest = 1 << smallestLog2

    /// The block length that takes the fewest bytes; the shorter of two equals.
    /// `widths` is scratch for one width per shortest block.
    static func plan(
        _ values: [UInt64], _ range: Range<Int>, _ widths: inout [UInt8]
    ) -> (blockLog2: Int, bytes: Int) {
        let blocks = (range.count + smallest - 1) / smallest
        for block in 0..<blocks {
            let start = range.lowerBound + block * smallest
            var bits: UInt64 = 0
            for i in start..<min(start + smallest, range.upperBound) { bits |= values[i] }
            widths[block] = UInt8(64 - bits.leadingZeroBitCount)
        }
        var cheapest = (blockLog2: smallestLog2, bytes: Int.max)
        for log2 in smallestLog2...largestLog2 {
            let bytes = size(range.count, widths, blocks, merged: log2 - smallestLog2)
            if bytes < cheapest.bytes { cheapest = (log2, bytes) }
            if 1 << log2 >= range.count { break }
        }
        return cheapest
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

    static func write(
        _ values: [UInt64], _ range: Range<Int>, blockLog2: Int, to out: inout ByteWriter
    ) {
        out.put(UInt8(blockLog2))
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + (1 << blockLog2), range.upperBound)
            var bits: UInt64 = 0
            for i in start..<end { bits |= values[i] }
            let width = 64 - bits.leadingZeroBitCount
            out.put(UInt8(width))
            BitPacking.pack(values, start..<end, width: width, into: &out.bytes)
            start = end
        }
    }

    /// Reads `range.count` values into `out[range]`.
    static func read(
        _ reader: inout ColumnReader, _ range: Range<Int>, into out: inout [UInt64]
    ) throws(ColumnError) {
        let log2 = Int(try reader.byte())
        guard log2 >= smallestLog2 && log2 <= largestLog2 else {
            throw .badPacking(reader.column)
        }
        var start = range.lowerBound
        while start < range.upperBound {
            let count = min(1 << log2, range.upperBound - start)
            let width = Int(try reader.byte())
            guard width <= 64 else { throw .badPacking(reader.column) }
            let packed = try reader.take(BitPacking.byteCount(values: count, width: width))
            guard BitPacking.unpack(packed, width: width, count: count, into: &out, at: start)
            else { throw .badPacking(reader.column) }
            start += count
        }
    }
}
