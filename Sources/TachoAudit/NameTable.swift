import TachoCodec
import TachoGeo

/// The riders' names of a segment by index: first those with points, ascending by their bytes,
/// then those that only amendments name, in the order of their first amendment.
package struct NameTable: RiderNames, Sendable {
    /// Names with points.
    package private(set) var sortedCount = 0
    private var ends: [UInt32] = []
    private var text: [UInt8] = []

    package init() {}

    package var count: Int { ends.count }

    package func name(_ index: Int) -> [UInt8] { Array(text[range(index)]) }

    func withName<R>(_ index: UInt32, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
        guard Int(index) < count else { return body(nil) }
        let range = range(Int(index))
        return text.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    private func range(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
    }

    /// The index of a name with points. Cost: a binary search.
    package func indexWithPoints(_ name: [UInt8]) -> Int? {
        var low = 0
        var high = sortedCount
        while low < high {
            let middle = (low + high) / 2
            if text[range(middle)].lexicographicallyPrecedes(name) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < sortedCount && text[range(low)].elementsEqual(name) ? low : nil
    }

    /// Adds a name with points; false when it does not come after the last one.
    mutating func appendSorted(_ name: [UInt8]) -> Bool {
        precondition(sortedCount == ends.count, "names with points come first")
        if let last = ends.indices.last {
            guard text[range(last)].lexicographicallyPrecedes(name) else { return false }
        }
        append(name)
        sortedCount += 1
        return true
    }

    mutating func append(_ name: [UInt8]) {
        text += name
        ends.append(UInt32(text.count))
    }

    /// The section as stored: ends, text, CRC32C.
    func encoded() -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(ends.count * 4 + text.count + 4)
        for end in ends { withUnsafeBytes(of: end.littleEndian) { out += $0 } }
        out += text
        let crc = out.withUnsafeBytes { CRC32C.checksum($0) }
        withUnsafeBytes(of: crc.littleEndian) { out += $0 }
        return out
    }

    /// Reads a section whose checksum is known to be right. `bytes` includes the checksum.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, header: SegmentHeader, at offset: UInt64
    ) throws(SegmentError) -> NameTable {
        let count = Int(header.riders) + Int(header.otherRiders)
        let whole = offset..<offset + UInt64(bytes.count)
        let textStart = count * 4
        let textCount = bytes.count - 4 - textStart
        var table = NameTable()
        table.sortedCount = Int(header.riders)
        table.ends.reserveCapacity(count)
        var last = 0
        for index in 0..<count {
            let end = Int(
                UInt32(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
            guard end > last, end <= textCount else {
                throw SegmentError(.namesContent, "a name has an impossible length", bytes: whole)
            }
            let name = UnsafeRawBufferPointer(rebasing: bytes[textStart + last..<textStart + end])
            guard RiderName.defect(name) == nil else {
                throw SegmentError(.namesContent, "a name is none", bytes: whole)
            }
            table.ends.append(UInt32(end))
            last = end
        }
        guard last == textCount else {
            throw SegmentError(.namesContent, "bytes follow the last name", bytes: whole)
        }
        table.text = Array(bytes[textStart..<textStart + textCount])
        try table.checkOrder(whole)
        return table
    }

    private func checkOrder(_ whole: Range<UInt64>) throws(SegmentError) {
        for index in stride(from: 1, to: sortedCount, by: 1)
        where !text[range(index - 1)].lexicographicallyPrecedes(text[range(index)]) {
            throw SegmentError(.namesContent, "the names are not in order", bytes: whole)
        }
        var seen: Set<[UInt8]> = []
        for index in sortedCount..<count {
            let name = name(index)
            guard indexWithPoints(name) == nil, seen.insert(name).inserted else {
                throw SegmentError(.namesContent, "a name stands twice", bytes: whole)
            }
        }
    }
}
