import TachoAudit
import TachoCodec
import TachoExplain
import TachoGeo
import TachoStore

/// Says where the bytes of a stored fix lie.
struct PlaceFinder {
    let store: Store
    /// The newest sealed range.
    let sealedRange: UInt32
    /// The first sequence of the open range.
    let openFirst: UInt64

    /// Cost: of a sealed fix the segment's index and names, and a block; otherwise a row.
    func place(of fix: HistoryFix, isInTail: Bool, rider: [UInt8]) throws(StoreError) -> CasePlace {
        var place = CasePlace(
            holder: isInTail ? .journal : .hot, range: fix.range, arrival: fix.arrival,
            firstSequence: openFirst, lastSequence: nil)
        if let bytes = try store.database.get(.meta, Keys.range(fix.range)) {
            let row = try Self.read(bytes)
            place.firstSequence = row.first
            place.lastSequence = row.last
        }
        guard fix.range <= sealedRange else { return place }
        place.holder = .segment
        do throws(SegmentError) {
            place.segment = try find(fix, rider)
            if place.segment == nil { place.problem = "it has no fix of that time and arrival" }
        } catch {
            // The verdict is explained all the same; what is wrong with the file is told.
            place.problem = error.message(file: SegmentStore.fileName(UInt64(fix.range)))
        }
        return place
    }

    private static func read(_ bytes: [UInt8]) throws(StoreError) -> RangeRow {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(StoreError) in try RangeRow(raw) }
        }
        return try result.get()
    }

    private func find(
        _ fix: HistoryFix, _ rider: [UInt8]
    ) throws(SegmentError) -> CasePlace.InSegment? {
        let name = SegmentStore.fileName(UInt64(fix.range))
        let reader = try SegmentReader(path: store.directory.auditPath + "/" + name)
        guard let number = reader.names.indexWithPoints(rider) else { return nil }
        var columns = ChunkColumns()
        var buffer: [UInt8] = []
        for block in reader.blocks(ofRider: number) {
            let bounds = reader.index[block].tsBounds
            guard bounds.minMs <= fix.tsMs, bounds.maxMs >= fix.tsMs else { continue }
            try reader.readFixes(block: block, buffer: &buffer, into: &columns)
            var index = columns.firstIndex(atOrAfter: fix.tsMs)
            while index < columns.count, columns.at.tsMs[index] == fix.tsMs {
                if columns.at.arrival[index] == fix.arrival {
                    return CasePlace.InSegment(
                        id: UInt64(fix.range), file: "audit/" + name, block: block, index: index)
                }
                index += 1
            }
        }
        return nil
    }
}
