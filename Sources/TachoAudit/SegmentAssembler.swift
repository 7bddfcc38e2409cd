import TachoCodec
import TachoGeo

/// Where the bytes of a segment go, in file order from offset 192 on.
protocol SegmentSink {
    mutating func write(_ bytes: [UInt8]) throws(SegmentWriteError)
}

/// Turns riders, fixes and amendments into the blocks and sections of a segment.
///
/// The only maker of segment bytes: writer and tally differ in their sink alone. Holds index,
/// leaves and names (about 92 bytes a block and rider) and one block.
struct SegmentAssembler<Sink: SegmentSink>: ~Copyable {
    private(set) var header: SegmentHeader
    var sink: Sink
    private var offset = UInt64(HeaderLayout.byteCount)
    private var index: [UInt8] = []
    private var leaves: [UInt8] = []
    private var tree = MerkleRoot()
    private var names = NameTable()
    private var otherNames: [[UInt8]: UInt32] = [:]
    private var payload: [UInt8] = []
    private var encoder = ChunkEncoder(capacity: SegmentFormat.blockCapacity)
    private var records: [AuditRecord] = []
    private var lastKey: AmendmentKey?
    private var lostThrough: UInt64 = 0

    init(interval: SegmentInterval, sink: Sink) throws(SegmentWriteError) {
        if let defect = interval.defect { throw .interval(defect) }
        header = SegmentHeader(interval: interval)
        self.sink = sink
    }

    mutating func add(
        rider name: [UInt8], fixes: UnsafeBufferPointer<StoredFix>,
        arrivals: UnsafeBufferPointer<UInt32>
    ) throws(SegmentWriteError) {
        let text = String(decoding: name, as: UTF8.self)
        guard lastKey == nil, name.withUnsafeBytes(RiderName.defect) == nil,
            names.appendSorted(name)
        else { throw .riderOrder(text) }
        guard !fixes.isEmpty, fixes.count == arrivals.count,
            DeliveryOrder.isSorted(fixes, arrivals), DeliveryOrder.isComplete(arrivals)
        else { throw .fixOrder(text) }
        var start = 0
        while start < fixes.count {
            let end = min(start + SegmentFormat.blockCapacity, fixes.count)
            let part = UnsafeBufferPointer(rebasing: fixes[start..<end])
            payload.removeAll(keepingCapacity: true)
            encoder.columns.fill(
                part, arrivals: UnsafeBufferPointer(rebasing: arrivals[start..<end]))
            encoder.encodeBlock(into: &payload)
            var bounds = TimeBounds()
            for i in part.indices {
                bounds.add(part[i].fix.tsMs)
                header.recvBounds.add(part[i].recvMs)
            }
            header.tsBounds.add(bounds)
            try emit(
                kind: .fixes, rider: UInt32(names.sortedCount - 1), count: part.count,
                bounds: bounds)
            start = end
        }
        header.points += UInt64(fixes.count)
    }

    mutating func add(
        amendment: Amendment, riderName: [UInt8]
    ) throws(SegmentWriteError) {
        guard amendment.cause != .acceptedLoss else {
            throw .amendment("an accepted loss is added as an interval of sequences")
        }
        guard riderName.withUnsafeBytes(RiderName.defect) == nil else {
            throw .amendment("an amendment names no rider")
        }
        guard amendment.tsMs.magnitude < UInt64(Fix.timeLimitMs) else {
            throw .amendment("an amendment names a fix of an impossible time")
        }
        try advance(
            to: AmendmentKey(
                sequence: amendment.sequence, rider: riderName, tsMs: amendment.tsMs,
                ordinal: amendment.ordinal), through: amendment.sequence)
        var stored = amendment
        stored.rider = riderIndex(riderName)
        try append(.amendment(stored))
    }

    mutating func add(
        acceptedLoss interval: ClosedRange<UInt64>, ruleSet: UInt16
    ) throws(SegmentWriteError) {
        let key = AmendmentKey(sequence: interval.lowerBound, rider: [], tsMs: 0, ordinal: 0)
        try advance(to: key, through: interval.upperBound)
        guard interval.lowerBound > lostThrough else {
            throw .amendment("sequence \(interval.lowerBound) is lost twice")
        }
        lostThrough = interval.upperBound
        header.lostPoints += interval.upperBound - interval.lowerBound + 1
        try append(.acceptedLoss(interval, ruleSet: ruleSet))
    }

