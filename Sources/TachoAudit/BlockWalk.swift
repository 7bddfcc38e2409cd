import TachoGeo

/// Goes through the blocks of a segment in file order, checking each and counting all.
struct BlockWalk: ~Copyable {
    private var pass: SegmentPass
    let header: SegmentHeader
    /// The stored leaves, and what may be behind them, if their section is sound.
    var leaves: [UInt8]?
    /// The names, if their section is sound: leaves cover them.
    var names: NameTable?
    private(set) var findings: [SegmentError] = []
    private var tree = MerkleRoot()
    private var points: UInt64 = 0
    private var order: AmendmentOrder
    private var recount: Recount?

    init(_ pass: consuming SegmentPass, header: SegmentHeader, isDeep: Bool) {
        self.pass = pass
        self.header = header
        order = AmendmentOrder(header)
        recount = isDeep ? Recount() : nil
    }

    var root: [UInt8] { tree.root() }

    /// Every block of a sound index; a broken one does not stop the walk.
    mutating func follow(_ index: StoredIndex) {
        var bounds = TimeBounds()
        for block in 0..<index.count {
            let entry = index[block]
            let location = location(block, entry.offset)
            if entry.kind == .fixes { bounds.add(entry.tsBounds) }
            do throws(SegmentError) {
                try visit(location, storedBytes: Int(entry.storedBytes), entry: entry)
            } catch {
                findings.append(error)
            }
        }
        close(tsBounds: bounds)
    }

    /// Why the file could not be read to the end.
    var failure: SegmentError? { pass.failure }

    /// The hashes of the file; see `SegmentPass`.
    mutating func finish(
        sections: [[UInt8]], footer: [UInt8]
    ) -> (covered: [UInt8], all: [UInt8])? {
        pass.finish(sections: sections, footer: footer)
    }

    /// Without an index: each block tells where the next one starts, so the first broken header
    /// ends the walk.
    mutating func followHeaders(to end: UInt64) {
        var offset = UInt64(HeaderLayout.byteCount)
        var block = 0
        while offset < end && block < Int(header.blocks) {
            let location = location(block, offset)
            do throws(SegmentError) {
                let count = Int(min(UInt64(BlockLayout.byteCount), end - offset))
                let head = try pass.bytes(offset..<offset + UInt64(count))
                let stored = try StoredBlock.decodeHeader(head, at: location)
                guard UInt64(stored.storedBytes) <= end - offset else {
                    throw location.error(.blockHeader, "it is longer than the file", count)
                }
                offset += UInt64(stored.storedBytes)
                try visit(location, storedBytes: stored.storedBytes, entry: nil)
            } catch {
                findings.append(error)
                if error.code == .blockHeader || error.code == .inputOutput { return }
            }
            block += 1
        }
    }

    private func location(_ block: Int, _ offset: UInt64) -> BlockLocation {
        BlockLocation(segmentID: header.interval.segmentID, block: block, offset: offset)
    }

    private mutating func visit(
        _ location: BlockLocation, storedBytes: Int, entry: BlockEntry?
    ) throws(SegmentError) {
        let end = location.offset + UInt64(storedBytes)
        let raw = try pass.bytes(location.offset..<end)
        let stored = try StoredBlock.check(raw, at: location)
        if let entry { try BlockContent.compare(stored, with: entry, at: location) }
        // Without the names no leaf can be made again; their own finding is told already.
        if let names {
            let leaf = LeafNames.leaf(raw, stored, names, major: header.major)
            tree.append(leaf)
            try compare(leaf, at: location, raw.count)
        }
        switch stored.kind {
        case .fixes:
            points += UInt64(stored.count)
            try recount?.add(raw, stored, at: location, entry: entry)
        case .amendments:
            try count(records: raw, stored.count, location, entry)
        }
    }

    private func compare(
        _ leaf: DigestValue, at location: BlockLocation, _ byteCount: Int
    ) throws(SegmentError) {
        guard let leaves else { return }
        guard leaf == SegmentSections.leaf(location.block, in: leaves) else {
            throw location.error(.blockLeaf, "it is not the block of its leaf", byteCount)
        }
    }

    private mutating func count(
        records raw: UnsafeRawBufferPointer, _ count: Int, _ location: BlockLocation,
        _ entry: BlockEntry?
    ) throws(SegmentError) {
        let records = try BlockContent.records(raw, count: count, at: location, header: header)
        var bounds = TimeBounds()
        for case .amendment(let amendment) in records { bounds.add(amendment.tsMs) }
        if let entry, entry.tsBounds.stored != bounds.stored {
            throw location.error(
                .blockOrder, "its times are not those of its index entry", raw.count)
        }
        for record in records {
            if let defect = order.add(record, names: names) {
                throw location.error(.amendment, defect, raw.count)
            }
        }
    }

    /// The sums. With a broken block they cannot be right, so they are only looked at without one.
    private mutating func close(tsBounds: TimeBounds) {
        guard findings.isEmpty else { return }
        if let finding = recount?.close(header) { findings.append(finding) }
        let lost = order.lost
        guard points == header.points, order.records == header.amendments,
            lost == header.lostPoints, tsBounds == header.tsBounds,
            names.map(order.hasNamedAll) ?? true
        else {
            findings.append(
                SegmentError(
                    .counts,
                    "counts, names or time bounds of the blocks are not those of the header"))
            return
        }
        let (found, overflow) = points.addingReportingOverflow(lost)
        guard !overflow && found == header.interval.length else {
            findings.append(
                SegmentError(
                    .sequenceGap,
                    "the sequence interval \(header.interval.firstSequence)-"
                        + "\(header.interval.lastSequence) has \(header.interval.length) numbers, "
                        + "but \(points) points and \(lost) accepted lost ones"))
            return
        }
    }
}
