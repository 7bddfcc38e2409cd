import TachoCodec
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// The pool is one for the process, so each of these runs in one of its own.
struct TailPoolTests {
    @Test func `pages are apart, given back pages are taken again`() async {
        await #expect(processExitsWith: .success) {
            let pool = TailPool.shared
            let pages = (0..<500).map { _ in pool.take() }
            #expect(Set(pages).count == 500)
            for (index, page) in pages.enumerated() {
                for row in 0..<TailPool.pageRows {
                    pool.rows(page)[row] = FixRow(
                        clock: UInt64(index), place: UInt64(row), motion: 1)
                }
            }
            for (index, page) in pages.enumerated() {
                for row in 0..<TailPool.pageRows {
                    #expect(pool.rows(page)[row].clock == UInt64(index))
                    #expect(pool.rows(page)[row].place == UInt64(row))
                }
            }
            let full = pool.bytes
            #expect(full.used == 500 * TailPool.pageRows * FixRow.byteCount)
            #expect(full.held == full.used)
            pool.give(pages[100..<300])
            #expect(pool.bytes.used == 300 * TailPool.pageRows * FixRow.byteCount)
            let again = (0..<200).map { _ in pool.take() }
            #expect(Set(again) == Set(pages[100..<300]))
            #expect(pool.bytes == full)
        }
    }

    @Test func `tails give back every page, whatever became of them`() async {
        await #expect(processExitsWith: .success) {
            var random = SeededGenerator(seed: 1)
            for count in [1, 32, 33, 64, 256] {
                var tail = Tail()
                for index in 0..<count {
                    let stored = random.stored(Int64(index), extras: 10)
                    tail.append(
                        FixRow.pack(stored, route: 0).row, FixRow.extra(stored),
                        arrival: UInt32(index * 2), .known(1))
                }
                // Its pages, and what it keeps beside them.
                let pageBytes = TailPool.pageRows * FixRow.byteCount
                #expect(TailPool.shared.bytes.used >= (count + 31) / 32 * pageBytes)
                let copy = tail.copy()
                var moved = tail.move()
                tail.free()
                moved.free()
                #expect(TailPool.shared.bytes.used > 0)
                // Chunks share the memory of the tail they were.
                let order = copy.sortedIndices()
                let memory = TailMemory(copy)
                var chunks = [order[..<(count / 2)], order[(count / 2)...]].compactMap { rows in
                    rows.isEmpty ? nil : ClosedTail(memory, rows)
                }
                _ = consume memory
                while !chunks.isEmpty {
                    #expect(TailPool.shared.bytes.used > 0)
                    chunks.removeLast()
                }
                #expect(TailPool.shared.bytes.used == 0)
            }
        }
    }

    /// Many riders, late fixes and chunks; readers; the end as `isKill` says.
    private static func life(_ directory: TemporaryDirectory, isKill: Bool, day: Int) throws {
        let engine = try Engine.open(testOptions(directory, workers: 2))
        var random = SeededGenerator(seed: UInt64(day))
        for round in 0..<12 {
            var fixes: [(String, Fix)] = []
            for rider in 0..<150 {
                for step in 0..<3 {
                    let seconds = Double(day * 10_000 + round * 300 + step * 3)
                    let late =
                        random.chance(15) ? seconds - Double(random.number(1...4_000)) : seconds
                    fixes.append(("rider-\(rider)", fix(late, north: seconds / 50)))
                }
            }
            _ = try engine.append(batch(fixes))
            _ = try engine.all("rider-\(round)")
            if round == 5 { _ = try engine.seal() }
            if round == 8 { engine.runBarrier(.checkpoint) }
        }
        #expect(TailPool.shared.bytes.used > 0)
        if isKill { engine.abandon() } else { try engine.close() }
    }

    @Test func `an engine gives back every page when it is closed, killed or opened again`() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            for (day, isKill) in [false, true, true, false].enumerated() {
                try Self.life(directory, isKill: isKill, day: day)
                #expect(TailPool.shared.bytes.used == 0, "day \(day)")
            }
        }
    }
}

extension ClosedTail {
    /// A late chunk of rider 1.
    convenience init(_ memory: TailMemory, _ order: ArraySlice<UInt8>?) {
        let first = order.map { Int($0.first!) } ?? 0
        self.init(
            key: ChunkKey(rider: 1, t0Ms: memory.tail.tsMs(first), range: 1, generation: 0),
            kind: .late, memory, order: order)
    }
}
