import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// Landmarks in memory and in the database against a list of all there are.
struct LandmarkTableTests {
    private func withStore(_ body: (Store) throws -> Void) throws {
        let directory = TemporaryDirectory()
        var options = StoreOptions(path: directory.path + "/data")
        options.journal.fileBytes = 1 << 20
        let store = try Store.open(options)
        defer { store.close() }
        try body(store)
    }

    private let dayMs: Int64 = 86_400_000

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `whatever was written when, the same is found`(seed: UInt64) throws {
        try withStore { store in
            var random = SeededGenerator(seed: seed)
            var table = LandmarkTable(
                database: store.database, target: store.database, keepDays: 3, storedDays: [])
            var all: [(day: Int64, landmark: Landmark)] = []
            var numbers = [UInt32](repeating: 0, count: 40)
            var day: Int64 = 20_000
            for _ in 0..<6_000 {
                if random.chance(1) && random.chance(10) { day += random.number(1...2) }
                let rider: UInt32 = random.number(0...39)
                numbers[Int(rider)] += 1
                let landmark = Landmark(
                    hash: random.number(0...60) << 40 | 5, rider: rider,
                    number: numbers[Int(rider)], tsMs: random.number(0...1_000_000), place: 7)
                try table.insert(landmark, commitMs: day * dayMs + 5)
                all.append((day, landmark))
                if random.chance(1) { try table.flush() }
                if random.chance(1) {
                    // As after a start: filters know nothing.
                    try table.flush()
                    table = LandmarkTable(
                        database: store.database, target: store.database, keepDays: 3,
                        storedDays: table.storedDays)
                }
                guard random.chance(10) else { continue }
                let hash: UInt64 = random.number(0...60) << 40 | 5
                let known: UInt32 = random.chance(50) ? .max : random.number(0...80)
                let found = try table.find(hash) { _ in known }
                var expected: [Landmark] = []
                for one in Set(all.map(\.day)).sorted() where one + 3 >= day {
                    let ofDay = all.filter {
                        $0.day == one && $0.landmark.hash == hash
                            // What was not numbered yet is only in the database after a kill.
                            && (one == day || $0.landmark.number <= known)
                    }.map(\.landmark).sorted { ($0.rider, $0.number) < ($1.rider, $1.number) }
                    expected += ofDay.prefix(LandmarkTable.perDay)
                }
                if known == .max { #expect(found == expected, "seed \(seed)") }
                #expect(
                    found.filter { $0.number > known }.allSatisfy { one in
                        all.contains { $0.day == day && $0.landmark == one }
                    }, "seed \(seed)")
            }
        }
    }

    @Test func `days that are not kept leave the disk`() throws {
        try withStore { store in
            var table = LandmarkTable(
                database: store.database, target: store.database, keepDays: 2, storedDays: [])
            for day in 100..<110 as Range<Int64> {
                for number in 0..<200 as Range<UInt32> {
                    let landmark = Landmark(
                        hash: UInt64(number) << 20 | 1, rider: number, number: 1, tsMs: day,
                        place: 0)
                    try table.insert(landmark, commitMs: day * dayMs)
                }
            }
            #expect(table.storedDays == [107, 108])
            let found = try table.find(5 << 20 | 1) { _ in .max }
            #expect(found.map(\.tsMs) == [107, 108, 109])
        }
    }

    @Test func `a clock that is set back opens no old day`() throws {
        try withStore { store in
            var table = LandmarkTable(
                database: store.database, target: store.database, keepDays: 2, storedDays: [])
            for day in [100, 90, 101, 80] as [Int64] {
                let landmark = Landmark(hash: 3, rider: 1, number: 1, tsMs: day, place: 0)
                try table.insert(landmark, commitMs: day * dayMs)
            }
            try table.flush()
            #expect(table.storedDays == [100, 101])
        }
    }

    @Test func `a filter never says no to what it holds, and rarely yes to what not`() {
        let filter = DayFilter()
        var random = SeededGenerator(seed: 9)
        let held = (0..<200_000).map { _ in random.next() & Landmark.hashMask }
        for hash in held { filter.insert(hash) }
        #expect(held.allSatisfy { filter.mayHold($0) })
        let wrong = (0..<100_000).count { _ in filter.mayHold(random.next() & Landmark.hashMask) }
        #expect(wrong < 100)
    }
}
