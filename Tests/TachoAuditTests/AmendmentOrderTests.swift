import TachoGeo
import Testing

@testable import TachoAudit

/// What holds over all records of a segment, in segments whose checksums are right.
@Suite struct AmendmentOrderTests {
    private typealias L = AmendmentLayout

    /// Riders anna and bert with points, carl and dora without; the last record is a loss.
    private static let good: [UInt8] = {
        var random = SeededRandom(seed: 22)
        var range = SampleRange(
            interval: Sample.interval(1...24),
            delivered: ["anna": Sample.drive(10, &random), "bert": Sample.drive(10, &random)])
        for (rider, sequence) in [("anna", 1), ("bert", 1), ("carl", 2), ("dora", 3)]
            as [(String, UInt64)]
        {
            range.records.append((rider, Sample.amendment(Sample.startMs, 0, sequence, &random)))
        }
        range.records.append(("", .acceptedLoss(21...24, ruleSet: 3)))
        return try! range.bytes()
    }()

    private func codes(
        of bytes: [UInt8] = good, _ change: (inout Forgery) -> Void
    ) throws -> [SegmentError.Code] {
        var forgery = try Forgery(bytes)
        change(&forgery)
        let report = SegmentCheck.run(.memory(forgery.bytes), deep: false)
        let deep = SegmentCheck.run(.memory(forgery.bytes), deep: true)
        #expect(report.findings == deep.findings)
        return report.findings.map(\.code)
    }

    @Test func `records in order are taken, also two of one fix`() throws {
        #expect(try codes { $0.record(0, L.rider, UInt32(0)) } == [])
        #expect(try codes { $0.record(1, L.rider, UInt32(0)) } == [])
    }

    @Test func `records of one sequence ascend by name, time and ordinal`() throws {
        let names = try codes {
            $0.record(0, L.rider, UInt32(1))
            $0.record(1, L.rider, UInt32(0))
        }
        #expect(names == [.amendment])
        let times = try codes {
            $0.record(1, L.rider, UInt32(0))
            $0.record(1, L.tsMs, Sample.startMs - 1)
            $0.index(2, IndexLayout.minTsMs, Sample.startMs - 1)
        }
        #expect(times == [.amendment])
        let ordinals = try codes {
            $0.record(1, L.rider, UInt32(0))
            $0.record(0, L.ordinal, UInt16(1))
        }
        #expect(ordinals == [.amendment])
    }

    @Test func `a loss stands before amendments of its sequence`() throws {
        let codes = try codes {
            $0.record(3, L.firstSequence, UInt64(21))
            $0.record(3, L.lastSequence, UInt64(21))
        }
        #expect(codes == [.amendment])
    }

    @Test func `riders without points are numbered by their first amendments, and each has one`()
        throws
    {
        let exchanged = try codes {
            $0.record(2, L.rider, UInt32(3))
            $0.record(3, L.rider, UInt32(2))
        }
        #expect(exchanged == [.amendment])
        #expect(try codes { $0.record(2, L.rider, UInt32(3)) } == [.amendment])
        #expect(try codes { $0.record(3, L.rider, UInt32(2)) } == [.counts])
    }

    @Test func `an amendment has a time that a fix can have`() throws {
        for ms in [Fix.timeLimitMs, Int64.max] {
            let above = try codes {
                $0.record(0, L.tsMs, ms)
                $0.index(2, IndexLayout.maxTsMs, ms)
            }
            #expect(above == [.amendment], "\(ms)")
        }
        for ms in [-Fix.timeLimitMs, Int64.min] {
            let below = try codes {
                $0.record(0, L.tsMs, ms)
                $0.index(2, IndexLayout.minTsMs, ms)
            }
            #expect(below == [.amendment], "\(ms)")
        }
        let last = try codes {
            $0.record(0, L.tsMs, Fix.timeLimitMs - 1)
            $0.index(2, IndexLayout.maxTsMs, Fix.timeLimitMs - 1)
        }
        #expect(last == [])
        var random = SeededRandom(seed: 23)
        var range = SampleRange(
            interval: Sample.interval(1...1), delivered: ["a": [Sample.fix(1_000)]])
        range.records = [("a", Sample.amendment(Fix.timeLimitMs, 0, 1, &random))]
        #expect(throws: SegmentWriteError.self) { try range.bytes() }
    }

    @Test func `a segment without points has no times`() throws {
        var range = SampleRange(interval: Sample.interval(1...4))
        range.records = [("", .acceptedLoss(1...4, ruleSet: 3))]
        let bytes = try range.bytes()
        typealias H = HeaderLayout
        #expect(try codes(of: bytes) { $0.header(H.minTsMs, Int64(0)) } == [])
        for field in [H.minRecvMs, H.maxRecvMs, H.minTsMs, H.maxTsMs] {
            let codes = try codes(of: bytes) { $0.header(field, Int64(5)) }
            #expect(codes == [.headerContent], "\(field.name)")
        }
    }
}
