import TachoGeo
import TachoStore
import Testing

struct KeyTests {
    private func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }

    @Test func `chunk keys sort by rider, time, range and generation`() {
        let ordered = [
            ChunkKey(rider: 1, t0Ms: -Keys.timeOffsetMs + 1, range: 9, generation: 9),
            ChunkKey(rider: 1, t0Ms: -1, range: 9, generation: 9),
            ChunkKey(rider: 1, t0Ms: 0, range: 1, generation: 9),
            ChunkKey(rider: 1, t0Ms: 0, range: 2, generation: 0),
            ChunkKey(rider: 1, t0Ms: 0, range: 2, generation: 1),
            ChunkKey(rider: 1, t0Ms: Keys.timeOffsetMs - 1, range: 0, generation: 0),
            ChunkKey(rider: 256, t0Ms: -5, range: 0, generation: 0),
        ]
        for index in 1..<ordered.count {
            let (a, b) = (Keys.track(ordered[index - 1]), Keys.track(ordered[index]))
            #expect(precedes(a, b))
            #expect(b.count == ChunkKey.byteCount)
        }
    }

    @Test func `chunk keys read back equal from both families`() {
        let key = ChunkKey(rider: .max, t0Ms: -123_456_789, range: 77, generation: 65_535)
        #expect(Keys.track(key).withUnsafeBytes { ChunkKey(trackKey: $0) } == key)
        #expect(Keys.ranges(key).withUnsafeBytes { ChunkKey(rangesKey: $0) } == key)
        #expect(Array(Keys.track(key).dropLast()).withUnsafeBytes { ChunkKey(trackKey: $0) } == nil)
    }

    @Test func `amendments sort by fix and then by sequence`() {
        func key(_ ts: Int64, _ ordinal: UInt16, _ sequence: UInt64) -> [UInt8] {
            Keys.amend(
                Amendment(
                    rider: 3, tsMs: ts, ordinal: ordinal, sequence: sequence, verdict: Verdict(),
                    ruleSet: 1, cause: .lateNeighbour))
        }
        let ordered = [key(-9, 0, 9), key(5, 0, 1), key(5, 0, 256), key(5, 1, 0), key(6, 0, 0)]
        for index in 1..<ordered.count {
            #expect(precedes(ordered[index - 1], ordered[index]))
        }
    }

    @Test func `alert windows sort by start also before 1970`() {
        let starts: [Int64] = [.min, -1, 0, 1, .max]
        let keys = starts.map { Keys.alertWindow(rider: 1, code: 8, startMs: $0) }
        for index in 1..<keys.count { #expect(precedes(keys[index - 1], keys[index])) }
    }

    @Test func `times beyond 48 bits stay at the end of the key space`() {
        #expect(Keys.track(rider: 1, fromMs: .min) == Keys.track(rider: 1, fromMs: -(1 << 47)))
        #expect(Keys.track(rider: 1, fromMs: .max) == Keys.track(rider: 1, fromMs: (1 << 47) - 1))
    }

    @Test func `an amendment's row reads back equal and refuses what it does not know`() throws {
        let verdict = Verdict(codes: .max, effect: .hold, isTrusted: true)
        let bytes = AmendmentRow.bytes(verdict, ruleSet: 3, cause: .lateNeighbour)
        try bytes.withUnsafeBytes {
            let (read, ruleSet, cause) = try AmendmentRow.read($0)
            #expect(read == verdict)
            #expect(ruleSet == 3)
            #expect(cause == .lateNeighbour)
        }
        for count in 0..<bytes.count {
            #expect(throws: StoreError.damaged("")) {
                try Array(bytes[..<count]).withUnsafeBytes { _ = try AmendmentRow.read($0) }
            }
        }
    }
}
