import TachoServer
import Testing

/// What a listener that stood still has to hear, against a plain list of moves.
struct MoveLogTests {
    @Test func `from any number on each rider comes once, in the order of last moves`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        var log = MoveLog()
        var moves: [UInt32] = []
        for round in 1...60 {
            // More than the slack in all, so that old moves are removed on the way.
            for _ in 0..<200 {
                let rider = UInt32.random(in: 0..<(round < 30 ? 40 : 900), using: &random)
                moves.append(rider)
                log.append(rider)
            }
            #expect(log.end == UInt64(moves.count) + 1, "seed \(seed)")
            let from = Int.random(in: 0...moves.count, using: &random)
            var wanted: [UInt32] = []
            var seen: Set<UInt32> = []
            for rider in moves[from...].reversed() where seen.insert(rider).inserted {
                wanted.append(rider)
            }
            wanted.reverse()
            // In pieces, as a listener takes them.
            var heard: [UInt32] = []
            var next = UInt64(from) + 1
            while next < log.end {
                var left = Int.random(in: 1...50, using: &random)
                next = log.riders(from: next) { rider in
                    heard.append(rider)
                    left -= 1
                    return left > 0
                }
            }
            #expect(heard == wanted, "seed \(seed), from \(from) of \(moves.count)")
        }
    }

    @Test func `numbers go on where nobody listened`() {
        var log = MoveLog()
        log.append(7)
        let end = log.end
        log.removeAll()
        #expect(log.end == end)
        log.append(7)
        var heard: [UInt32] = []
        #expect(
            log.riders(from: end) { rider in
                heard.append(rider)
                return true
            } == end + 1)
        #expect(heard == [7])
    }
}
