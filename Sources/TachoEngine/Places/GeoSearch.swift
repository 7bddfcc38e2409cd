import TachoGeo
import TachoStore

/// Which riders' chunks were in an area in a time, by the rows of family `geo`: some more than were,
/// none too few.
struct GeoSearch {
    let fromMs: Int64
    let toMs: Int64
    private let cover: CellCover

    init(_ area: Area, fromMs: Int64, toMs: Int64, _ plan: GeoPlan) {
        self.fromMs = max(fromMs, -Fix.timeLimitMs)
        self.toMs = min(toMs, Fix.timeLimitMs)
        cover = CellCover(area, resolutions: plan.resolutionsInUse)
    }

    /// Whether a row's chunk may have what is looked for.
    func admits(_ row: GeoRow) -> Bool {
        let grain = GeoGrain(bucket: row.bucket)
        let startMs = (Int64(row.bucket) - grain.bucketOffset) * grain.bucketMs
        return startMs + Int64(row.firstMs) <= toMs && startMs + Int64(row.lastMs) >= fromMs
            && cover.next(row.cell) == row.cell
    }

    /// Calls `body` with the riders of rows in the database, some of them often, while `whileGoing`.
    /// Cost: a seek for each stretch of cells and bucket, or a step for each row between.
    func forEachRider(
        _ database: Database, _ body: (UInt32) -> Void, whileGoing: () -> Bool
    ) throws(StoreError) {
        for grain in GeoGrain.allCases {
            try walk(grain, database, body, whileGoing)
        }
    }

    private func walk(
        _ grain: GeoGrain, _ database: Database, _ body: (UInt32) -> Void,
        _ isGoing: () -> Bool
    ) throws(StoreError) {
        guard let first = cover.ranges.first?.lowerBound, fromMs <= toMs else { return }
        let last = grain.bucket(toMs).number
        let cursor = database.cursor(.geo)
        var place = (bucket: grain.bucket(fromMs).number, cell: first)
        Self.seek(cursor, place)
        var (steps, all) = (0, 0)
        while try cursor.isValid() {
            all += 1
            if all % Self.stepsBetweenLooks == 0 && !isGoing() { return }
            let bucket = KeyReader.u32(cursor.key, at: 0)
            guard bucket <= last, GeoGrain(bucket: bucket) == grain else { return }
            let cell = KeyReader.u64(cursor.key, at: 4)
            guard let next = cover.next(cell) else {
                place = (bucket + 1, first)
                Self.seek(cursor, place)
                continue
            }
            if next == cell {
                steps = 0
                try GeoPage.read(key: cursor.key, value: cursor.value) { row in
                    if admits(row) { body(row.rider) }
                }
                cursor.next()
            } else if steps < Self.stepsBeforeSeek {
                // What is near is reached sooner by walking.
                steps += 1
                cursor.next()
            } else {
                steps = 0
                Self.seek(cursor, (bucket, next))
            }
        }
    }

    private static let stepsBeforeSeek = 8
    private static let stepsBetweenLooks = 4_096

    private static func seek(_ cursor: Cursor, _ place: (bucket: UInt32, cell: UInt64)) {
        withUnsafeTemporaryAllocation(byteCount: 12, alignment: 8) { key in
            key.storeBytes(of: place.bucket.bigEndian, as: UInt32.self)
            key.storeBytes(of: place.cell.bigEndian, toByteOffset: 4, as: UInt64.self)
            cursor.seek(UnsafeRawBufferPointer(key))
        }
    }
}
