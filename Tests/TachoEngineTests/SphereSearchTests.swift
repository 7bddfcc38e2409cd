import TachoGeo
import Testing

@testable import TachoEngine

/// GEOSEARCH, against a look at every rider by Redis's formulas.
struct SphereSearchTests {
    private struct Placed: Equatable {
        var name: String
        var number: Int
        var position: Coordinate
        var distanceM = 0.0
    }

    /// A town, the equator, both sides of the antimeridian, and the last metres before both poles; a
    /// tenth stand where another does.
    private func fill(_ engine: Engine, _ random: inout SeededGenerator) throws -> [Placed] {
        let spots: [(Double, Double, Double)] = [
            (37.5, 127, 0.05), (0.2, 9, 0.3), (-17, 180, 0.02), (89.999, 40, 0.001),
            (-89.9, -120, 0.1), (84, -60, 0.3),
        ]
        var placed: [Placed] = []
        for number in 0..<360 {
            let (lat, lon, reach) = spots[number % spots.count]
            var position = Coordinate(
                latE7: Int32((lat + .random(in: -reach...reach, using: &random)) * 1e7),
                lonE7: Int32((lon + .random(in: -reach...reach, using: &random)) * 1e7 - 1))
            if lat.magnitude > 89 {
                position.lonE7 = .random(in: -1_800_000_000...1_800_000_000, using: &random)
            } else if lon == 180 {
                let east = Int64(random.number(-400_000...400_000) as Int32)
                position.lonE7 = Int32(east > 0 ? east - 1_800_000_000 : east + 1_800_000_000)
            }
            if number > 100 && number % 10 == 0 {
                position = placed[number - spots.count].position
            }
            placed.append(Placed(name: "r\(number)", number: number, position: position))
        }
        for one in placed {
            var fix = fix(1_000)
            (fix.latE7, fix.lonE7) = (one.position.latE7, one.position.lonE7)
            try engine.add(one.name, fix)
        }
        return placed
    }

    /// By the haversine formula and Redis's rules, written down again.
    private func model(_ query: SphereQuery, _ lat: Double, _ lon: Double, _ all: [Placed])
        -> [Placed]
    {
        let found = all.compactMap { one -> Placed? in
            func metres(_ lat1: Double, _ lon1: Double, _ lat2: Double, _ lon2: Double) -> Double {
                let (u, v) = (
                    Distance.sineOfDegrees((lat2 - lat1) / 2),
                    Distance.sineOfDegrees((lon2 - lon1) / 2)
                )
                let cosines =
                    Distance.sineOfDegrees(90 - lat1) * Distance.sineOfDegrees(90 - lat2)
                let h = (u * u + cosines * v * v).squareRoot()
                // The arc sine, by halving.
                var (low, high) = (0.0, 90.0)
                for _ in 0..<80 {
                    let middle = (low + high) / 2
                    if Distance.sineOfDegrees(middle) < h { low = middle } else { high = middle }
                }
                return 2 * 6_372_797.560856 * low * 3.141592653589793 / 180
            }
            let (itsLat, itsLon) = (one.position.lat, one.position.lon)
            switch query.extent {
            case .circle(let radiusM):
                guard metres(lat, lon, itsLat, itsLon) <= radiusM else { return nil }
            case .rectangle(let widthM, let heightM):
                guard metres(lat, lon, itsLat, lon) <= heightM / 2,
                    metres(itsLat, lon, itsLat, itsLon) <= widthM / 2
                else { return nil }
            }
            var one = one
            one.distanceM = metres(lat, lon, itsLat, itsLon)
            return one
        }
        guard let order = query.order ?? (query.count == nil ? nil : .ascending) else {
            return found
        }
        let sorted = found.sorted {
            order == .ascending ? $0.distanceM < $1.distanceM : $0.distanceM > $1.distanceM
        }
        return query.isAny ? found : Array(sorted.prefix(query.count ?? .max))
    }

    private func query(_ random: inout SeededGenerator, _ all: [Placed]) -> SphereQuery {
        func length() -> Double {
            // Never where two places could be at one distance by design.
            let whole = [30, 700, 3_000, 30_000, 2e6, 2e7].randomElement(using: &random)!
            return whole * .random(in: 0.1...1.3, using: &random)
        }
        let one = all.randomElement(using: &random)!
        let (lat, lon) = (one.position.lat, one.position.lon)
        let near = Double.random(in: -0.01...0.01, using: &random)
        let count = Bool.random(using: &random) ? random.number(1...50) as Int : nil
        return SphereQuery(
            centre: Bool.random(using: &random)
                ? .rider(Array(one.name.utf8))
                : .position(lat: max(-90, min(90, lat + near)), lon: lon),
            extent: Bool.random(using: &random)
                ? .circle(radiusM: length())
                : .rectangle(widthM: length(), heightM: length()),
            order: [nil, .ascending, .descending].randomElement(using: &random)!,
            count: count, isAny: count != nil && random.chance(30))
    }

