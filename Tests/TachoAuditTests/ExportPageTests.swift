import Foundation
import TachoCodec
import TachoGeo
import Testing

@testable import TachoAudit

/// Choosing rows: threads, areas, pages, as-of.
@Suite struct ExportPageTests {
    /// More rows than a unit has, in several riders and segments.
    private func large(_ seed: UInt64) throws -> TemporaryDirectory {
        try TestExport.directory(seed: seed, segments: 2, riders: 5, points: 9_000)
    }

    @Test(arguments: ExportFormat.allCases)
    func `the bytes do not depend on the number of threads`(format: ExportFormat) throws {
        let directory = try large(3)
        let one = try TestExport.run(directory, format, threads: 1)
        #expect(one.summary.rows > UInt64(3 * ExportFeed.unitPoints))
        for threads in [2, 4] {
            let many = try TestExport.run(directory, format, threads: threads)
            #expect(many.bytes == one.bytes)
            #expect(many.summary == one.summary)
        }
    }

    private func fixes(_ directory: TemporaryDirectory) throws -> [(line: String, at: Coordinate)] {
        try TestExport.run(directory).lines.dropFirst().map { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            func e7(_ text: Substring) -> Int32 {
                Int32((Double(String(text))! * 1e7).rounded())
            }
            return (line, Coordinate(latE7: e7(fields[2]), lonE7: e7(fields[3])))
        }
    }

    @Test(arguments: UInt64(1)...8)
    func `an area holds exactly the points inside`(seed: UInt64) throws {
        let directory = try TestExport.directory(seed: seed)
        let all = try fixes(directory)
        var random = SeededRandom(seed: seed)
        let middle = all.randomElement(using: &random)!.at
        let words = [
            "CIRCLE,\(middle.lat),\(middle.lon),\(Int.random(in: 1...300, using: &random))",
            "BBOX,\(middle.lat - 0.0004),\(middle.lon - 0.0004),\(middle.lat),\(middle.lon)",
            "CELL," + Cell.containing(middle, resolution: 9).hex,
        ]
        for text in words {
            let area = try ExportArea(commaSeparated: text)
            let rows = try TestExport.run(directory) { $0.area = area }.lines.dropFirst()
            let expected = all.filter { area.area.contains($0.at) }.map(\.line)
            #expect(Array(rows) == expected, "seed \(seed), \(text)")
            #expect(!expected.isEmpty && expected.count < all.count, "seed \(seed), \(text)")
        }
    }

    @Test(arguments: UInt64(1)...6)
    func `pages behind each other are the whole, whatever is sealed between them`(
        seed: UInt64
    ) throws {
        let directory = try TestExport.directory(seed: seed)
        let whole = try TestExport.run(directory).lines
        var random = SeededRandom(seed: seed)
        var rows: [String] = []
        var cursor: ExportCursor?
        var sealed = 3
        repeat {
            let limit = UInt64.random(in: 1...200, using: &random)
            let page = try TestExport.run(directory) { query in
                query.limit = limit
                query.after = cursor
            }
            #expect(page.summary.rows <= limit, "seed \(seed)")
            #expect(page.lines[0] == whole[0])
            rows += page.lines.dropFirst()
            cursor = page.summary.cursor
            #expect((cursor != nil) == (rows.count < whole.count - 1), "seed \(seed)")
            if sealed < 6 {
                sealed += 1
                try TestExport.seal(seed: seed + 50, sealed...sealed, in: directory)
            }
        } while cursor != nil
        #expect(rows == Array(whole.dropFirst()), "seed \(seed)")
    }

    @Test func `a page that ends with the last row has no cursor`() throws {
        let directory = try TestExport.directory(seed: 2)
        let whole = try TestExport.run(directory)
        let exact = try TestExport.run(directory) { $0.limit = whole.summary.rows }
        #expect(exact.summary.cursor == nil)
        #expect(exact.bytes == whole.bytes)
        let less = try TestExport.run(directory) { $0.limit = whole.summary.rows - 1 }
        #expect(less.summary.cursor != nil)
        #expect(less.lines == whole.lines.dropLast())
    }

