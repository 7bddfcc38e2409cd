import TachoCodec
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// The rows of family `geo` against a dictionary made from the chunks, position by position.
@Suite(.serialized)
struct PlaceRowsTests {
    private struct Place: Hashable {
        var bucket: UInt32
        var cell: UInt64
        var rider: UInt32
        var range: UInt32
        var generation: UInt16
    }

    private struct Stay: Equatable {
        var count = 0
        var firstMs = Int64.max
        var lastMs = Int64.min
        var isAnyFlagged = false
    }

    /// Without syncs of the journal: a process is killed here, the power stays.
    private func options(_ directory: TemporaryDirectory, workers: Int = 1) -> EngineOptions {
        var options = testOptions(directory, workers: workers)
        options.fault = .skipSync
        return options
    }

    /// Also after a kill, when rows are there twice: they must be the same.
    private func rows(_ engine: Engine) throws -> [Place: Stay] {
        var rows: [Place: Stay] = [:]
        for row in try allRows(engine) {
            let grain = GeoGrain(bucket: row.bucket)
            let start = (Int64(row.bucket) - grain.bucketOffset) * grain.bucketMs
            let place = Place(
                bucket: row.bucket, cell: row.cell, rider: row.rider, range: row.range,
                generation: row.generation)
            let stay = Stay(
                count: Int(row.count), firstMs: start + Int64(row.firstMs),
                lastMs: start + Int64(row.lastMs), isAnyFlagged: row.isAnyFlagged)
            #expect(rows.updateValue(stay, forKey: place).map { $0 == stay } ?? true, "\(row)")
        }
        return rows
    }

    private func pages(_ engine: Engine) throws -> [[UInt8]: [UInt8]] {
        var pages: [[UInt8]: [UInt8]] = [:]
        let cursor = engine.store.database.cursor(.geo)
        cursor.seekToFirst()
        while try cursor.isValid() {
            pages[Array(cursor.key)] = Array(cursor.value)
            cursor.next()
        }
        return pages
    }

    private func allRows(_ engine: Engine) throws -> [GeoRow] {
        var rows: [GeoRow] = []
        for page in try pages(engine) {
            try page.key.withUnsafeBytes { key in
                try page.value.withUnsafeBytes { value in
                    try GeoPage.read(key: key, value: value) { rows.append($0) }
                }
            }
        }
        return rows
    }

    /// What the rows must be; and how many fixes chunks hold.
    private func expected(_ engine: Engine, resolution: Int = 9) throws -> (
        rows: [Place: Stay], fixes: Int
    ) {
        var rows: [Place: Stay] = [:]
        var all = 0
        let cursor = engine.store.database.cursor(.track)
        cursor.seekToFirst()
        while try cursor.isValid() {
            let key = try #require(ChunkKey(trackKey: cursor.key))
            var fixes: [StoredFix] = []
            var arrivals: [UInt32] = []
            _ = try Chunk.decode(cursor.value, fixes: &fixes, arrivals: &arrivals)
            all += fixes.count
            let isLong = fixes.last!.fix.tsMs - fixes[0].fix.tsMs > 2 * 3_600_000
            for stored in fixes {
                let ms = stored.fix.tsMs
                let bucket =
                    isLong
                    ? Int64((Double(ms) / 86_400_000).rounded(.down)) + 1 << 29
                    : Int64((Double(ms) / 300_000).rounded(.down)) + 1 << 31
                let place = Place(
                    bucket: UInt32(bucket),
                    cell: Cell.containing(
                        stored.fix.coordinate,
                        resolution: isLong ? min(7, resolution) : resolution
                    ).rawValue,
                    rider: key.rider, range: key.range, generation: key.generation)
                rows[place, default: Stay()].count += 1
                rows[place]!.firstMs = min(rows[place]!.firstMs, ms)
                rows[place]!.lastMs = max(rows[place]!.lastMs, ms)
                if stored.verdict.effect != .accept { rows[place]!.isAnyFlagged = true }
            }
            cursor.next()
        }
        return (rows, all)
    }

    private func check(_ engine: Engine, _ what: String, resolution: Int = 9) throws {
        let (expected, fixes) = try expected(engine, resolution: resolution)
        let rows = try rows(engine)
        #expect(rows == expected, "\(what)")
        #expect(rows.values.reduce(0) { $0 + $1.count } == fixes, "\(what)")
    }

    /// Walks of a few riders: along streets, to and fro over the rim of a cell, standing, jumping;
    /// late fixes minutes, hours and years back, clocks before 1970 among them.
    private struct Walks {
        var random: SeededGenerator
        var seconds = [Double](repeating: 0, count: 4)
        var places = [(north: Double, east: Double)](repeating: (0, 0), count: 4)

        mutating func next(_ count: Int) -> [(String, Fix)] {
            (0..<count).map { _ in
                let rider = random.number(0...3)
                seconds[rider] += Double(random.one([1, 3, 3, 10, 200]))
                var place = places[rider]
                switch random.number(0...9) {
                case 0: break
                case 1: place.north += random.chance(50) ? 350 : -350
                case 2 where random.chance(20): place.east += 9_000
                default:
                    place.north += Double(random.number(-40...60))
                    place.east += Double(random.number(-40...60))
                }
                places[rider] = place
                let at =
                    switch random.number(0...19) {
                    case 0, 1: seconds[rider] - Double(random.number(1...3_000))
                    case 3 where random.chance(30):
                        seconds[rider] - Double(random.number(1...30_000))
                    case 2 where random.chance(20):
                        -1_767_225_600.0 - Double(random.number(1...9_999))
                    default: seconds[rider]
                    }
                return ("rider-\(rider)", fix(at, north: place.north, east: place.east))
            }
        }
    }

