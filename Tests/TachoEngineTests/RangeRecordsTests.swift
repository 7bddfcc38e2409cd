import Foundation
import TachoAudit
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// Amendments and losses of a range on their way into a segment.
@Suite(.serialized)
struct RangeRecordsTests {
    /// Writes down what a segment would get.
    private struct Recorder: SegmentTaker {
        var lines: [String] = []

        mutating func add(
            rider name: [UInt8], fixes: UnsafeBufferPointer<StoredFix>,
            arrivals: UnsafeBufferPointer<UInt32>
        ) throws(SegmentWriteError) {}

        mutating func add(
            amendment: Amendment, riderName: [UInt8]
        ) throws(SegmentWriteError) {
            let name = String(decoding: riderName, as: UTF8.self)
            lines.append(
                "\(amendment.sequence) \(name) \(amendment.tsMs) \(amendment.ordinal)")
        }

        mutating func add(
            acceptedLoss interval: ClosedRange<UInt64>, ruleSet: UInt16
        ) throws(SegmentWriteError) {
            lines.append("\(interval.lowerBound) lost by \(ruleSet)")
        }
    }

    private struct Row: Hashable {
        var sequence: UInt64
        var name: String
        var tsMs: Int64
        var ordinal: UInt16
        var line: String { "\(sequence) \(name) \(tsMs) \(ordinal)" }
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `records come in the order of segments, however many one sequence has`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        // Numbers of riders are in another order than their names.
        let names = (0..<30).map { "r\($0)" }.shuffled(using: &random)
        for name in names { try engine.add(name, fix(1)) }
        var rows: Set<Row> = []
        for _ in 0..<400 {
            // Half of them of one sequence, as after a recomputation.
            rows.insert(
                Row(
                    sequence: random.chance(50) ? 20 : UInt64(random.number(1...60)),
                    name: names[random.number(0...29)], tsMs: Int64(random.number(-5...5)) * 1_000,
                    ordinal: UInt16(random.number(0...2))))
        }
        let batch = RowBatch(engine.store.database)
        for row in rows {
            let number = try #require(
                Array(row.name.utf8).withUnsafeBytes { engine.riders.number(of: $0) })
            let amendment = Amendment(
                rider: number, tsMs: row.tsMs, ordinal: row.ordinal, sequence: row.sequence,
                verdict: Verdict(), ruleSet: 5, cause: .rulesChanged)
            batch.put(
                .amendLog, Keys.amendLog(range: 7, amendment),
                AmendmentRow.bytes(Verdict(), ruleSet: 5, cause: .rulesChanged))
            // Of the ranges beside it.
            for range in [6, 8] as [UInt32] {
                batch.put(
                    .amendLog, Keys.amendLog(range: range, amendment),
                    AmendmentRow.bytes(Verdict(), ruleSet: 5, cause: .rulesChanged))
            }
        }
        for first in [20, 40] as [UInt64] {
            batch.put(
                .meta, Keys.loss(first: first), RangeRow(first: first, last: first).encoded())
        }
        try engine.store.database.write(batch, sync: false)
        let content = RangeContent(
            range: 7, row: RangeRow(first: 1, last: 60), ruleSet: 3,
            database: engine.store.database, riders: engine.riders, isStopping: { false })
        var expected = rows.sorted { a, b in
            if a.sequence != b.sequence { return a.sequence < b.sequence }
            if a.name != b.name { return a.name.utf8.lexicographicallyPrecedes(b.name.utf8) }
            return (a.tsMs, a.ordinal) < (b.tsMs, b.ordinal)
        }.map(\.line)
        for first in [40, 20] as [UInt64] {
            let place = expected.firstIndex { UInt64($0.split(separator: " ")[0])! >= first }
            expected.insert("\(first) lost by 3", at: place ?? expected.count)
        }
        for limit in [1, 2, 7, 100, RangeContent.sortedAtOnce] {
            var recorder = Recorder()
            try content.pourRecords(into: &recorder, sortedAtOnce: limit)
            #expect(recorder.lines == expected, "seed \(seed), \(limit) at once")
        }
        engine.abandon()
    }
}
