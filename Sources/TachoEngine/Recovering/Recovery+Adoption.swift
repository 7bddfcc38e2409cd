import TachoAudit
import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// Segments whose sealing is among what was lost: their points are nowhere else.
struct AdoptedSegments {
    /// The last of them, and its last sequence.
    var lastRange: UInt32
    var lastSequence: UInt64
    /// Riders whose state they changed.
    var riders: Set<UInt32> = []
}

/// The operator gave up what the journal lost, but sealed segments outlived it: their fixes are stored.
///
/// They are read from the segments as those of retired ranges are, so a fix that is sent again is known,
/// and distances and tracks have them. What the journal still had of the first of these ranges is among
/// them and leaves the tails. A rider's references, its tails and its state change in one batch; so a kill
/// meanwhile leaves each rider as it was or as it will be, and the next start, which asks for consent
/// again, goes on.
/// Cost: reading each segment twice, some 300 ns a fix.
extension Recovery {
    mutating func adoptSegments() throws(StoreError) -> AdoptedSegments? {
        let folder = store.directory.auditPath
        let found: [AuditDirectory.Entry]
        do {
            found = try AuditDirectory.segments(at: folder)
        } catch {
            throw .io("cannot read \(folder): \(error.detail)")
        }
        let fresh = found.filter { $0.id >= UInt64(progress.range) && $0.id < UInt64(UInt32.max) }
        guard !fresh.isEmpty else { return nil }
        var adopted = AdoptedSegments(lastRange: 0, lastSequence: 0)
        let totals = try SealTotals(store.database)
        var expected = (
            id: UInt64(progress.range), first: progress.rangeFirst, sha256: totals.lastSHA256
        )
        // Images of riders vouch for rows that replay wrote.
        let synced = RowBatch(store.database)
        synced.put(.meta, Keys.meta(DerivedWriter.syncedKey), [])
        try store.database.write(synced, sync: true)
        for entry in fresh {
            let (segment, summary) = try verified(entry)
            let interval = segment.header.interval
            guard interval.segmentID == expected.id, interval.firstSequence == expected.first,
                interval.previousSHA256 == expected.sha256
            else {
                throw .damaged(
                    "\(entry.path) does not follow segment \(expected.id - 1) of this directory, so it "
                        + "cannot be taken over; put back the segments from a copy")
            }
            try adopt(segment, summary, &adopted)
            (adopted.lastRange, adopted.lastSequence) = (UInt32(entry.id), interval.lastSequence)
            expected = (entry.id + 1, interval.lastSequence + 1, summary.sha256)
        }
        return adopted
    }

    private func verified(
        _ entry: AuditDirectory.Entry
    ) throws(StoreError) -> (SegmentReader, SegmentSummary) {
        do {
            let found = try SegmentStore.existing(
                directory: store.directory.auditPath, id: entry.id)
            guard let found else { throw StoreError.damaged("\(entry.path) is gone") }
            return (try SegmentReader(path: entry.path), found)
        } catch let error as StoreError {
            throw error
        } catch let error as PublishError {
            throw .damaged(error.message)
        } catch {
            throw .damaged("\(entry.path) does not verify: \(error); put it back from a copy")
        }
    }

    private mutating func adopt(
        _ segment: SegmentReader, _ summary: SegmentSummary, _ adopted: inout AdoptedSegments
    ) throws(StoreError) {
        let interval = segment.header.interval
        let range = UInt32(interval.segmentID)
        var adoption = try RiderAdoption(
            segment, range: range, database: store.database, riders: riders, places: places,
            lastGroup: store.lastGroup)
        for index in 0..<segment.riderCount {
            let rider = number(of: segment.names.name(index))
            let shard = shard(rider)
            shards[shard].admit(rider)
            try adoption.adopt(
                index, rider, shards[shard].slot(rider), shards[shard].rules.thresholds)
            if adoption.places.count >= PlaceGatherer.runLength {
                try adoption.pourPlaces(store.geoRuns)
            }
            adopted.riders.insert(rider)
        }
        try adoption.checkThatAllWereThere()
        try adoption.pourPlaces(store.geoRuns)
        try adoptAmendments(of: segment, &adopted)
        let rows = RowBatch(store.database)
        let seal = SealRow(
            state: .sealed, points: summary.points, bytes: summary.bytes,
            lastSequence: interval.lastSequence, sha256: summary.sha256)
        let retired = RetiredRow(
            state: .done, points: summary.points, bytes: 0, atMs: EngineOptions.systemClock())
        let row = RangeRow(
            first: interval.firstSequence, last: interval.lastSequence,
            ruleSet: interval.ruleSet)
        rows.put(.meta, Keys.seal(range), seal.encoded())
        rows.put(.meta, Keys.retired(range), retired.encoded())
        rows.put(.meta, Keys.range(range), row.encoded())
        try store.database.write(rows, sync: true)
    }

    private func number(of name: [UInt8]) -> UInt32 {
        var numbers: [UInt32] = []
        name.withUnsafeBytes { name in riders.resolve(count: 1, { _ in name }, into: &numbers) }
        return numbers[0]
    }

    private mutating func adoptAmendments(
        of segment: SegmentReader, _ adopted: inout AdoptedSegments
    ) throws(StoreError) {
        for block in segment.amendmentBlocks {
            let records: [AuditRecord]
            do throws(SegmentError) {
                records = try segment.readRecords(block: block)
            } catch {
                throw .damaged(
                    error.message(
                        file: "audit/" + SegmentStore.fileName(segment.header.interval.segmentID)))
            }
            let rows = RowBatch(store.database)
            for case .amendment(var amendment) in records {
                let name = segment.names.name(Int(amendment.rider))
                amendment.rider = number(of: name)
                rows.put(
                    .amend, Keys.amend(amendment),
                    AmendmentRow.bytes(
                        amendment.verdict, ruleSet: amendment.ruleSet, cause: amendment.cause))
                rows.put(.riders, Keys.number(amendment.rider), name)
                let shard = shard(amendment.rider)
                shards[shard].admit(amendment.rider)
                shards[shard].slot(amendment.rider).pointee.amendments += 1
                adopted.riders.insert(amendment.rider)
            }
            try store.database.write(rows, sync: false)
        }
        unsettled.formUnion(adopted.riders)
    }

    /// What latest shows of the riders is found by now.
    func keep(_ adopted: AdoptedSegments) throws(StoreError) {
        var rows = RowBatch(store.database)
        for rider in adopted.riders {
            RiderAdoption.put(
                shards[shard(rider)].slot(rider), rider, asOf: store.lastGroup, to: rows)
            if rows.count < Self.rowsPerWrite { continue }
            try store.database.write(rows, sync: false)
            rows = RowBatch(store.database)
        }
        try store.database.write(rows, sync: true)
    }
}
