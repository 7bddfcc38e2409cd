import TachoGeo
import TachoWire
import Testing

struct FixReaderTests {
    private func add(_ words: String...) throws -> FixBatch {
        var batch = FixBatch()
        try withArguments(words.map { Array($0.utf8) }) {
            try FixReader.appendOne($0, to: &batch)
        }
        return batch
    }

    private func addTuples(_ words: [String]) throws -> FixBatch {
        var batch = FixBatch()
        try withArguments(words.map { Array($0.utf8) }) { arguments in
            guard case .addMany(let tuples) = try Command.parse(arguments) else {
                Issue.record("\(words) is no batch")
                return
            }
            batch.vehicle = tuples.vehicle
            FixReader.appendTuples(tuples, arguments, to: &batch)
        }
        return batch
    }

    @Test func `one fix with all its options`() throws {
        let batch = try add(
            "T.ADD", "r7", "1700000000000", "37.5", "-127.00000005", "speed", "3.456", "HEADING",
            "360", "Acc", "5", "ALT", "-12.34", "SRC", "fused")
        let expected = Fix(
            tsMs: 1_700_000_000_000, latE7: 375_000_000, lonE7: -1_270_000_001, speedCms: 346,
            headingCdeg: 0, accuracyDm: 50, altitudeDm: -123, source: .fused)
        #expect(batch.entries.map(\.fix) == [expected])
        #expect(riders(batch) == ["r7"])
        #expect(batch.entries[0].provenance == .live)
        #expect(!batch.entries[0].fieldDropped)
    }

    @Test func `an unknown option value is absent and a broken one is dropped`() throws {
        let unknown = try add("T.ADD", "r", "1", "2", "3", "SPEED", "-")
        #expect(unknown.entries[0].fix.speedCms == Fix.absent)
        #expect(!unknown.entries[0].fieldDropped)
        let broken = try add("T.ADD", "r", "1", "2", "3", "SPEED", "fast", "ACC", "4")
        #expect(broken.entries[0].fix.speedCms == Fix.absent)
        #expect(broken.entries[0].fix.accuracyDm == 40)
        #expect(broken.entries[0].fieldDropped)
    }

    @Test(arguments: [
        (["r", "1", "127.02", "37"], "ERR lat 127.02 out of range, did you swap lat and lon?"),
        (["r", "1", "NaN", "37"], "ERR lat NaN is not a number"),
        (["r", "1", "inf", "37"], "ERR lat inf is not a number"),
        (["r", "1", "37", "181"], "ERR lon 181 out of range, -180 to 180 expected"),
        (["r", "1", "37", ""], "ERR lon  is not a number"),
        (["r", "1.5", "37", "127"], "ERR ts 1.5 is not an integer, Unix time in ms expected"),
        (
            ["r", "140737488355328", "37", "127"],
            "ERR ts 140737488355328 out of range, |ts| < 2^47 ms expected"
        ),
        (["", "1", "37", "127"], "ERR rider is empty, 1 to 128 bytes of UTF-8 expected"),
        (["a\0b", "1", "37", "127"], "ERR rider is not UTF-8 text without control characters"),
        (["r", "1", "37", "127", "SPEED"], "ERR syntax error"),
        (["r", "1", "37", "127", "MOOD", "5"], "ERR syntax error"),
    ])
    func `a fix that is none says why and adds nothing`(fields: [String], message: String) throws {
        var batch = FixBatch()
        try withArguments((["T.ADD"] + fields).map { Array($0.utf8) }) { arguments in
            do throws(CommandError) {
                try FixReader.appendOne(arguments, to: &batch)
                Issue.record("\(fields) was taken")
            } catch {
                #expect(error.message == message)
            }
        }
        #expect(batch.count == 0)
    }

