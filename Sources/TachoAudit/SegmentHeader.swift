import TachoCodec

/// The smallest and largest of some times, in Unix ms; nothing yet when `isEmpty`.
package struct TimeBounds: Equatable, Sendable {
    package private(set) var minMs = Int64.max
    package private(set) var maxMs = Int64.min

    package init() {}

    init(minMs: Int64, maxMs: Int64) {
        self.minMs = minMs
        self.maxMs = maxMs
    }

    package var isEmpty: Bool { minMs > maxMs }

    mutating func add(_ ms: Int64) {
        minMs = min(minMs, ms)
        maxMs = max(maxMs, ms)
    }

    mutating func add(_ other: TimeBounds) {
        minMs = min(minMs, other.minMs)
        maxMs = max(maxMs, other.maxMs)
    }

    /// As stored: an empty range is 0…0.
    var stored: (minMs: Int64, maxMs: Int64) { isEmpty ? (0, 0) : (minMs, maxMs) }

    package func overlaps(_ range: ClosedRange<Int64>) -> Bool {
        !isEmpty && minMs <= range.upperBound && range.lowerBound <= maxMs
    }
}

/// The first 192 bytes of a segment.
package struct SegmentHeader: Equatable, Sendable {
    package var interval: SegmentInterval
    /// Server receipt times of all points.
    package var recvBounds = TimeBounds()
    /// Event times of all points.
    package var tsBounds = TimeBounds()
    package var points: UInt64 = 0
    /// Sequence numbers of the interval whose points were lost, and the loss accepted.
    package var lostPoints: UInt64 = 0
    /// Records in amendment blocks, accepted losses included.
    package var amendments: UInt64 = 0
    package var fileBytes: UInt64 = 0
    /// Riders with points.
    package var riders: UInt32 = 0
    /// Riders that only amendments name.
    package var otherRiders: UInt32 = 0
    package var blocks: UInt32 = 0
    package var major = SegmentFormat.major
    package var minor = SegmentFormat.minor

    init(interval: SegmentInterval) { self.interval = interval }

    func encoded() -> [UInt8] {
        typealias L = HeaderLayout
        var record = RecordBuilder(count: L.byteCount)
        record.put(bytes: SegmentFormat.headerMagic, L.magic)
        record.put(major, L.major)
        record.put(minor, L.minor)
        record.put(SegmentFormat.blockChecksumCRC32C, L.blockChecksum)
        record.put(SegmentFormat.hashSHA256, L.hash)
        record.put(SegmentFormat.treeRFC6962, L.tree)
        record.put(SegmentFormat.encryptionNone, L.encryption)
        record.put(interval.partition, L.partition)
        record.put(interval.ruleSet, L.ruleSet)
        record.put(interval.segmentID, L.segmentID)
        record.put(interval.firstSequence, L.firstSequence)
        record.put(interval.lastSequence, L.lastSequence)
        record.put(recvBounds.stored.minMs, L.minRecvMs)
        record.put(recvBounds.stored.maxMs, L.maxRecvMs)
        record.put(tsBounds.stored.minMs, L.minTsMs)
        record.put(tsBounds.stored.maxMs, L.maxTsMs)
        record.put(points, L.points)
        record.put(lostPoints, L.lostPoints)
        record.put(amendments, L.amendments)
        record.put(fileBytes, L.fileBytes)
        record.put(riders, L.riders)
        record.put(otherRiders, L.otherRiders)
        record.put(blocks, L.blocks)
        record.put(bytes: interval.previousSHA256, L.previousSHA256)
        let crc = record.bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<L.crc32c.offset]))
        }
        record.put(crc, L.crc32c)
        return record.bytes
    }
}

