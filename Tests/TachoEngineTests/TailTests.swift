import TachoCodec
import TachoGeo
import Testing

@testable import TachoEngine

/// Open tails against arrays.
struct TailTests {
    /// A tail, and what it must hold.
    private struct Pair {
        var tail = Tail()
        var entries: [(stored: StoredFix, arrival: UInt32)] = []
        var first = UInt64(0)
        var last = UInt64(0)

        mutating func append(_ stored: StoredFix, arrival: UInt32, sequence: UInt64) {
            let row = FixRow.pack(stored, route: 0).row
            tail.append(row, FixRow.extra(stored), arrival: arrival, .known(sequence))
            if entries.isEmpty { first = sequence }
            last = sequence
            entries.append((stored, arrival))
        }

        func check(_ what: String) {
            #expect(Int(tail.count) == entries.count, "\(what)")
            #expect(tail.isEmpty == entries.isEmpty, "\(what)")
            for (index, entry) in entries.enumerated() {
                #expect(tail[index].stored == entry.stored, "\(what), row \(index)")
                #expect(tail[index].arrival == entry.arrival, "\(what), row \(index)")
                #expect(tail.arrival(index) == entry.arrival, "\(what), row \(index)")
                #expect(tail.tsMs(index) == entry.stored.fix.tsMs, "\(what), row \(index)")
            }
            guard let head = entries.first else { return }
            #expect(tail.firstTsMs == head.stored.fix.tsMs, "\(what)")
            #expect(tail.first.resolved(first: 0) == first, "\(what)")
            #expect(tail.last.resolved(first: 0) == last, "\(what)")
        }
    }

    /// `gaps`, `extras`: percent of rows that come after a gap in arrivals, or need an extra.
    private func pair(
        _ random: inout SeededGenerator, count: Int, gaps: Int, extras: Int, inOrder: Bool
    ) -> Pair {
        var pair = Pair()
        var ms = random.number(-1_000...Int64(1_000))
        var arrival = random.number(0...UInt32(50))
        for index in 0..<count {
            ms = inOrder ? ms + random.number(0...3) : random.number(-500...500)
            // From the middle on, so that plain rows come before.
            let isLate = index >= count / 2
            if isLate && random.chance(gaps) { arrival += random.number(1...9) }
            let stored = random.stored(ms, extras: isLate ? extras : 0)
            pair.append(stored, arrival: arrival, sequence: UInt64(index * 3 + 7))
            arrival += 1
        }
        return pair
    }

    private static let kinds: [(gaps: Int, extras: Int)] = [(0, 0), (20, 0), (0, 20), (30, 60)]

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `a tail holds what was appended, up to its limit`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for count in [0, 1, 31, 32, 33, 100, 255, 256] {
            for (gaps, extras) in Self.kinds {
                var pair = pair(
                    &random, count: count, gaps: gaps, extras: extras, inOrder: random.chance(50))
                pair.check("seed \(seed), \(count) rows, \(gaps) % gaps, \(extras) % extras")
                pair.tail.free()
                #expect(pair.tail.isEmpty)
            }
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `moved and copied tails hold the same and own their memory`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for (gaps, extras) in Self.kinds {
            var pair = pair(&random, count: 150, gaps: gaps, extras: extras, inOrder: false)
            let what = "seed \(seed), \(gaps) % gaps, \(extras) % extras"
            var copy = pair
            copy.tail = pair.tail.copy()
            var moved = pair
            moved.tail = pair.tail.move()
            #expect(pair.tail.isEmpty, "\(what)")
            moved.check(what)
            // Both can grow on; neither sees the other.
            let more = random.stored(9, extras: 100)
            copy.append(more, arrival: 9_000, sequence: 99)
            moved.append(random.stored(10, extras: 50), arrival: 8_000, sequence: 98)
            pair.tail.free()
            moved.check("\(what), moved")
            moved.tail.free()
            copy.check("\(what), copied")
            copy.tail.free()
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `scans, order and columns are those of the array`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for (gaps, extras) in Self.kinds {
            let count = random.one([1, 32, 64, 200, 256])
            var pair = pair(&random, count: count, gaps: gaps, extras: extras, inOrder: false)
            let what = "seed \(seed), \(count) rows, \(gaps) % gaps, \(extras) % extras"
            let times = pair.entries.map { $0.stored.fix.tsMs }
            for _ in 0..<20 {
                let from = random.number(-600...Int64(600))
                let to = random.number(-600...Int64(600))
                var found: [Int] = []
                pair.tail.scan(fromMs: from, toMs: to) { found.append($0) }
                let expected = times.indices.filter { times[$0] >= from && times[$0] <= to }
                #expect(found == expected, "\(what), \(from)…\(to)")
            }
            let order = times.indices.sorted {
                (times[$0], pair.entries[$0].arrival) < (times[$1], pair.entries[$1].arrival)
            }
            #expect(pair.tail.sortedIndices().map(Int.init) == order, "\(what)")
            var columns = ChunkColumns(capacity: 4)
            pair.tail.fill(&columns)
            #expect(columns.count == count, "\(what)")
            let at = columns.at
            for (index, entry) in pair.entries.enumerated() {
                #expect(at.fix(index) == entry.stored, "\(what), row \(index)")
                #expect(at.arrival[index] == entry.arrival, "\(what), row \(index)")
            }
            #expect(
                TailView(tail: pair.tail).map(\.stored) == pair.entries.map(\.stored), "\(what)")
            pair.tail.free()
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `a chunk of a closed tail holds a stretch of it in order of time`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for (gaps, extras) in Self.kinds {
            let count = random.one([1, 32, 64, 200, 256])
            let pair = pair(&random, count: count, gaps: gaps, extras: extras, inOrder: false)
            let what = "seed \(seed), \(count) rows, \(gaps) % gaps, \(extras) % extras"
            let order = pair.tail.sortedIndices()
            let from = random.number(0...count - 1)
            let to = random.number(from + 1...count)
            let closed = ClosedTail(TailMemory(pair.tail), order[from..<to])
            let expected = order[from..<to].map { pair.entries[Int($0)] }
            let times = expected.map { $0.stored.fix.tsMs }
            #expect(closed.count == expected.count, "\(what)")
            #expect(closed.firstMs == times.first, "\(what)")
            #expect(closed.lastMs == times.last, "\(what)")
            var columns = ChunkColumns(capacity: 4)
            let sequences = closed.fill(&columns, partFirst: 0)
            #expect(sequences == (pair.first, pair.last), "\(what)")
            #expect(columns.count == expected.count, "\(what)")
            for (index, entry) in expected.enumerated() {
                #expect(columns.at.fix(index) == entry.stored, "\(what), row \(index)")
                #expect(columns.at.arrival[index] == entry.arrival, "\(what), row \(index)")
            }
            for _ in 0..<20 {
                let from = random.number(-600...Int64(600))
                let to = random.number(-600...Int64(600))
                var found: [StoredFix] = []
                closed.forEach(fromMs: from, toMs: to) { found.append($0.stored) }
                let inside = expected.map(\.stored).filter {
                    $0.fix.tsMs >= from && $0.fix.tsMs <= to
                }
                #expect(found == inside, "\(what), \(from)…\(to)")
                var span = TimeSpan()
                span.extend(from)
                span.extend(to)
                #expect(
                    closed.newestMs(outside: span) == times.last { !span.contains($0) },
                    "\(what), outside \(from)…\(to)")
            }
        }
    }