    @Test func `a rider of 10,000 bytes is refused`() {
        let rider = String(repeating: "x", count: 10_000)
        #expect(throws: CommandError.malformed(.riderTooLong, value: shortened(rider))) {
            try add("T.ADD", rider, "1", "2", "3")
        }
    }

    private func shortened(_ text: String) -> String { String(text.prefix(64)) + "..." }

    @Test func `a batch keeps a place for every tuple`() throws {
        let batch = try addTuples([
            "T.MADD", "a", "1", "2", "3", "b", "1", "200", "3", "\0", "1", "2", "3", "a", "2", "2",
            "3",
        ])
        #expect(batch.entries.map(\.malformed) == [nil, .latOutOfRange, .riderNotText, nil])
        #expect(riders(batch) == ["a", "", "", "a"])
    }

    @Test func `extended tuples know a dash as unknown`() throws {
        let batch = try addTuples([
            "T.MADDX", "a", "1", "2", "3", "-", "-", "-", "-", "a", "2", "2", "3", "1", "2", "3",
            "4", "a", "3", "2", "3", "-1", "x", "", "4",
        ])
        #expect(batch.entries[0].fix == Fix(tsMs: 1, latE7: 20_000_000, lonE7: 30_000_000))
        let second = Fix(
            tsMs: 2, latE7: 20_000_000, lonE7: 30_000_000, speedCms: 100, headingCdeg: 200,
            accuracyDm: 30, altitudeDm: 40)
        #expect(batch.entries[1].fix == second)
        #expect(batch.entries.map(\.fieldDropped) == [false, false, true])
        #expect(batch.entries[2].fix.altitudeDm == 40)
    }

    @Test func `an import is history, or claimed where it says when`() throws {
        let tuples = [
            "a", "1", "2", "3", "-", "-", "-", "-", "gps", "50", "a", "2", "2", "3", "-", "-", "-",
            "-", "-", "-",
        ]
        let claimed = try addTuples(["T.IMPORT", "claimed", "vehicle", "Foot"] + tuples)
        #expect(claimed.vehicle == .foot)
        #expect(claimed.entries.map(\.provenance) == [.claimed, .history])
        #expect(claimed.entries[0].claimedRecvMs == 50)
        #expect(claimed.entries[0].fix.source == .gps)
        let history = try addTuples(["T.IMPORT", "HISTORY"] + tuples)
        #expect(history.vehicle == nil)
        #expect(history.entries.map(\.provenance) == [.history, .history])
    }

    @Test func `a rider may be called VEHICLE`() throws {
        let batch = try addTuples([
            "T.IMPORT", "HISTORY", "VEHICLE", "1", "2", "3", "-", "-", "-", "-", "-", "-",
        ])
        #expect(riders(batch) == ["VEHICLE"])
    }

    @Test(arguments: UInt64(1)...30)
    func `what a client writes is what the server reads`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        func maybe(_ range: ClosedRange<Int32>) -> Int32 {
            Bool.random(using: &random) ? Fix.absent : Int32.random(in: range, using: &random)
        }
        let fixes = (0..<Int.random(in: 1...50, using: &random)).map { _ in
            Fix(
                tsMs: Int64.random(in: -1 << 46...1 << 46, using: &random),
                latE7: Int32.random(in: -900_000_000...900_000_000, using: &random),
                lonE7: Int32.random(in: -1_800_000_000...1_800_000_000, using: &random),
                speedCms: maybe(0...100_000), headingCdeg: maybe(0...35_999),
                accuracyDm: maybe(0...1_000_000), altitudeDm: maybe(-200_000...1_000_000),
                source: FixSource.allCases.randomElement(using: &random)!)
        }
        var writer = RequestWriter()
        writer.begin(arguments: 2 + fixes.count * FixTuples.Form.imported.width)
        writer.argument("T.IMPORT")
        writer.argument("CLAIMED")
        let rider = Array("라이더".utf8)
        rider.withUnsafeBytes { name in
            for fix in fixes {
                writer.tuple(rider: name, fix: fix, form: .imported, claimedRecvMs: fix.tsMs + 5)
            }
        }
        let heard = hear(writer.bytes, cuts: [])
        let batch = try addTuples(heard.requests[0].map { String(decoding: $0, as: UTF8.self) })
        #expect(batch.entries.map(\.fix) == fixes, "seed \(seed)")
        #expect(batch.entries.map(\.claimedRecvMs) == fixes.map { $0.tsMs + 5 }, "seed \(seed)")
        #expect(batch.entries.allSatisfy { !$0.fieldDropped }, "seed \(seed)")
    }
}
