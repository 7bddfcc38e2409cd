import TachoGeo
import TachoIngest
import Testing

/// GLITCH is an alert when it comes three times within ten minutes.
struct RecurrenceTests {
    private func occurrences(_ times: [Int64]) -> [Bool] {
        var memory: Recurrence?
        return times.map { Recurrence.occurs(&memory, atRecvMs: $0) }
    }

    @Test func `the third within ten minutes is the first that counts`() {
        #expect(occurrences([0, 1, 2, 3]) == [false, false, true, true])
        #expect(occurrences([0, 300_000, 599_999]) == [false, false, true])
        #expect(occurrences([0, 300_000, 600_000]) == [false, false, false])
        #expect(occurrences([0, 300_000, 600_000, 899_999]) == [false, false, false, true])
        #expect(occurrences([0, 600_000, 1_200_000, 1_800_000]) == [false, false, false, false])
    }

    @Test func `a late one counts, and is forgotten if two newer ones are known`() {
        #expect(occurrences([500_000, 100_000, 300_000]) == [false, false, true])
        #expect(occurrences([500_000, 600_000, 0, 900_000]) == [false, false, false, true])
    }

    @Test func `no code but GLITCH has to recur`() {
        #expect(Code.allCases.filter { Recurrence.isAsked(of: $0) } == [.glitch])
    }

    /// Against all times kept: three in ten minutes with the newest two before it and itself.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `two times are enough to remember`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var memory: Recurrence?
        var all: [Int64] = []
        var time: Int64 = 0
        for step in 0..<200 {
            time += Int64.random(in: -120_000...400_000, using: &random)
            let three = all.sorted().suffix(2) + [time]
            let expected = three.count == 3 && three.max()! - three.min()! < 600_000
            #expect(
                Recurrence.occurs(&memory, atRecvMs: time) == expected,
                "seed \(seed), step \(step)")
            all.append(time)
        }
    }
}