    @Test func `a delay is kept whole, whether beside the row or in an extra`() {
        let steps: [Int64] = [
            0, 1, 1_790, 1_791, 1 << 31 - 1, 1 << 31, 1 << 40, -256, -257, -(1 << 31), -(1 << 40),
        ]
        var tail = Tail()
        var all: [StoredFix] = []
        for step in steps {
            for altitudeDm in [Fix.absent, 120] {
                var fix = fix(1)
                fix.altitudeDm = altitudeDm
                all.append(
                    StoredFix(
                        fix: fix, provenance: .live, vehicle: .car, verdict: Verdict(),
                        recvMs: fix.tsMs + step * StoredFix.receiptStepMs, claimedRecvMs: 0))
                tail.append(
                    FixRow.pack(all.last!, route: 0).row, FixRow.extra(all.last!),
                    arrival: UInt32(all.count * 2), .known(1))
            }
        }
        #expect(TailView(tail: tail).map(\.stored) == all)
        tail.free()
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `the first row at or after a time is found in a tail in order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var pair = pair(&random, count: 200, gaps: 5, extras: 5, inOrder: true)
        let times = pair.entries.map { $0.stored.fix.tsMs }
        for ms in (times[0] - 2)...(times[199] + 2) {
            let expected = times.firstIndex { $0 >= ms } ?? 200
            #expect(pair.tail.firstIndex(atOrAfter: ms) == expected, "seed \(seed), \(ms)")
        }
        pair.tail.free()
    }

    @Test func `a sequence is the part's first plus the place in it until it is known`() {
        for index in [0, 1, 100_000] {
            var mark = SequenceMark.index(index)
            #expect(mark.resolved(first: 500) == 500 + UInt64(index))
            mark.resolve(first: 700)
            #expect(mark.resolved(first: 500) == 700 + UInt64(index))
            mark.resolve(first: 900)
            #expect(mark.resolved(first: 1) == 700 + UInt64(index))
        }
        #expect(SequenceMark.known(0).resolved(first: 5) == 0)
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `a tail's image reads back in order of arrival`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for (gaps, extras) in Self.kinds {
            var pair = pair(&random, count: 90, gaps: gaps, extras: extras, inOrder: false)
            let image = TailImage.bytes(pair.tail)
            pair.tail.free()
            pair.tail = try image.withUnsafeBytes { try TailImage.read($0) }
            pair.check("seed \(seed), \(gaps) % gaps, \(extras) % extras")
            pair.tail.free()
        }
    }
}
