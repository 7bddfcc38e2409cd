import TachoCodec
import TachoGeo

/// The names of a segment as they are stored: to look a few riders up among many.
///
/// The section is read whole and its checksum checked, but only the names that are looked at are
/// taken apart: of 15,000 names a search sees 14. `NameTable` checks and keeps all of them.
struct SegmentNames: RiderNames, Sendable {
    private let bytes: [UInt8]
    private let section: Range<UInt64>
    /// Riders with points.
    let sortedCount: Int
    let count: Int

    init(
        _ source: SegmentSource, _ header: SegmentHeader, _ footer: SegmentFooter
    ) throws(SegmentError) {
        section = footer.names
        bytes = try SegmentSections.section(source, section, .namesChecksum, "the names")
        sortedCount = Int(header.riders)
        count = sortedCount + Int(header.otherRiders)
    }

    func name(_ index: Int) throws(SegmentError) -> [UInt8] { Array(try text(index)) }

    func withName<R>(_ index: UInt32, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
        guard Int(index) < count, let name = try? text(Int(index)) else { return body(nil) }
        return name.withUnsafeBytes { body($0) }
    }

    /// The index of a name with points.
    func indexWithPoints(_ name: [UInt8]) throws(SegmentError) -> Int? {
        var low = 0
        var high = sortedCount
        while low < high {
            let middle = (low + high) / 2
            if try text(middle).lexicographicallyPrecedes(name) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < sortedCount, try text(low).elementsEqual(name) else { return nil }
        return low
    }

    private func text(_ index: Int) throws(SegmentError) -> ArraySlice<UInt8> {
        let textStart = count * 4
        let first = index == 0 ? 0 : end(index - 1)
        let last = end(index)
        guard first < last, last - first <= RiderName.maxBytes,
            textStart + last <= bytes.count - SegmentSections.checksumBytes
        else {
            throw SegmentError(.namesContent, "a name has an impossible length", bytes: section)
        }
        return bytes[(textStart + first)..<(textStart + last)]
    }

    private func end(_ index: Int) -> Int {
        bytes.withUnsafeBytes {
            Int(
                UInt32(
                    littleEndian: $0.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
        }
    }
}
