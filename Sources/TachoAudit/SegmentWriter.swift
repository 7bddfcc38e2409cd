#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
package import TachoGeo

/// Writes one segment to a temporary file, in one pass.
///
/// Riders ascending by the bytes of their names, then amendments, then `finish`. The same calls
/// give the same bytes. Memory: index, leaves and names (about 92 bytes a block and rider), and a
/// buffer of 1 MiB. Not for reading back: that is `SegmentStore.publish`.
///
/// Counts and bounds in the header are known only at the end, so the header is written last, over
/// zeros, and the file hashed in one more pass through the page cache. The other way, counts
/// handed in, would need a pass over the store before the first byte, which costs far more than
/// hashing (about 1 s for 100 million points), and a caller's wrong count would be sealed.
package struct SegmentWriter: ~Copyable {
    private var assembler: SegmentAssembler<FileSink>

    /// Creates `path`, which must not exist.
    package init(path: String, interval: SegmentInterval) throws(SegmentWriteError) {
        if let defect = interval.defect { throw .interval(defect) }
        var sink = FileSink(try OutputFile(creating: path))
        try sink.write([UInt8](repeating: 0, count: HeaderLayout.byteCount))
        assembler = try SegmentAssembler(interval: interval, sink: sink)
    }

    /// Adds a rider with all fixes of the range, ascending by (time, arrival).
    ///
    /// `arrivals[i]` counts the fixes of this rider in this range that arrived before fix i. A
    /// rider comes once. Cost: encoding, one SHA-256 and one CRC32C pass over the block.
    package mutating func add(
        rider name: [UInt8], fixes: UnsafeBufferPointer<StoredFix>,
        arrivals: UnsafeBufferPointer<UInt32>
    ) throws(SegmentWriteError) {
        try assembler.add(rider: name, fixes: fixes, arrivals: arrivals)
    }

    /// Adds a changed verdict, after all riders, ascending by (sequence, rider's name, time,
    /// ordinal). The rider's number in the store is not written; the name decides.
    package mutating func add(
        amendment: Amendment, riderName: [UInt8]
    ) throws(SegmentWriteError) {
        try assembler.add(amendment: amendment, riderName: riderName)
    }

    /// Adds a loss the operator accepted: these sequence numbers have no points. In the same order
    /// as amendments, by the first number; before an amendment of the same sequence.
    package mutating func add(
        acceptedLoss interval: ClosedRange<UInt64>, ruleSet: UInt16
    ) throws(SegmentWriteError) {
        try assembler.add(acceptedLoss: interval, ruleSet: ruleSet)
    }

    /// Writes index, names, footer and header, and waits until all of it is on disk.
    package consuming func finish() throws(SegmentWriteError) -> SegmentSummary {
        var (header, footer) = try assembler.finish()
        let file = assembler.sink.file
        try assembler.sink.flush()
        try file.write(header.encoded(), at: 0)
        var digest = RunningDigest()
        let start = footer.encoded()[..<FooterLayout.sha256.offset]
        try file.forEachPiece(of: 0..<footer.offset) { digest.update($0) }
        start.withUnsafeBytes { digest.update($0) }
        footer.sha256 = digest.value()
        let encoded = footer.encoded()
        encoded.withUnsafeBytes {
            digest.update(UnsafeRawBufferPointer(rebasing: $0[FooterLayout.sha256.offset...]))
        }
        try file.write(encoded, at: footer.offset)
        try file.sync()
        return SegmentSummary(header, footer, sha256: digest.value())
    }
}

/// What a segment would hold, computed without writing it: the second pass over the store.
///
/// The same calls as `SegmentWriter`. Equal roots mean equal blocks, byte for byte.
package struct SegmentTally: ~Copyable {
    private var assembler: SegmentAssembler<NullSink>

    package init(interval: SegmentInterval) throws(SegmentWriteError) {
        assembler = try SegmentAssembler(interval: interval, sink: NullSink())
    }

    package mutating func add(
        rider name: [UInt8], fixes: UnsafeBufferPointer<StoredFix>,
        arrivals: UnsafeBufferPointer<UInt32>
    ) throws(SegmentWriteError) {
        try assembler.add(rider: name, fixes: fixes, arrivals: arrivals)
    }

    package mutating func add(
        amendment: Amendment, riderName: [UInt8]
    ) throws(SegmentWriteError) {
        try assembler.add(amendment: amendment, riderName: riderName)
    }

    package mutating func add(
        acceptedLoss interval: ClosedRange<UInt64>, ruleSet: UInt16
    ) throws(SegmentWriteError) {
        try assembler.add(acceptedLoss: interval, ruleSet: ruleSet)
    }

    /// The summary without the file's hash.
    package consuming func finish() throws(SegmentWriteError) -> SegmentSummary {
        let (header, footer) = try assembler.finish()
        return SegmentSummary(header, footer, sha256: [])
    }
}

extension SegmentSummary {
    init(_ header: SegmentHeader, _ footer: SegmentFooter, sha256: [UInt8]) {
        self.init(
            segmentID: header.interval.segmentID, points: header.points,
            lostPoints: header.lostPoints, amendments: header.amendments, riders: header.riders,
            blocks: header.blocks, bytes: header.fileBytes, root: footer.root, sha256: sha256)
    }
}

/// Drops the bytes: for passes that only count and hash.
struct NullSink: SegmentSink {
    mutating func write(_ bytes: [UInt8]) throws(SegmentWriteError) {}
}

/// Collects bytes into writes of about 1 MiB.
struct FileSink: SegmentSink {
    let file: OutputFile
    private var buffer: [UInt8] = []
    private var offset: UInt64 = 0

    init(_ file: OutputFile) { self.file = file }

    mutating func write(_ bytes: [UInt8]) throws(SegmentWriteError) {
        buffer += bytes
        if buffer.count >= SegmentSource.pieceBytes { try flush() }
    }

    mutating func flush() throws(SegmentWriteError) {
        try file.write(buffer, at: offset)
        offset += UInt64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }
}
