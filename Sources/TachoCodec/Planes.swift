import CLZ4

/// The lowest bytes of all values, then all second bytes and so on, compressed together with LZ4:
/// for columns that repeat themselves, such as loops played again and duty cycles.
///
/// Bit packing sees how large values are, not that they come again; LZ4 sees nothing else. It needs
/// about three bytes a plane for a stretch it has seen, and eight bits for every other byte.
/// LZ4 block format: github.com/lz4/lz4, doc/lz4_Block_format.md.
enum Planes {
    static let most = 8

    /// Puts all planes of the values into `out`, one after another.
    static func split(
        _ values: UnsafePointer<UInt64>, count: Int, planes: Int,
        into out: UnsafeMutablePointer<UInt8>
    ) {
        for plane in 0..<planes {
            let shift = UInt64(8 * plane)
            let bytes = out + plane * count
            for i in 0..<count { bytes[i] = UInt8(truncatingIfNeeded: values[i] &>> shift) }
        }
    }

    static func join(
        _ bytes: UnsafePointer<UInt8>, count: Int, planes: Int,
        into out: UnsafeMutablePointer<UInt64>
    ) {
        for i in 0..<count { out[i] = UInt64(bytes[i]) }
        for plane in 1..<max(1, planes) {
            let shift = UInt64(8 * plane)
            let bytes = bytes + plane * count
            for i in 0..<count { out[i] |= UInt64(bytes[i]) &<< shift }
        }
    }
}

/// Whether values come again, found out from a few of them: compressing a column costs 30 times as
/// much, and nearly all do not.
///
/// Sixteen neighbouring places and every sixteenth after them: two of those are as far apart as any
/// period is, up to half of the column. Cost: about 30 ns, in chunks of 256.
struct Repetition {
    /// Columns of fewer bytes, or bits a value, are left alone: nothing to be gained.
    private static let fewestBytes = 48
    private static let fewestBits = 2
    /// A stretch of values that comes again is worth trying if it takes more bytes than this for
    /// each plane. With LZ4 it takes about three, but what lies around it takes more than before.
    private static let leastGain = 12
    private static let neighbours = 16
    /// Looks at more than a sum, at most. Columns of few different values have many stretches that
    /// only seem alike.
    private static let mostLooks = 6

    private let values: UnsafePointer<UInt64>
    /// Where the neighbours begin. Not at the first value: predictions have to find the movement.
    private let first: Int
    /// Places from here on are not asked.
    private let end: Int
    /// So many values have to come again.
    private let stretch: Int
    /// Room for a sum of each neighbour.
    private let sums: UnsafeMutablePointer<UInt64>

    /// Whether the values take `bytes` and may take less in planes.
    static func isLikely(
        _ values: UnsafePointer<UInt64>, count: Int, planes: Int, bytes: Int,
        sums: UnsafeMutablePointer<UInt64>
    ) -> Bool {
        guard bytes > fewestBytes, bytes * 8 > count * fewestBits else { return false }
        let stretch = max(8, leastGain * planes * count / bytes)
        let first = count / 8
        // What comes again only after more than half of the column helps little.
        let end = min(first + count / 2 + neighbours, count - stretch + 1)
        guard end > first + neighbours else { return false }
        let search = Repetition(
            values: values, first: first, end: end, stretch: stretch, sums: sums)
        // The fewer bits a value has, the more of them tell one stretch from another.
        if bytes >= count { return search.isFound(probes: 2) }
        return bytes > count / 2 ? search.isFound(probes: 4) : search.isFound(probes: 8)
    }

    /// One loop for each number of values that are looked at first.
    @inline(__always)
    private func isFound(probes: Int) -> Bool {
        let step = stretch / probes
        // A bit for each sum, of 64: most sums that come later have none.
        var bits: UInt64 = 0
        for i in 0..<Self.neighbours {
            sums[i] = sum(first &+ i, probes, step)
            bits |= 1 &<< (sums[i] &>> 58)
        }
        var looks = 0
        var next = first + Self.neighbours
        while next < end {
            let own = sum(next, probes, step)
            if bits &>> (own &>> 58) & 1 == 1 {
                looks += 1
                for i in 0..<Self.neighbours where sums[i] == own && looks < Self.mostLooks {
                    if isEqual(first + i, next) { return true }
                    looks += 1
                }
                if looks >= Self.mostLooks { return false }
            }
            next &+= Self.neighbours
        }
        return false
    }