extension SegmentHeader {
    /// Reads a header in the fixed order: enough bytes, magic, version, checksum, content, length
    /// against the file.
    ///
    /// `tail` is the end of the file, as far as it exists. It states the version a second time, so
    /// a damaged version number is not mistaken for a newer format.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, tail: UnsafeRawBufferPointer, fileBytes: UInt64
    ) throws(SegmentError) -> SegmentHeader {
        typealias L = HeaderLayout
        let whole = 0..<UInt64(L.byteCount)
        guard bytes.count >= L.byteCount else {
            throw SegmentError(
                .cutHeader, "only \(bytes.count) bytes, a header has \(L.byteCount)",
                bytes: 0..<UInt64(bytes.count))
        }
        let view = RecordView(bytes, count: L.byteCount)
        guard view.array(L.magic) == SegmentFormat.headerMagic else {
            throw SegmentError(.notASegment, "it does not start as a segment", bytes: 0..<8)
        }
        try checkVersion(view, tail: tail)
        let crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<L.crc32c.offset]))
        guard crc == view.get(L.crc32c) else {
            throw SegmentError(.headerChecksum, "the header's checksum is wrong", bytes: whole)
        }
        try checkAlgorithms(view)
        let header = try content(view)
        guard header.fileBytes <= fileBytes else {
            throw SegmentError(
                .cut, "the file has \(fileBytes) of \(header.fileBytes) bytes",
                bytes: fileBytes..<header.fileBytes)
        }
        guard header.fileBytes == fileBytes else {
            throw SegmentError(
                .trailingBytes, "bytes follow the footer", bytes: header.fileBytes..<fileBytes)
        }
        return header
    }

    private static func checkVersion(
        _ view: RecordView, tail: UnsafeRawBufferPointer
    ) throws(SegmentError) {
        typealias F = FooterLayout
        let major: UInt16 = view.get(HeaderLayout.major)
        guard major > SegmentFormat.major else { return }
        if tail.count >= F.byteCount {
            let footer = RecordView(tail, count: F.byteCount)
            if footer.array(F.magic) == SegmentFormat.footerMagic, footer.get(F.major) != major {
                throw SegmentError(
                    .versionsDisagree, "header and footer state different versions", bytes: 8..<12)
            }
        }
        throw SegmentError(
            .unknownVersion, "format version \(major) is unknown here", bytes: 8..<12)
    }

    private static func checkAlgorithms(_ view: RecordView) throws(SegmentError) {
        typealias L = HeaderLayout
        let known =
            view.get(L.blockChecksum) == SegmentFormat.blockChecksumCRC32C
            && view.get(L.hash) == SegmentFormat.hashSHA256
            && view.get(L.tree) == SegmentFormat.treeRFC6962
            && view.get(L.encryption) == SegmentFormat.encryptionNone
        guard known else {
            throw SegmentError(
                .unknownAlgorithm, "checksum, hash, tree or encryption is unknown here",
                bytes: 12..<16)
        }
        // A later minor version may use what is reserved now.
        guard view.get(L.minor) == SegmentFormat.minor else { return }
        for field in [L.reserved1, L.reserved2, L.reserved3] where !view.isZero(field) {
            throw SegmentError(
                .reservedNotZero, "reserved bytes of the header are not 0",
                bytes: UInt64(field.offset)..<UInt64(field.end))
        }
    }

    private static func content(_ view: RecordView) throws(SegmentError) -> SegmentHeader {
        typealias L = HeaderLayout
        var header = SegmentHeader(
            interval: SegmentInterval(
                segmentID: view.get(L.segmentID), partition: view.get(L.partition),
                firstSequence: view.get(L.firstSequence), lastSequence: view.get(L.lastSequence),
                previousSHA256: view.array(L.previousSHA256), ruleSet: view.get(L.ruleSet)))
        header.major = view.get(L.major)
        header.minor = view.get(L.minor)
        header.points = view.get(L.points)
        header.lostPoints = view.get(L.lostPoints)
        header.amendments = view.get(L.amendments)
        header.fileBytes = view.get(L.fileBytes)
        header.riders = view.get(L.riders)
        header.otherRiders = view.get(L.otherRiders)
        header.blocks = view.get(L.blocks)
        if header.points > 0 {
            header.recvBounds = TimeBounds(
                minMs: view.get(L.minRecvMs), maxMs: view.get(L.maxRecvMs))
            header.tsBounds = TimeBounds(minMs: view.get(L.minTsMs), maxMs: view.get(L.maxTsMs))
        } else if ![L.minRecvMs, L.maxRecvMs, L.minTsMs, L.maxTsMs].allSatisfy(view.isZero) {
            throw SegmentError(
                .headerContent, "it has times of no points", bytes: 0..<UInt64(L.byteCount))
        }
        if let defect = header.contentDefect {
            throw SegmentError(.headerContent, defect, bytes: 0..<UInt64(L.byteCount))
        }
        return header
    }

    private var contentDefect: String? {
        if let defect = interval.defect { return defect }
        if points > 0 && (recvBounds.isEmpty || tsBounds.isEmpty) {
            return "a time bound ends before it starts"
        }
        if blocks == 0 { return "a segment has at least one block" }
        if UInt64(riders) > UInt64(blocks) { return "more riders than blocks" }
        if otherRiders > 0 && UInt64(otherRiders) > amendments { return "riders nobody names" }
        // Three sections are there in any case, each with its checksum.
        let leastBytes =
            HeaderLayout.byteCount + FooterLayout.byteCount + 3 * SegmentSections.checksumBytes
        if fileBytes < UInt64(leastBytes) {
            return "the stated file size is too small"
        }
        return nil
    }
}
