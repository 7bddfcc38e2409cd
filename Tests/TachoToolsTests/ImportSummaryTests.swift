import TachoGeo
import Testing

@testable import TachoTools

@Suite struct ImportSummaryTests {
    static func batch(_ times: [Int64], dropped: Set<Int> = []) -> FixBatch {
        var batch = FixBatch()
        for (index, ts) in times.enumerated() {
            Array("r\(index)".utf8).withUnsafeBytes {
                _ = batch.append(
                    rider: $0, fix: Fix(tsMs: ts, latE7: 1, lonE7: 2), provenance: .history,
                    fieldDropped: dropped.contains(index))
            }
        }
        return batch
    }

    @Test func `read is stored, duplicate and malformed together`() {
        var summary = ImportSummary()
        let batch = Self.batch([1, 2, 3, 4, 5].map { $0 + 1_600_000_000_000 })
        summary.add(
            batch, masks: [.stored, .duplicate, [.late, .flagged], [.conflict, .late], .stored])
        summary.addMalformed()
        #expect(summary.read == 6)
        #expect(summary.stored == 4)
        #expect(summary.duplicate == 1)
        #expect(summary.malformed == 1)
        #expect(summary.late == 2)
        #expect(summary.flagged == 1)
        #expect(summary.conflict == 1)
        #expect(summary.fieldDropped == 0)
        let json = String(decoding: summary.json(seconds: 1.25), as: UTF8.self)
        #expect(
            json == #"{"read":6,"stored":4,"duplicate":1,"conflict":1,"late":2,"flagged":1,"#
                + #""malformed":1,"field_dropped":0,"seconds":1.25}"#)
    }

    @Test func `a dropped field counts once and only for a stored fix`() {
        var summary = ImportSummary()
        let batch = Self.batch([1_600_000_000_000, 1_600_000_000_001], dropped: [0, 1])
        summary.add(batch, masks: [.fieldDropped, .duplicate])
        #expect(summary.fieldDropped == 1)
        #expect(summary.stored == 1)
    }

    @Test func `the year 3000 is named with rider and time, the first five one by one`() {
        var summary = ImportSummary()
        let times = (0..<7).map { 32_503_680_000_000 + Int64($0) }
        summary.add(
            Self.batch(times), masks: Array(repeating: [.flagged, .clock], count: times.count))
        #expect(summary.future == 7)
        let note = summary.notes.first ?? ""
        #expect(note.contains("r0 at 3000-01-01T00:00:00.000Z"))
        #expect(note.contains("r4 at"))
        #expect(!note.contains("r5 at"))
        #expect(note.hasSuffix("and 2 more"))
    }

    @Test func `times before 2000 are named apart from the future`() {
        var summary = ImportSummary()
        summary.add(
            Self.batch([-5, 1_600_000_000_000]), masks: [[.flagged, .clock], .stored])
        #expect(summary.past == 1)
        #expect(summary.future == 0)
        #expect(summary.notes.count == 1)
        #expect(summary.notes[0].contains("r0 at 1969-12-31T23:59:59.995Z"))
    }
}
