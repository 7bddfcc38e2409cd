import TachoGeo
import Testing

@testable import TachoEngine

/// The index of fences against a look at all of them.
struct FenceSquaresTests {
    private func box(_ random: inout SeededGenerator) -> FenceBox {
        let high: Int32 = random.one([1, 1_000, 20_000, 400_000, 300_000_000])
        let wide: Int32 = random.one([1, 1_000, 20_000, 400_000, 1_700_000_000])
        let lat = random.number(-900_000_000...900_000_000 - high)
        let lon = random.number(-1_800_000_000...1_800_000_000 - wide)
        return FenceBox(
            minLatE7: lat - 1, maxLatE7: lat + high, minLonE7: lon - 1, maxLonE7: lon + wide)
    }

    @Test(arguments: 0..<8)
    func `every fence at a position is found, and none twice`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let squares = FenceSquares()
        var boxes: [Int32: FenceBox] = [:]
        for round in 0..<3_000 {
            let fence = random.number(Int32(0)...400)
            if let old = boxes[fence] {
                squares.remove(old, fence: fence)
                boxes[fence] = nil
            }
            if random.chance(70) {
                let new = box(&random)
                boxes[fence] = new
                squares.insert(new, fence: fence)
            }
            guard round % 10 == 0, let (_, near) = boxes.randomElement(using: &random) else {
                continue
            }
            // In one of them or beside it.
            let lat = min(
                900_000_000, max(-900_000_000, random.number(near.minLatE7...near.maxLatE7) + 3))
            let lon = min(
                1_800_000_000,
                max(-1_800_000_000, random.number(near.minLonE7...near.maxLonE7) + 3))
            var found: [Int32] = []
            var quiet = squares.look(lat, lon) { entries in
                for entry in entries where entry.box.contains(lat, lon) {
                    found.append(entry.fence)
                }
            }
            let expected = boxes.filter { $0.value.contains(lat, lon) }.map(\.key)
            #expect(found.sorted() == expected.sorted(), "seed \(seed), round \(round)")
            _ = squares.look(lat, lon) { entries in
                for entry in entries where !entry.box.contains(lat, lon) {
                    quiet.avoid(entry.box, at: lat, lon)
                }
            }
            #expect(quiet.contains(lat, lon), "seed \(seed), round \(round)")
            let others = boxes.values.filter { !$0.contains(lat, lon) && $0.meets(quiet) }
            #expect(others.isEmpty, "seed \(seed), round \(round): a fence in the quiet place")
        }
    }

    @Test func `what is kept within some metres is nowhere further`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let lat = random.number(Int32(-849_999_999)...849_999_999)
            let lon = random.number(Int32(-1_790_000_000)...1_790_000_000)
            let metres = Double.random(in: 0...9_500, using: &random)
            var box = FenceBox(
                minLatE7: -900_000_000, maxLatE7: 900_000_000, minLonE7: -1_800_000_000,
                maxLonE7: 1_800_000_000)
            box.keep(within: metres, of: lat, lon)
            #expect(box.contains(lat, lon))
            let from = Coordinate(latE7: lat, lonE7: lon)
            for corner in [
                (box.minLatE7, box.minLonE7), (box.minLatE7, box.maxLonE7),
                (box.maxLatE7, box.minLonE7), (box.maxLatE7, box.maxLonE7),
            ] {
                let to = Coordinate(latE7: corner.0, lonE7: corner.1)
                let far = Distance.geodesic(
                    lat1: from.lat, lon1: from.lon, lat2: to.lat, lon2: to.lon)
                #expect(far <= metres + 0.001, "\(from), \(metres) m")
            }
        }
    }
}