    /// Of some of the values from `place` on. Wrap-around is meant.
    @inline(__always)
    private func sum(_ place: Int, _ probes: Int, _ step: Int) -> UInt64 {
        var sum: UInt64 = 0
        for probe in 0..<probes {
            sum = (sum &+ values[place &+ probe &* step]) &* 0x9E37_79B9_7F4A_7C15
        }
        return sum
    }

    private func isEqual(_ a: Int, _ b: Int) -> Bool {
        for i in 0..<stretch where values[a + i] != values[b + i] { return false }
        return true
    }
}

extension Packing {
    private var planeCount: Int { max(1, (longest + 7) / 8) }

    /// Takes the planes if they are smaller than the form chosen before. `write` has to follow
    /// before the scratch is used for anything else: what is compressed is kept there. Whether
    /// values came again, and so anything was compressed at all.
    mutating func tryPlanes(
        _ values: UnsafePointer<UInt64>, count: Int, _ scratch: PackingScratch
    ) -> Bool {
        let (longest, planes) = (longest, planeCount)
        guard
            Repetition.isLikely(
                values, count: count, planes: planes, bytes: bytes, sums: scratch.places)
        else { return false }
        // No more than is of use: where LZ4 runs out of room the other form is the smaller one.
        let room = min(bytes - 4, Planes.most * count)
        let plain = UnsafeMutableRawPointer(scratch.low)
        plain.withMemoryRebound(to: UInt8.self, capacity: planes * count) {
            Planes.split(values, count: count, planes: planes, into: $0)
        }
        let size = plain.withMemoryRebound(to: CChar.self, capacity: planes * count) { plain in
            UnsafeMutableRawPointer(scratch.places).withMemoryRebound(
                to: CChar.self, capacity: room
            ) { LZ4_compress_default(plain, $0, Int32(planes * count), Int32(room)) }
        }
        let whole = 2 + Zigzag.varintBytes(UInt64(size)) + Int(size)
        guard size > 0, whole < bytes else { return true }
        self = Packing(form: Self.planes, bytes: whole)
        (self.longest, compressed) = (longest, Int(size))
        return true
    }

    /// Writes all but the number of the form.
    func writePlanes(_ scratch: PackingScratch, to out: inout RawWriter) {
        out.put(UInt8(planeCount))
        out.putVarint(UInt64(compressed))
        out.put(UnsafeRawBufferPointer(start: scratch.places, count: compressed))
    }

    /// Reads all but the number of the form.
    static func readPlanes(
        _ reader: inout ColumnReader, _ count: Int, _ out: UnsafeMutablePointer<UInt64>,
        _ room: PatchRoom
    ) throws(ColumnError) {
        let planes = Int(try reader.byte())
        let size = Int(clamping: try reader.varint())
        guard planes >= 1, planes <= Planes.most else { throw .badPacking(reader.column) }
        let block = try reader.take(size)
        guard LZ4Block.hasOffsets(block) else { throw .badPacking(reader.column) }
        // The room has eight bytes for each fix of the block, and count is no more than those.
        let whole = planes * count
        let plain = UnsafeMutableRawPointer(room.places)
        let length = block.withMemoryRebound(to: CChar.self) { block in
            plain.withMemoryRebound(to: CChar.self, capacity: whole) {
                LZ4_decompress_safe(block.baseAddress, $0, Int32(clamping: size), Int32(whole))
            }
        }
        guard Int(length) == whole else { throw .badPacking(reader.column) }
        plain.withMemoryRebound(to: UInt8.self, capacity: whole) {
            Planes.join($0, count: count, planes: planes, into: out)
        }
    }
}

/// What LZ4 itself lets pass.
enum LZ4Block {
    /// Whether no copy begins at itself. Its bytes would be those that lay in memory before, or
    /// zeros, or others in another version of the library.
    static func hasOffsets(_ block: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while at < block.count {
            let token = block[at]
            at += 1
            guard let literals = length(token >> 4, block, &at), literals <= block.count - at else {
                return false
            }
            at += literals
            // The last sequence has no copy.
            if at == block.count { return true }
            guard block.count - at >= 2, block[at] | block[at + 1] != 0 else { return false }
            at += 2
            guard length(token & 15, block, &at) != nil else { return false }
        }
        return false
    }

    /// A length that begins in four bits and goes on in further bytes.
    private static func length(
        _ bits: UInt8, _ block: UnsafeRawBufferPointer, _ at: inout Int
    ) -> Int? {
        var length = Int(bits)
        guard bits == 15 else { return length }
        while at < block.count {
            let byte = block[at]
            at += 1
            length += Int(byte)
            if byte < 255 { return length }
        }
        return nil
    }
}