    /// Writes the sections behind the blocks. Gives the header and the footer, the latter without
    /// its hash, which covers the header.
    mutating func finish() throws(SegmentWriteError) -> (SegmentHeader, SegmentFooter) {
        try flushRecords()
        let found = header.points + header.lostPoints
        guard found == header.interval.length else {
            throw .incomplete(expected: header.interval.length, found: found)
        }
        let leavesOffset = offset
        try emit(section: leaves)
        let indexOffset = offset
        try emit(section: index)
        let namesOffset = offset
        let section = names.encoded()
        try sink.write(section)
        offset += UInt64(section.count)
        header.riders = UInt32(names.sortedCount)
        header.otherRiders = UInt32(names.count - names.sortedCount)
        header.blocks = UInt32(tree.count)
        header.fileBytes = offset + UInt64(FooterLayout.byteCount)
        let footer = SegmentFooter(
            leavesOffset: leavesOffset, indexOffset: indexOffset, namesOffset: namesOffset,
            fileBytes: header.fileBytes, root: tree.root())
        return (header, footer)
    }

    private mutating func advance(
        to key: AmendmentKey, through last: UInt64
    ) throws(SegmentWriteError) {
        guard key.sequence >= header.interval.firstSequence,
            last <= header.interval.lastSequence
        else { throw .amendment("an amendment's sequence \(key.sequence) is outside the interval") }
        if let lastKey, key < lastKey {
            throw .amendment("the amendment of sequence \(key.sequence) is out of order")
        }
        lastKey = key
    }

    private mutating func riderIndex(_ name: [UInt8]) -> UInt32 {
        if let known = names.indexWithPoints(name) { return UInt32(known) }
        if let known = otherNames[name] { return known }
        let number = UInt32(names.count)
        otherNames[name] = number
        names.append(name)
        return number
    }

    private mutating func append(_ record: AuditRecord) throws(SegmentWriteError) {
        records.append(record)
        header.amendments += 1
        if records.count == SegmentFormat.blockCapacity { try flushRecords() }
    }

    private mutating func flushRecords() throws(SegmentWriteError) {
        guard !records.isEmpty else { return }
        payload.removeAll(keepingCapacity: true)
        var bounds = TimeBounds()
        for record in records {
            record.append(to: &payload)
            if case .amendment(let amendment) = record { bounds.add(amendment.tsMs) }
        }
        let count = records.count
        records.removeAll(keepingCapacity: true)
        try emit(
            kind: .amendments, rider: SegmentFormat.noRider, count: count, bounds: bounds)
    }

    private mutating func emit(
        kind: BlockKind, rider: UInt32, count: Int, bounds: TimeBounds
    ) throws(SegmentWriteError) {
        let location = BlockLocation(
            segmentID: header.interval.segmentID, block: Int(tree.count), offset: offset)
        let stored = StoredBlock.encode(
            kind: kind, rider: rider, count: count, payload: payload, at: location)
        let leaf = stored.withUnsafeBytes { raw in
            let block = StoredBlock(
                kind: kind, rider: rider, count: count, payloadBytes: payload.count)
            return LeafNames.leaf(raw, block, names, major: header.major)
        }
        withUnsafeBytes(of: leaf) { leaves += $0 }
        tree.append(leaf)
        index +=
            BlockEntry(
                offset: offset, storedBytes: UInt32(stored.count), rider: rider, kind: kind,
                count: UInt16(count), tsBounds: bounds
            ).encoded()
        try sink.write(stored)
        offset += UInt64(stored.count)
    }

    private mutating func emit(section: [UInt8]) throws(SegmentWriteError) {
        var bytes = section
        let crc = section.withUnsafeBytes { CRC32C.checksum($0) }
        withUnsafeBytes(of: crc.littleEndian) { bytes += $0 }
        try sink.write(bytes)
        offset += UInt64(bytes.count)
    }
}