    @Test(arguments: ExportFormat.allCases)
    func `as of some segments the bytes stay, however many are sealed later`(
        format: ExportFormat
    ) throws {
        let directory = try TestExport.directory(seed: 7)
        let before = try TestExport.run(directory, format)
        // Amends fixes of the first three.
        let sha256 = try directory.read(3).withUnsafeBytes { Digest.of($0) }
        let first = try SegmentReader(path: directory.segment(3)).header.interval.lastSequence + 1
        var range = SampleRange(
            interval: Sample.interval(first...first, id: 4, previous: sha256))
        let reader = try SegmentReader(path: directory.segment(1))
        let fix = try SegmentRoundTripTests.read(reader, rider: 0).fixes[5]
        let name = String(decoding: reader.names.name(0), as: UTF8.self)
        range.delivered = [name: [Sample.fix(1_000)]]
        range.records = [
            (
                name,
                .amendment(
                    Amendment(
                        rider: 0, tsMs: fix.fix.tsMs, ordinal: 0, sequence: first,
                        verdict: Verdict(codes: Code.replay.bit, effect: .quarantine), ruleSet: 3,
                        cause: .candidateDecided))
            )
        ]
        try range.seal(in: directory)
        let asOf = try TestExport.run(directory, format) { $0.asOf = 3 }
        #expect(asOf.bytes == before.bytes)
        // The root and SHA-256 of the last segment are now known from the one behind it.
        #expect(asOf.summary.sources.last?.sha256 == sha256)
        let newest = try TestExport.run(directory, format)
        #expect(newest.bytes != before.bytes)
        #expect(newest.text.contains("quarantine:REPLAY"))
    }

    @Test func `as of more segments than there are is refused`() throws {
        let directory = try TestExport.directory(seed: 7, segments: 2)
        #expect {
            _ = try TestExport.run(directory) { $0.asOf = 3 }
        } throws: { error in
            (error as? ExportError)?.exit == .incomplete
        }
    }

    @Test func `as of entries of the log counts its segments, not its keys`() throws {
        let key = LogSample.key()
        let directory = try LogSample.signed(2, by: key)
        let next = LogSample.key()
        _ = try LogSigning.rotate(audit: directory.path, from: key, to: next)
        try TestExport.seal(seed: 3, 3...4, in: directory)
        try LogSample.append(4, to: directory, by: next)
        let sizes = [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 5)].map {
            (UInt64($0), UInt64($1))
        }
        for (size, segments) in sizes {
            #expect(try ExportLog.segments(asOf: size, in: directory.path) == segments)
        }
        #expect(throws: ExportError.self) {
            _ = try TestExport.run(directory) { $0.asOf = 5 }
        }
        let text = try #require(ExportLog.checkpoint(of: directory.path))
        #expect(ExportManifest.size(of: text) == 5)
        let unlogged = try TestExport.directory(seed: 1)
        #expect(try ExportLog.segments(asOf: 9, in: unlogged.path) == 9)
    }

    @Test(arguments: [
        "", "1/1/0", "1/1/0/0/0", "1/2/0/0", "0/0/0/0", "1/0/0/0", "1/1/0/4096", "1/1/+0/0",
        "1/1/-1/0",
        "1/1/4294967296/0", "a/1/0/0",
    ])
    func `what is no cursor is refused`(text: String) {
        #expect(ExportCursor(text) == nil)
    }

    @Test func `a cursor is read as it is written`() {
        let cursor = ExportCursor(asOf: 12, segment: 3, block: 70_000, index: 4_095)
        #expect(cursor.text == "12/3/70000/4095")
        #expect(ExportCursor(cursor.text) == cursor)
    }

    @Test(arguments: UInt64(1)...4)
    func `riders chosen one by one are the rows of all`(seed: UInt64) throws {
        let directory = try TestExport.directory(seed: seed, segments: 4)
        let whole = try TestExport.run(directory).lines.dropFirst()
        var names = Set(whole.map { $0.split(separator: ",")[0] })
        names.insert("nobody")
        for name in names {
            let some = try TestExport.run(directory) { $0.riders = [Array(name.utf8)] }
            #expect(
                Array(some.lines.dropFirst()) == whole.filter { $0.hasPrefix(name + ",") },
                "seed \(seed), \(name)")
            #expect(some.summary.unknownRiders.isEmpty == (name != "nobody"))
        }
    }
}
