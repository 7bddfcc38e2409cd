import TachoGeo
import Testing

@testable import TachoEngine

/// Entries in blocks against a dictionary.
struct PendingListTests {
    private func id(_ number: Int) -> AlertID {
        AlertID(ms: Int64(number / 7), n: UInt32(number % 7))
    }

    @Test(arguments: 0..<8)
    func `it holds what a dictionary holds, in order`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var list = PendingList<Int>()
        var model: [AlertID: Int] = [:]
        let span = [40, 3_000][seed % 2]
        for step in 0..<20_000 {
            // Grows, and shrinks again.
            let isGrowing = step % 8_000 < 4_000
            let one = id(random.number(0...span))
            if random.chance(isGrowing ? 70 : 25) {
                #expect(list.set(one, step) == model.updateValue(step, forKey: one))
            } else {
                #expect(list.remove(one) == model.removeValue(forKey: one))
            }
            #expect(list.count == model.count)
            guard step % 500 == 0 else { continue }
            check(list, model, from: id(random.number(0...span)))
        }
        for one in model.keys { #expect(list.remove(one) != nil) }
        #expect(list.isEmpty && list.first == nil && list.last == nil)
    }

    private func check(_ list: PendingList<Int>, _ model: [AlertID: Int], from: AlertID) {
        let ids = model.keys.sorted()
        #expect(list.first == ids.first && list.last == ids.last)
        var seen: [AlertID] = []
        list.forEach { id, value in
            #expect(model[id] == value && list[id] == value)
            seen.append(id)
            return true
        }
        #expect(seen == ids)
        seen = []
        list.forEach(from: from) { id, _ in
            seen.append(id)
            return seen.count < 10
        }
        #expect(seen == Array(ids.filter { $0 >= from }.prefix(10)))
    }

    @Test func `those who wait are served in the order they came, also when others left`() {
        var line = WaitingLine()
        var there = Set<UInt64>()
        for token: UInt64 in 1...1_000 {
            line.append(token)
            there.insert(token)
        }
        for token: UInt64 in 1...1_000 where token % 3 != 0 {
            there.remove(token)
            line.leave { there.contains($0) }
        }
        #expect(line.living == 333)
        var served: [UInt64] = []
        while let token = line.next({ there.contains($0) }) { served.append(token) }
        #expect(served == stride(from: 3, through: 999, by: 3).map { UInt64($0) })
        #expect(line.living == 0)
    }
}
