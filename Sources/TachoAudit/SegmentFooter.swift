import TachoCodec

/// The last 128 bytes of a segment.
struct SegmentFooter: Equatable {
    /// Where the three sections after the blocks start; they lie in this order without gaps.
    var leavesOffset: UInt64
    var indexOffset: UInt64
    var namesOffset: UInt64
    var fileBytes: UInt64
    /// RFC 6962 head over the leaves of all blocks.
    var root: [UInt8]
    /// SHA-256 of every byte of the file before this field.
    var sha256 = Digest.none
    var major = SegmentFormat.major
    var minor = SegmentFormat.minor

    /// The part of the file that `sha256` covers.
    var hashedBytes: UInt64 { offset + UInt64(FooterLayout.sha256.offset) }
    var offset: UInt64 { fileBytes - UInt64(FooterLayout.byteCount) }
    /// The sections, each with its checksum.
    var leaves: Range<UInt64> { leavesOffset..<indexOffset }
    var index: Range<UInt64> { indexOffset..<namesOffset }
    var names: Range<UInt64> { namesOffset..<offset }

    func encoded() -> [UInt8] {
        typealias L = FooterLayout
        var record = RecordBuilder(count: L.byteCount)
        record.put(leavesOffset, L.leavesOffset)
        record.put(indexOffset, L.indexOffset)
        record.put(namesOffset, L.namesOffset)
        record.put(fileBytes, L.fileBytes)
        record.put(bytes: root, L.root)
        record.put(bytes: sha256, L.sha256)
        let crc = record.bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<L.crc32c.offset]))
        }
        record.put(crc, L.crc32c)
        record.put(major, L.major)
        record.put(minor, L.minor)
        record.put(bytes: SegmentFormat.footerMagic, L.magic)
        return record.bytes
    }

    /// Reads the footer of a file whose header and length are already known to agree.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, header: SegmentHeader
    ) throws(SegmentError) -> SegmentFooter {
        typealias L = FooterLayout
        let start = header.fileBytes - UInt64(L.byteCount)
        let whole = start..<header.fileBytes
        let view = RecordView(bytes, count: L.byteCount)
        guard view.array(L.magic) == SegmentFormat.footerMagic else {
            throw SegmentError(.footerMagic, "it does not end as a segment", bytes: whole)
        }
        guard view.get(L.major) == header.major, view.get(L.minor) == header.minor else {
            throw SegmentError(
                .versionsDisagree, "header and footer state different versions", bytes: whole)
        }
        let crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<L.crc32c.offset]))
        guard crc == view.get(L.crc32c) else {
            throw SegmentError(.footerChecksum, "the footer's checksum is wrong", bytes: whole)
        }
        guard header.minor != SegmentFormat.minor || view.isZero(L.reserved) else {
            throw SegmentError(
                .reservedNotZero, "reserved bytes of the footer are not 0", bytes: whole)
        }
        let footer = SegmentFooter(
            leavesOffset: view.get(L.leavesOffset), indexOffset: view.get(L.indexOffset),
            namesOffset: view.get(L.namesOffset), fileBytes: view.get(L.fileBytes),
            root: view.array(L.root), sha256: view.array(L.sha256), major: view.get(L.major),
            minor: view.get(L.minor))
        guard footer.agrees(with: header) else {
            throw SegmentError(
                .footerContent, "the sections do not fill the file as the header counts them",
                bytes: whole)
        }
        return footer
    }

    /// Every byte of the file belongs to exactly one section.
    private func agrees(with header: SegmentHeader) -> Bool {
        let blocks = UInt64(header.blocks)
        let names = UInt64(header.riders) + UInt64(header.otherRiders)
        let crc: UInt64 = 4
        guard fileBytes == header.fileBytes, leavesOffset >= UInt64(HeaderLayout.byteCount),
            leavesOffset <= indexOffset, indexOffset <= namesOffset, namesOffset <= offset
        else { return false }
        return indexOffset - leavesOffset == blocks * UInt64(Digest.byteCount) + crc
            && namesOffset - indexOffset == blocks * UInt64(IndexLayout.byteCount) + crc
            && offset - namesOffset >= names * 4 + crc
    }
}
