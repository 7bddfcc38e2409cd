import TachoCodec
import TachoGeo
import Testing

@Suite struct FixColumnsTests {
    @Test(arguments: [1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 255, 256, 257, 4_096])
    func `a ride comes back as it was`(count: Int) throws {
        for seed in UInt64(0)..<20 {
            var random = Seeded(seed)
            let track = Track.ride(&random, count: count)
            let back = try Track(columns: track.columns(), count: count)
            #expect(back == track, "seed \(seed)")
        }
    }

    @Test(arguments: [1, 2, 3, 15, 16, 17, 99, 100, 101, 256, 1_024, 1_025, 4_096])
    func `a courier comes back as he was`(count: Int) throws {
        for seed in UInt64(0)..<30 {
            var random = Seeded(seed)
            let noise = random.pick(Int32(0)...1_000)
            let track = Track.courier(&random, count: count, noise: noise)
            let back = try Track(columns: track.columns(), count: count)
            #expect(back == track, "seed \(seed)")
        }
    }

    /// Every column at its limits, alone and together, where predictions go furthest astray.
    @Test func `tracks between the limits come back as they were`() throws {
        for seed in UInt64(0)..<60 {
            var random = Seeded(seed)
            var track = Track.courier(&random, count: 120)
            let lats: [Int32] = [-900_000_000, 900_000_000, 0]
            let lons: [Int32] = [-1_800_000_000, 1_800_000_000, 0]
            for i in track.fixes.indices where random.chance(Int(seed)) {
                track.fixes[i].fix.latE7 = random.one(of: lats)
                track.fixes[i].fix.lonE7 = random.one(of: lons)
                track.fixes[i].fix.speedCms = random.one(of: [0, 100_000, Fix.absent])
                track.fixes[i].fix.headingCdeg = random.one(of: [0, 35_999, Fix.absent])
                if random.chance(50) { track.fixes.swapAt(i, random.pick(0...119)) }
            }
            let back = try Track(columns: track.columns(), count: 120)
            #expect(back == track, "seed \(seed)")
        }
    }

    @Test(arguments: [1, 2, 3, 8, 9, 100, 1_000])
    func `any legal values in any order come back as they were`(count: Int) throws {
        for seed in UInt64(0)..<40 {
            var random = Seeded(seed)
            let track = Track.wild(&random, count: count)
            let back = try Track(columns: track.columns(), count: count)
            #expect(back == track, "seed \(seed)")
        }
    }

    @Test func `the largest block comes back as it was`() throws {
        var random = Seeded(1)
        let track = Track.wild(&random, count: FixColumns.maxCount)
        let back = try Track(columns: track.columns(), count: track.fixes.count)
        #expect(back == track)
    }

    @Test func `no fixes are no bytes`() throws {
        #expect(Track().columns().isEmpty)
        #expect(try Track(columns: [], count: 0) == Track())
        #expect(throws: ColumnError.trailingBytes) { try Track(columns: [0], count: 0) }
    }

    @Test func `what was in the buffers before stays`() throws {
        var random = Seeded(5)
        let a = Track.ride(&random, count: 40)
        let b = Track.wild(&random, count: 30)
        var both = a
        try both.append(columns: b.columns(), count: 30)
        #expect(both.fixes == a.fixes + b.fixes)
        #expect(both.arrivals == a.arrivals + b.arrivals)
        var out: [UInt8] = [1, 2, 3]
        b.fixes.withUnsafeBufferPointer { f in
            b.arrivals.withUnsafeBufferPointer { FixColumns.encode(f, arrivals: $0, into: &out) }
        }
        #expect(out == [1, 2, 3] + b.columns())
    }

    @Test func `a failed decode leaves the arrays as they were`() throws {
        var random = Seeded(6)
        let before = Track.ride(&random, count: 10)
        let block = Track.wild(&random, count: 50).columns()
        for cut in 0..<block.count {
            var track = before
            #expect(throws: ColumnError.self) {
                try track.append(columns: Array(block[..<cut]), count: 50)
            }
            #expect(track == before, "cut at \(cut)")
        }
    }
}
