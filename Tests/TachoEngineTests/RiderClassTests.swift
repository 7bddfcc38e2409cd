import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// The vehicle class of a rider, set by itself.
struct RiderClassTests {
    let directory = TemporaryDirectory()

    private func vehicle(_ engine: Engine, _ rider: String) throws -> VehicleClass? {
        try engine.riderState(Array(rider.utf8))?.vehicle
    }

    /// 40 m in a second: a car may, a person on foot not beyond 12 m and slack.
    private func step(_ second: Double) -> Fix {
        fix(second, north: second * 40 + 55)
    }

    @Test func `the next fix is judged by the new class, also after a kill`() throws {
        let options = testOptions(directory)
        var engine = try Engine.open(options)
        try engine.add("r", step(0), step(1))
        #expect(try vehicle(engine, "r") == .car)
        try engine.setVehicle(.foot, rider: Array("r".utf8))
        #expect(try vehicle(engine, "r") == .foot)
        for _ in 0..<2 {
            engine.abandon()
            engine = try Engine.open(options)
            #expect(try vehicle(engine, "r") == .foot)
        }
        // 12 m/s and 60 m of slack: 72 m in a second, 84 in two.
        try engine.add("r", fix(2, north: 55 + 40 + 80))
        #expect(try engine.verdicts("r") == ["ok", "ok", "hold:CANDIDATE"])
        #expect(try engine.all("r").map(\.vehicle) == [.car, .car, .foot])
        try engine.close()
        engine = try Engine.open(options)
        #expect(try vehicle(engine, "r") == .foot)
        try engine.close()
    }

    @Test func `a rider can be set before its first fix, and keeps it over kill and restart`()
        throws
    {
        let options = testOptions(directory, workers: 3)
        var engine = try Engine.open(options)
        for (name, vehicle) in [("a", VehicleClass.bicycle), ("b", .any), ("c", .car)] {
            try engine.setVehicle(vehicle, rider: Array(name.utf8))
        }
        engine.abandon()
        engine = try Engine.open(options)
        #expect(try vehicle(engine, "a") == .bicycle)
        try engine.close()
        engine = try Engine.open(options)
        #expect(try vehicle(engine, "a") == .bicycle)
        #expect(try vehicle(engine, "b") == .any)
        #expect(try vehicle(engine, "c") == .car)
        #expect(try vehicle(engine, "d") == nil)
        #expect(engine.figure("points") == 0)
        try engine.add("a", fix(0))
        #expect(try engine.all("a").map(\.vehicle) == [.bicycle])
        try engine.close()
    }

    @Test func `riders are listed in the order in which they appeared, page by page`() throws {
        let engine = try Engine.open(testOptions(directory, workers: 3))
        for index in 0..<25 { try engine.add("r\(index)", fix(Double(index))) }
        try engine.setVehicle(.scooter, rider: Array("r7".utf8))
        var names: [String] = []
        var scooters: [String] = []
        var next: UInt32? = 0
        var pages = 0
        while let from = next {
            let page = try engine.riderPage(from: from, limit: 10)
            pages += 1
            for (name, state) in page.riders {
                names.append(String(decoding: name, as: UTF8.self))
                #expect(state.points == 1)
                if state.vehicle == .scooter { scooters.append(names.last!) }
            }
            next = page.next
        }
        #expect(pages == 3)
        #expect(names == (0..<25).map { "r\($0)" })
        #expect(scooters == ["r7"])
        #expect(try engine.riderPage(from: 25, limit: 10).riders.isEmpty)
        #expect(try engine.riderPage(from: .max, limit: .max >> 1).riders.isEmpty)
        try engine.close()
    }

    @Test func `a closed engine refuses`() throws {
        let engine = try Engine.open(testOptions(directory))
        try engine.add("r", fix(0))
        try engine.close()
        #expect(throws: AppendError.self) { try engine.setVehicle(.foot, rider: [114]) }
        #expect(throws: ReadError.self) { try engine.riderState([114]) }
        #expect(throws: ReadError.self) { try engine.riderPage(from: 0, limit: 5) }
        #expect(throws: ReadError.self) { try engine.explain(rider: [114], tsMs: 0, as: .json) }
    }
}
