import TachoGeo
import Testing

@testable import TachoAudit

@Suite struct SegmentWriterTests {
    private func refusal(
        _ sequences: ClosedRange<UInt64> = 1...2, id: UInt64 = 1, previous: [UInt8]? = nil,
        _ fill: (inout SegmentTally) throws(SegmentWriteError) -> Void
    ) -> SegmentWriteError? {
        do throws(SegmentWriteError) {
            var tally = try SegmentTally(
                interval: Sample.interval(sequences, id: id, previous: previous))
            try fill(&tally)
            _ = try tally.finish()
            return nil
        } catch {
            return error
        }
    }

    private func add(
        _ tally: inout SegmentTally, _ rider: String, _ times: [Int64], arrivals: [UInt32]? = nil
    ) throws(SegmentWriteError) {
        let fixes = times.map { Sample.fix($0) }
        let arrivals = arrivals ?? times.indices.map { UInt32($0) }
        var failure: SegmentWriteError?
        fixes.withUnsafeBufferPointer { fixes in
            arrivals.withUnsafeBufferPointer { arrivals in
                do throws(SegmentWriteError) {
                    try tally.add(rider: Array(rider.utf8), fixes: fixes, arrivals: arrivals)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }

    private func amendment(_ sequence: UInt64, _ tsMs: Int64 = 1) -> Amendment {
        Amendment(
            rider: 1, tsMs: tsMs, ordinal: 0, sequence: sequence, verdict: Verdict(), ruleSet: 1,
            cause: .candidateDecided)
    }

    @Test func `riders out of order are refused`() {
        let error = refusal { tally throws(SegmentWriteError) in
            try add(&tally, "b", [1])
            try add(&tally, "a", [1])
        }
        #expect(error == .riderOrder("a"))
    }

    @Test func `a rider twice is refused`() {
        let error = refusal { tally throws(SegmentWriteError) in
            try add(&tally, "a", [1])
            try add(&tally, "a", [2])
        }
        #expect(error == .riderOrder("a"))
    }

    @Test func `an empty rider is refused`() {
        #expect(
            refusal { tally throws(SegmentWriteError) in try add(&tally, "", [1]) }
                == .riderOrder(""))
    }

    @Test func `a rider without fixes is refused`() {
        #expect(
            refusal { tally throws(SegmentWriteError) in try add(&tally, "a", []) }
                == .fixOrder("a"))
    }

    @Test func `fixes out of order in time are refused`() {
        #expect(
            refusal { tally throws(SegmentWriteError) in try add(&tally, "a", [2, 1]) }
                == .fixOrder("a"))
    }

    @Test func `fixes of one time out of order of arrival are refused`() {
        let error = refusal { tally throws(SegmentWriteError) in
            try add(&tally, "a", [1, 1], arrivals: [1, 0])
        }
        #expect(error == .fixOrder("a"))
    }

    @Test func `arrivals with a hole are refused`() {
        let error = refusal { tally throws(SegmentWriteError) in
            try add(&tally, "a", [1, 2], arrivals: [0, 2])
        }
        #expect(error == .fixOrder("a"))
    }

    @Test func `an interval that the points do not fill is refused`() {
        #expect(
            refusal(1...3) { tally throws(SegmentWriteError) in try add(&tally, "a", [1, 2]) }
                == .incomplete(expected: 3, found: 2))
    }

    @Test func `a loss fills the interval where points are missing`() {
        let error = refusal(1...3) { tally throws(SegmentWriteError) in
            try add(&tally, "a", [1, 2])
            try tally.add(acceptedLoss: 2...2, ruleSet: 1)
        }
        #expect(error == nil)
    }

    @Test func `a loss that is stated twice is refused`() {
        let error = refusal(1...4) { tally throws(SegmentWriteError) in
            try tally.add(acceptedLoss: 1...3, ruleSet: 1)
            try tally.add(acceptedLoss: 3...4, ruleSet: 1)
        }
        #expect(error == .amendment("sequence 3 is lost twice"))
    }

    @Test func `an amendment outside the interval is refused`() {
        let error = refusal { tally throws(SegmentWriteError) in
            try add(&tally, "a", [1, 2])
            try tally.add(amendment: amendment(3), riderName: [97])
        }
        #expect(error == .amendment("an amendment's sequence 3 is outside the interval"))
    }

    @Test func `amendments out of order are refused`() {
        let error = refusal { tally throws(SegmentWriteError) in
            try add(&tally, "a", [1, 2])
            try tally.add(amendment: amendment(2), riderName: [97])
            try tally.add(amendment: amendment(1), riderName: [97])
        }
        #expect(error == .amendment("the amendment of sequence 1 is out of order"))
    }

    @Test func `a rider after amendments is refused`() {
        let error = refusal { tally throws(SegmentWriteError) in
            try add(&tally, "a", [1])
            try tally.add(amendment: amendment(1), riderName: [97])
            try add(&tally, "b", [1])
        }
        #expect(error == .riderOrder("b"))
    }

    @Test func `segment 1 with a predecessor and segment 2 without one are refused`() {
        let other = [UInt8](repeating: 1, count: 32)
        for (id, previous) in [(1, other), (2, Digest.none), (0, Digest.none)]
            as [(UInt64, [UInt8])]
        {
            let error = refusal(id: id, previous: previous) { tally throws(SegmentWriteError) in
                try add(&tally, "a", [1, 2])
            }
            guard case .interval = error else {
                Issue.record("segment \(id) was not refused")
                continue
            }
        }
    }

    @Test func `a temporary file that exists is not written over`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/tmp/1"
        try FileBytes.write([1, 2, 3], path)
        #expect(throws: SegmentWriteError.fileExists(path: path)) {
            try Sample.range(seed: 1).write(to: path)
        }
        #expect(try FileBytes.read(path) == [1, 2, 3])
    }
}
