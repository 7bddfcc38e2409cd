import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// Fewer landmarks while fixes come in faster than they can be compared; a replay chooses the same.
struct ThinningTests {
    @Test func `few are chosen from the fix that is too much on, more by a step a quarter`() {
        var thinning = Thinning(fullPerSecond: 400)
        let steps: [(points: Int, ms: Int64, exponent: UInt8)] = [
            (100, 1_000, 0), (1, 1_100, 2), (99, 1_200, 2), (1, 1_249, 4),  // 201 in the first
            (100, 1_250, 4), (0, 1_499, 4),  // 100 in the next
            (1, 1_500, 2), (49, 1_749, 2),
            (100, 1_750, 0),
            (101, 2_000, 2), (100, 2_249, 4),
            // A quarter without a group lies between.
            (10, 2_500, 2), (0, 2_750, 0),
            (900, 3_000, 4), (10, 3_750, 0), (10, 9_750, 0),
        ]
        for (index, step) in steps.enumerated() {
            let exponent = thinning.exponent(points: step.points, nowMs: step.ms)
            #expect(exponent == step.exponent, "step \(index)")
        }
    }

    /// Landmarks of the ride as the database holds them after a clean stop.
    private func landmarks(_ directory: TemporaryDirectory) throws -> Set<Landmark> {
        let store = try Store.open(StoreOptions(path: directory.path + "/data"))
        defer { store.close() }
        let cursor = store.database.cursor(.seen)
        cursor.seekToFirst()
        var all: Set<Landmark> = []
        while try cursor.isValid() {
            var landmark = try LandmarkRow(key: cursor.key, value: cursor.value).landmark
            // What is chosen is compared, not its number among others.
            landmark.number = 0
            all.insert(landmark)
            cursor.next()
        }
        return all
    }

    @Test func `imports are compared whole, however fast they come`() throws {
        var random = SeededGenerator(seed: 5)
        let ride = random.ride(count: 4_000, from: 0)
        func found(_ provenance: Provenance) throws -> (landmarks: Set<Landmark>, factor: Int64) {
            let directory = TemporaryDirectory()
            var options = acrossOptions(directory)
            options.acrossFullRate = 400
            let engine = try Engine.open(options)
            _ = try engine.append(batch(ride.map { ("rider", $0) }, provenance))
            engine.settleAcross()
            let factor = engine.figure("across_thinning")
            try engine.close()
            return (try landmarks(directory), factor)
        }
        let (live, imported) = (try found(.live), try found(.history))
        #expect(live.factor == 16 && imported.factor == 1)
        #expect(live.landmarks.isStrictSubset(of: imported.landmarks))
    }

    private func run(_ rate: Int, killed: Bool, _ ride: [Fix]) throws -> Set<Landmark> {
        let directory = TemporaryDirectory()
        var options = acrossOptions(directory)
        options.acrossFullRate = rate
        var engine = try Engine.open(options)
        try engine.send("rider", ride)
        engine.settleAcross()
        #expect(engine.figure("across_thinning") == (rate < 0 ? 16 : 1))
        if killed {
            engine.abandon()
            // The journal says how it was read, not the options of the day.
            engine = try Engine.open(acrossOptions(directory))
        }
        try engine.close()
        return try landmarks(directory)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `what is chosen in a storm is a part of what is chosen in calm, also by a replay`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let ride = random.ride(count: 4_000, from: 0)
        let all = try run(400_000, killed: false, ride)
        let few = try run(-4, killed: false, ride)
        #expect(few.isStrictSubset(of: all), "seed \(seed)")
        #expect(few.count >= 5, "seed \(seed)")
        #expect(few.count * 8 < all.count, "seed \(seed): \(few.count) of \(all.count)")
        #expect(try run(-4, killed: true, ride) == few, "seed \(seed)")
        #expect(try run(400_000, killed: true, ride) == all, "seed \(seed)")
    }
}
