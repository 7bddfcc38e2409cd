import FormatSpec
import TachoCodec
import TachoGeo
import Testing

@testable import TachoStore

/// The stream of verdicts as the journal and the database carry it.
struct VerdictRowTests {
    private let candidate = Verdict(codes: Code.candidate.bit, effect: .hold)

    private func entries(_ count: Int) -> [VerdictEntry] {
        var random = SeededGenerator(seed: UInt64(count))
        return (0..<count).map { index in
            let isDecided = Bool.random(using: &random)
            let causes = AmendCause.allCases
            return VerdictEntry(
                rider: UInt32.random(in: 0...UInt32.max, using: &random),
                tsMs: Int64.random(in: (-1 << 47) + 1..<1 << 47, using: &random),
                ordinal: index % 3 == 0 ? UInt16.random(in: 0...UInt16.max, using: &random) : 0,
                verdict: Verdict(
                    codes: UInt64.random(in: 0...UInt64.max, using: &random),
                    effect: Effect.allCases.randomElement(using: &random)!),
                previous: isDecided
                    ? nil
                    : Verdict(
                        codes: UInt64.random(in: 0...UInt64.max, using: &random),
                        effect: Effect.allCases.randomElement(using: &random)!),
                cause: isDecided ? .decided : .amended(causes.randomElement(using: &random)!))
        }
    }

    private func runs(_ entries: [VerdictEntry]) -> VerdictRuns {
        var runs = VerdictRuns()
        for entry in entries { runs.add(entry) }
        return runs
    }

    private func read(_ value: [UInt8], skipping: Int = 0, limit: Int = .max) throws
        -> (head: VerdictRow.Head, entries: [VerdictEntry])
    {
        try value.withUnsafeBytes {
            try VerdictRow.entries($0, skipping: skipping, limit: limit)
        }
    }

    @Test func `the example of the page decodes to what it says`() throws {
        let tsMs: Int64 = 1_767_312_000_000
        let list = [
            VerdictEntry(
                rider: 7, tsMs: tsMs, ordinal: 0, verdict: candidate, previous: nil,
                cause: .decided),
            VerdictEntry(
                rider: 7, tsMs: tsMs, ordinal: 0, verdict: Verdict(), previous: candidate,
                cause: .amended(.candidateDecided)),
        ]
        let rows = VerdictRow.rows(
            runs(list).runs, first: AlertID(ms: 5, n: 0), before: 41, revision: 3)
        try #require(rows.count == 1)
        let bytes = try SpecPage(section: 22).hex()
        #expect(rows[0].value == bytes)
        let found = try read(bytes)
        #expect(found.entries == list)
        #expect(found.head.before == 41 && found.head.revision == 3 && found.head.count == 2)
    }

    @Test func `the page has the causes that are built`() throws {
        let rows = try SpecPage(section: 22).rows("number")
        let causes = (UInt8(0)...7).compactMap { VerdictCause(code: $0) }
        #expect(rows.map { UInt8($0[0]) } == causes.map(\.code))
        #expect(rows.map { $0[1] } == causes.map(\.name))
    }

    @Test(arguments: [1, 2, 1_023, 1_024, 1_025, 5_000])
    func `entries read back equal from any place, over rows and runs`(count: Int) throws {
        let list = entries(count)
        let made = runs(list)
        #expect(made.count == count && made.bytes == made.runs.reduce(0) { $0 + $1.bytes.count })
        #expect(made.runs.allSatisfy { $0.count <= VerdictRuns.runLength })
        let rows = VerdictRow.rows(
            made.runs, first: AlertID(ms: 9, n: 5), before: 100, revision: 1)
        var at = 0
        for row in rows {
            #expect(
                row.first == AlertID(ms: 9, n: 5 + UInt32(at)) && row.before == UInt64(100 + at))
            let whole = try read(row.value)
            #expect(whole.entries == Array(list[at..<at + row.count]))
            #expect(whole.head.count == row.count)
            for skipping in [1, row.count / 2, row.count - 1, row.count] {
                let part = try read(row.value, skipping: skipping, limit: 3)
                let from = min(at + skipping, at + row.count)
                #expect(part.entries == Array(list[from..<min(from + 3, at + row.count)]))
            }
            at += row.count
        }
        #expect(at == count)
    }

    @Test func `many short runs share a row, and no row is long`() throws {
        var all: [VerdictRuns.Run] = []
        for size in [3, 700, 400, 1_024, 1, 1, 1] { all += runs(entries(size)).runs }
        let rows = VerdictRow.rows(all, first: AlertID(ms: 0, n: 0), before: 0, revision: 0)
        #expect(rows.map(\.count) == [703, 400, 1_024, 3])
        #expect(VerdictRow.rows([], first: AlertID(ms: 0, n: 0), before: 0, revision: 0).isEmpty)
    }

    @Test func `rows cut at any byte, or with one too many, are refused`() throws {
        let value = VerdictRow.rows(
            runs(entries(20)).runs, first: AlertID(ms: 0, n: 0), before: 0, revision: 0)[0].value
        for count in 0..<value.count {
            #expect(throws: StoreError.self, "cut at \(count)") {
                try read(Array(value[..<count]))
            }
        }
        #expect(throws: StoreError.self) { try read(value + [0]) }
        var other = value
        other[0] = 1
        #expect(throws: StoreError.self) { try read(other) }
    }

    @Test func `a run is an event of a group`() throws {
        let run = runs(entries(9)).runs[0]
        var writer = ByteWriter()
        writer.putEvent(.verdicts(run))
        let read = try writer.bytes.withUnsafeBytes { raw in
            var reader = GroupReader(raw)
            return [try reader.next(), try reader.next()]
        }
        #expect(read == [.verdicts(run), nil])
    }
}