    @Test(arguments: 0..<4)
    func `answers are those of a look at every rider`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let engine = try Engine.open(testOptions(TemporaryDirectory(), workers: 2))
        let all = try fill(engine, &random)
        #expect(engine.placedRiders == all.count)
        var found = 0
        for round in 0..<700 {
            let query = query(&random, all)
            let centre: (lat: Double, lon: Double)
            switch query.centre {
            case .position(let lat, let lon): centre = (lat, lon)
            case .rider(let name):
                let rider = all.first { Array($0.name.utf8) == name }!
                centre = (rider.position.lat, rider.position.lon)
            }
            let expected = model(query, centre.lat, centre.lon, all)
            guard case .riders(let riders) = try engine.search(query) else {
                Issue.record("seed \(seed), round \(round): no riders")
                continue
            }
            found += riders.count
            let what: Comment = "seed \(seed), round \(round): \(query)"
            let count = query.isAny ? min(query.count!, expected.count) : expected.count
            #expect(riders.count == count, what)
            let names = Set(riders.map { String(decoding: $0.name, as: UTF8.self) })
            #expect(names.count == riders.count, what)
            if query.isAny || query.count == nil {
                #expect(names.isSubset(of: expected.map(\.name)), what)
            }
            if query.order == nil && query.count == nil {
                #expect(riders.map { Int($0.number) } == expected.map(\.number), what)
            }
            // Sorted lists are alike in distance; riders at one distance may change places.
            let distances = riders.map(\.distanceM)
            if let order = query.order {
                let sorted = distances.sorted { order == .ascending ? $0 < $1 : $0 > $1 }
                #expect(distances == sorted, what)
            }
            if !query.isAny && (query.order != nil || query.count != nil) {
                for (rider, model) in zip(riders, expected) {
                    #expect((rider.distanceM - model.distanceM).magnitude < 1, what)
                }
            }
            for rider in riders {
                #expect(rider.position == all[Int(rider.number)].position, what)
            }
        }
        #expect(found > 5_000, "seed \(seed): hardly anybody was found")
        try engine.close()
    }

    @Test func `a crowd is found by its nearest, without a look at the rest`() throws {
        let engine = try Engine.open(testOptions(TemporaryDirectory(), workers: 2))
        for rider in 0..<300 {
            try engine.add("r\(rider)", fix(1_000, north: Double(rider) * 500, east: 3))
        }
        let query = SphereQuery(
            centre: .rider(Array("r150".utf8)), extent: .circle(radiusM: 1e6), count: 3)
        guard case .riders(let riders) = try engine.search(query) else {
            Issue.record("no riders")
            return
        }
        #expect(
            riders.map(\.number) == [150, 149, 151] || riders.map(\.number) == [150, 151, 149])
        #expect(riders[0].distanceM == 0)
        try engine.close()
    }

    @Test func `nobody in the centre, too many around it, and a closed engine are told apart`()
        throws
    {
        let engine = try Engine.open(testOptions(TemporaryDirectory()))
        #expect(engine.placedRiders == 0)
        for rider in 0..<5 { try engine.add("r\(rider)", fix(1_000, north: Double(rider))) }
        // Never shown: quarantined.
        var far = fix(1_000)
        far.tsMs += 10_000_000_000
        try engine.add("future", far)
        #expect(engine.placedRiders == 5)
        var query = SphereQuery(centre: .rider([1, 2]), extent: .circle(radiusM: 10))
        #expect(try engine.search(query) == .unknownRider)
        query.centre = .rider(Array("future".utf8))
        #expect(try engine.search(query) == .unknownRider)
        query.centre = .position(lat: 37.5, lon: 127)
        query.limit = 4
        #expect(try engine.search(query) == .tooMany)
        query.count = 4
        guard case .riders(let riders) = try engine.search(query) else {
            Issue.record("no riders")
            return
        }
        #expect(riders.map(\.number) == [0, 1, 2, 3])
        engine.abandon()
        #expect(throws: ReadError.closed) { try engine.search(query) }
    }
}