    /// What a lost or damaged index may be like.
    private func damageRows(_ engine: Engine) throws {
        let lost = RowBatch(engine.store.database)
        for (number, key) in try pages(engine).keys.sorted(by: { $0.lexicographicallyPrecedes($1) })
            .enumerated()
        {
            switch number % 6 {
            case 0: lost.delete(.geo, key)
            case 3: lost.put(.geo, key, number % 4 == 3 ? [] : [2, 0, 0])
            default: break
            }
        }
        lost.put(.geo, [1, 2, 3], [4])
        // As programs wrote them before rows were put together.
        lost.put(.geo, [0x80] + [UInt8](repeating: 1, count: 21), [2, 0, 0])
        try engine.store.database.write(lost, sync: false)
    }

    @Test(arguments: [5, 7, 9, 12])
    func `a reindexing makes all rows again, and takes out what is not of them`(
        resolution: Int
    ) throws {
        let directory = TemporaryDirectory()
        var engine = try Engine.open(options(directory, workers: 2))
        var walks = Walks(random: SeededGenerator(seed: 9))
        for _ in 0..<20 { _ = try engine.append(batch(walks.next(500))) }
        try engine.close()
        engine = try Engine.open(options(directory, workers: 2))
        try damageRows(engine)
        let report = try engine.reindex(resolution: resolution)
        let rows = try allRows(engine).count
        #expect(report.resolution == resolution && report.rows == rows && report.removed > 0)
        #expect(try self.rows(engine).count == rows, "a reindexing leaves each row once")
        try check(engine, "resolution \(resolution)", resolution: resolution)
        #expect(throws: ReindexError.resolution(13)) { try engine.reindex(resolution: 13) }
        try engine.close()
        engine = try Engine.open(options(directory))
        _ = try engine.append(batch(walks.next(2_000)))
        try engine.close()
        engine = try Engine.open(options(directory))
        try check(engine, "resolution \(resolution), later", resolution: resolution)
        try engine.close()
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `each chunk has its places, and a kill or a seal changes none`(seed: UInt64) throws {
        let directory = TemporaryDirectory()
        var walks = Walks(random: SeededGenerator(seed: seed))
        var engine = try Engine.open(options(directory, workers: Int(seed % 2) + 1))
        for round in 0..<5 {
            _ = try engine.append(batch(walks.next(450)))
            let what = "seed \(seed), round \(round)"
            switch (round + Int(seed)) % 4 {
            case 0:
                engine.runBarrier(.checkpoint)
                try check(engine, "\(what), after a checkpoint")
            case 1:
                engine.abandon()
                engine = try Engine.open(options(directory))
                try check(engine, "\(what), after a kill")
            case 2:
                _ = try engine.seal()
                engine.runBarrier(.checkpoint)
                try check(engine, "\(what), after sealing")
                let fixes = try (0..<4).reduce(0) { try $0 + engine.all("rider-\($1)").count }
                #expect(try expected(engine).fixes == fixes, "\(what): a chunk is missing")
            default:
                let before = try expected(engine)
                try engine.close()
                engine = try Engine.open(options(directory, workers: 2))
                try check(engine, "\(what), after a clean restart")
                #expect(try expected(engine).fixes >= before.fixes, "\(what)")
            }
        }
        _ = try engine.seal()
        engine.runBarrier(.checkpoint)
        try check(engine, "seed \(seed), at the end")
        let rows = try rows(engine)
        #expect(rows.values.contains { $0.isAnyFlagged } && rows.values.contains { $0.count > 5 })
        #expect(rows.values.contains { $0.firstMs < 0 }, "seed \(seed): nothing before 1970")
        for grain in GeoGrain.allCases {
            #expect(
                rows.keys.contains { GeoGrain(bucket: $0.bucket) == grain },
                "seed \(seed): no \(grain) row")
        }
        try engine.close()
    }

    @Test func `a kill right after sealing makes the same rows again`() throws {
        let directory = TemporaryDirectory()
        var walks = Walks(random: SeededGenerator(seed: 77))
        var engine = try Engine.open(options(directory))
        _ = try engine.append(batch(walks.next(1_500)))
        _ = try engine.seal()
        let sealed = try expected(engine)
        engine.abandon()
        engine = try Engine.open(options(directory))
        #expect(try rows(engine) == sealed.rows)
        #expect(sealed.fixes > 1_000)
        try engine.close()
    }

    @Test func `a run's number is never given again, whether the engine was killed or closed`()
        throws
    {
        let directory = TemporaryDirectory()
        var last: UInt32?
        for round in 0..<6 {
            let engine = try Engine.open(options(directory))
            for _ in 0..<(round == 2 ? 5_000 : 3) {
                let run = try engine.store.geoRuns.next()
                #expect(last.map { $0 < run } ?? true, "round \(round): \(run)")
                last = run
            }
            if round % 2 == 0 { engine.abandon() } else { try engine.close() }
        }
    }

    /// Which rows come together is chance: if a page took the place of one from before the kill,
    /// riders whose chunks are not made again were lost.
    @Test func `pages from before a kill stay beside those of the replay`() throws {
        let directory = TemporaryDirectory()
        var walks = Walks(random: SeededGenerator(seed: 5))
        var engine = try Engine.open(options(directory))
        for _ in 0..<3 { _ = try engine.append(batch(walks.next(700))) }
        engine.runBarrier(.checkpoint)
        let before = try pages(engine)
        #expect(before.count > 50)
        for _ in 0..<3 { _ = try engine.append(batch(walks.next(700))) }
        engine.abandon()
        engine = try Engine.open(options(directory))
        _ = try engine.seal()
        engine.runBarrier(.checkpoint)
        let after = try pages(engine)
        #expect(after.count > before.count)
        for (key, value) in before { #expect(after[key] == value) }
        try engine.close()
    }
}
