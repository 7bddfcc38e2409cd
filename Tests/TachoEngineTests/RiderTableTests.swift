import Testing

@testable import TachoEngine

/// Names and numbers against a dictionary.
struct RiderTableTests {
    private struct Model {
        var numbers: [[UInt8]: UInt32] = [:]
        var names: [[UInt8]] = []
        var fresh: [UInt32] = []

        mutating func number(_ name: [UInt8]) -> UInt32 {
            if let known = numbers[name] { return known }
            let number = UInt32(names.count)
            numbers[name] = number
            names.append(name)
            fresh.append(number)
            return number
        }
    }

    /// Names that share beginnings, heads of 16 bytes, and lengths.
    private func name(_ random: inout SeededGenerator, _ known: [[UInt8]]) -> [UInt8] {
        let letters: [UInt8] = [0x61, 0x62, 0xC3, 0xA4, 0xFF, 0x01]
        func fill(_ count: Int) -> [UInt8] { (0..<count).map { _ in random.one(letters) } }
        switch random.number(0...9) {
        case 0: return fill(random.number(1...3))
        case 1: return fill(random.number(1...128))
        case 2: return [UInt8](repeating: 0x61, count: random.number(1...128))
        case 3...5:
            // The same 16 bytes in front, and a little behind.
            return [UInt8](repeating: 0x62, count: 16) + fill(random.number(0...3))
        case 6 where !known.isEmpty:
            let other = random.one(known)
            return Array(other.prefix(random.number(1...other.count)))
        case 7 where !known.isEmpty:
            let other = random.one(known)
            return Array((other + fill(random.number(1...20))).prefix(128))
        case 8 where !known.isEmpty:
            var other = random.one(known)
            other[random.number(0...other.count - 1)] = random.one(letters)
            return other
        default: return Array("rider-\(random.number(0...3_000))".utf8)
        }
    }

    private func resolve(_ table: RiderTable, _ names: [[UInt8]?]) -> [UInt32] {
        var out: [UInt32] = []
        let arena = names.flatMap { $0 ?? [] }
        var starts = [0]
        for name in names { starts.append(starts.last! + (name?.count ?? 0)) }
        arena.withUnsafeBytes { raw in
            table.resolve(
                count: names.count,
                { index in
                    names[index] == nil
                        ? nil
                        : UnsafeRawBufferPointer(rebasing: raw[starts[index]..<starts[index + 1]])
                }, into: &out)
        }
        return out
    }

    private func check(_ table: RiderTable, _ model: Model, _ what: String) {
        #expect(table.count == model.names.count, "\(what)")
        for (number, name) in model.names.enumerated() {
            #expect(table.name(of: UInt32(number)) == name, "\(what), number \(number)")
            let found = name.withUnsafeBytes { table.number(of: $0) }
            #expect(found == UInt32(number), "\(what), \(name)")
        }
        #expect(table.name(of: UInt32(model.names.count)).isEmpty, "\(what)")
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `numbers are given once and found again`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let table = RiderTable()
        var model = Model()
        let before = table.bytes
        for round in 0..<40 {
            var names: [[UInt8]?] = []
            for _ in 0..<random.one([1, 63, 64, 65, 200]) {
                names.append(random.chance(5) ? nil : name(&random, model.names))
            }
            // A name nobody has yet is not found, and looking does not add it.
            if let new = names.compactMap({ $0 }).first(where: { model.numbers[$0] == nil }) {
                #expect(new.withUnsafeBytes { table.number(of: $0) } == nil, "seed \(seed)")
            }
            let expected = names.map { $0.map { model.number($0) } ?? UInt32.max }
            #expect(resolve(table, names) == expected, "seed \(seed), round \(round)")
            if random.chance(30) {
                let fresh = table.takeFresh()
                #expect(fresh.map(\.number) == model.fresh, "seed \(seed), round \(round)")
                #expect(fresh.map(\.name) == model.fresh.map { model.names[Int($0)] })
                model.fresh = []
                #expect(table.takeFresh().isEmpty)
            }
        }
        check(table, model, "seed \(seed)")
        #expect(model.names.count > 1_024, "seed \(seed): the table never had to grow")
        #expect(table.bytes > before)
    }

    @Test func `riders loaded in order are known, not fresh, and others come behind them`() {
        var random = SeededGenerator(seed: 9)
        let table = RiderTable()
        var model = Model()
        while model.names.count < 1_500 {
            let new = name(&random, model.names)
            guard model.numbers[new] == nil else { continue }
            table.load(number: model.number(new), name: new)
        }
        // Out of order, and what a journal says again: neither changes anything.
        table.load(number: 1_700, name: [1])
        table.load(number: 3, name: [2])
        check(table, model, "loaded")
        #expect(table.takeFresh().isEmpty)
        let new = Array("nobody has this name".utf8)
        #expect(resolve(table, [new, model.names[7], new]) == [1_500, 7, 1_500])
        #expect(table.takeFresh().map(\.number) == [1_500])
    }
}
