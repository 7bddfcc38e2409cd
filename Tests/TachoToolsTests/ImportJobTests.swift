import TachoClient
import TachoGeo
import Testing

@testable import TachoTools

@Suite struct ImportJobTests {
    let directory = TemporaryDirectory()

    static let header = "rider,ts_ms,lat,lon\n"

    static func rows(_ count: Int, rider: String = "r") -> String {
        (0..<count).map { "\(rider),\(1_600_000_000_000 + $0 * 1_000),37.5,127.\($0 % 10)\n" }
            .joined()
    }

    static func times(_ count: Int64) -> [Int64] {
        (0..<count).map { 1_600_000_000_000 + $0 * 1_000 }
    }

    func run(
        _ target: MemoryTarget, _ files: [String], stopAfter: Int = Int.max,
        _ change: (inout ImportOptions) -> Void = { _ in }
    ) throws -> ImportOutcome {
        var options = ImportOptions(
            files: files, rejected: .directory(directory.path + "/rejected"))
        options.batchFixes = 10
        options.patience = .seconds(5)
        change(&options)
        let job = ImportJob(
            target: target, options: options, nowMs: 1_700_000_000_000, totalBytes: nil,
            shouldStop: { target.batches.count >= stopAfter })
        return job.run(try files.map { try InputFile(path: $0) })
    }

    @Test func `every row arrives once and in order`() throws {
        let target = MemoryTarget()
        let file = directory.write("a.csv", Self.header + Self.rows(95))
        let outcome = try run(target, [file])
        #expect(outcome.failure == nil)
        #expect(outcome.summary.read == 95)
        #expect(outcome.summary.stored == 95)
        #expect(target.arrived.map(\.entry.fix.tsMs) == Self.times(95))
        #expect(target.batches.map(\.count) == Array(repeating: 10, count: 9) + [5])
        #expect(TemporaryDirectory.names(directory.path) == ["a.csv"])
    }

    @Test func `a refused batch is sent again before the next, so order is kept`() throws {
        let target = MemoryTarget()
        target.refusals = [
            .tryAgain(afterMs: 1, reason: "full"), .tryAgain(afterMs: 0, reason: "full"),
        ]
        let file = directory.write("a.csv", Self.header + Self.rows(35))
        let outcome = try run(target, [file])
        #expect(outcome.failure == nil)
        #expect(outcome.summary.stored == 35)
        #expect(target.arrived.map(\.entry.fix.tsMs) == Self.times(35))
        #expect(target.mostInFlight == 1)
    }

    @Test func `overload that lasts ends the import with try again and what was stored`() throws {
        let target = MemoryTarget()
        target.refusals = Array(repeating: .tryAgain(afterMs: 1, reason: "disk low"), count: 1_000)
        let file = directory.write("a.csv", Self.header + Self.rows(35))
        let outcome = try run(target, [file]) { $0.patience = .milliseconds(20) }
        #expect(outcome.failure?.status == ExitStatus.tryAgain)
        #expect(outcome.failure?.message.contains("disk low") == true)
        #expect(outcome.summary.read == 0)
    }

    @Test func `a store that stops ends the import and the summary says what is in`() throws {
        let target = MemoryTarget()
        let stopped = ToolFailure(ExitStatus.ioError, "stopped")
        let file = directory.write("a.csv", Self.header + Self.rows(35))
        target.refusals = []
        var calls = 0
        let job = ImportJob(
            target: target,
            options: {
                var options = ImportOptions(files: [file], rejected: .workingDirectory)
                options.batchFixes = 10
                return options
            }(), nowMs: 0, totalBytes: nil,
            shouldStop: {
                calls += 1
                if target.batches.count == 2 { target.refusals = [.failed(stopped)] }
                return false
            })
        let outcome = job.run([try InputFile(path: file)])
        #expect(outcome.failure == stopped)
        #expect(outcome.summary.stored == target.arrived.count)
        #expect(outcome.summary.stored < 35)
        #expect(calls > 0)
    }

    @Test func `a stop keeps whole batches and says how to go on`() throws {
        let target = MemoryTarget()
        let file = directory.write("a.csv", Self.header + Self.rows(95))
        let outcome = try run(target, [file], stopAfter: 3)
        #expect(outcome.failure?.status == ExitStatus.interrupted)
        #expect(outcome.summary.stored == target.arrived.count)
        #expect(outcome.summary.stored % 10 == 0)
        #expect((30..<95).contains(outcome.summary.stored))
        let again = try run(target, [file])
        #expect(again.failure == nil)
        #expect(again.summary.duplicate == outcome.summary.stored)
        #expect(target.arrived.count == 95)
    }

    @Test func `malformed lines are kept with line, reason and raw text`() throws {
        let target = MemoryTarget()
        let file = directory.write(
            "ride.csv",
            Self.header + "a,1,400.1667,3\n\na,2,1,2\n,3,1,2\na,4,1\na,x,\"1\",2\n\"a,5,1,2\n")
        let outcome = try run(target, [file])
        #expect(outcome.failure == nil)
        #expect(outcome.summary.malformed == 5)
        #expect(outcome.summary.stored == 1)
        #expect(outcome.summary.read == 6)
        let path = directory.path + "/rejected/ride-20231114T221320Z.ndjson"
        #expect(outcome.rejectedPaths == [path])
        let lines = (TemporaryDirectory.text(path) ?? "").split(separator: "\n")
        #expect(lines.count == 5)
        let first =
            #"{"line":2,"reason":"LAT_RANGE: lat 400.1667 out of range, "#
            + #"did you swap lat and lon?","raw":"a,1,400.1667,3"}"#
        #expect(String(try #require(lines.first)) == first)
        #expect(lines[1].hasPrefix(#"{"line":5,"reason":"RIDER_EMPTY: "#))
        #expect(lines[2].hasPrefix(#"{"line":6,"reason":"ROW_BROKEN: "#))
        #expect(lines[3].hasPrefix(#"{"line":7,"reason":"TS_NOT_INTEGER: ts x "#))
        #expect(lines[3].hasSuffix(#""raw":"a,x,\"1\",2"}"#))
        #expect(lines[4].hasPrefix(#"{"line":8,"reason":"ROW_BROKEN: "#))
    }

    @Test func `a second import in the same second gets a rejected file of its own`() throws {
        let file = directory.write("a.csv", Self.header + "a,1,91,3\nb,1,2,3\n")
        let first = try run(MemoryTarget(), [file])
        let second = try run(MemoryTarget(), [file])
        #expect(second.rejectedPaths[0].hasSuffix("-2.ndjson"))
        #expect(
            TemporaryDirectory.read(first.rejectedPaths[0])
                == TemporaryDirectory.read(second.rejectedPaths[0]))
    }

    @Test func `a named file takes the rejected lines of all inputs`() throws {
        let one = directory.write("a.csv", Self.header + "a,1,91,3\nb,1,2,3\n")
        let two = directory.write("b.csv", Self.header + "c,1,92,3\n")
        let place = directory.path + "/mine.ndjson"
        let outcome = try run(MemoryTarget(), [one, two]) { $0.rejected = .file(place) }
        #expect(outcome.rejectedPaths == [place])
        #expect(TemporaryDirectory.text(place)?.split(separator: "\n").count == 2)
    }

    @Test func `a place that cannot be written ends the import with cannot create`() throws {
        let file = directory.write("a.csv", Self.header + "a,1,91,3\n")
        let outcome = try run(MemoryTarget(), [file]) {
            $0.rejected = .file("/nowhere/at/all.ndjson")
        }
        #expect(outcome.failure?.status == ExitStatus.cannotCreate)
    }

    @Test func `what is no CSV is bad data`() throws {
        let target = MemoryTarget()
        let contents = ["", "hello\n", "\u{0}\u{1}\u{2}\n", "rider,ts_ms,lat\n"]
        for (number, content) in contents.enumerated() {
            let file = directory.write("bad\(number).csv", content)
            #expect(try run(target, [file]).failure?.status == ExitStatus.badData)
        }
        let bytes = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 * 37) }
        let noise = directory.write("noise.csv", bytes)
        #expect(try run(target, [noise]).failure?.status == ExitStatus.badData)
        #expect(target.arrived.isEmpty)
    }

    @Test func `nothing valid at all is bad data and a header alone is not`() throws {
        let allBad = directory.write("a.csv", Self.header + "a,1,91,3\nb,x,2,3\n")
        let outcome = try run(MemoryTarget(), [allBad])
        #expect(outcome.failure?.status == ExitStatus.badData)
        #expect(outcome.summary.malformed == 2)
        let empty = directory.write("b.csv", Self.header)
        #expect(try run(MemoryTarget(), [empty]).failure == nil)
    }

    @Test func `gzip reads as the plain file, and damage ends the import`() throws {
        let text = Array((Self.header + Self.rows(3_000)).utf8)
        let gzip = GzipReaderTests.compressed(text)
        let whole = MemoryTarget()
        #expect(try run(whole, [directory.write("a.csv.gz", gzip)]).summary.stored == 3_000)
        let lastMs = try #require(whole.arrived.last).entry.fix.tsMs
        #expect(lastMs == 1_600_002_999_000)

        let cut = try run(MemoryTarget(), [directory.write("b.csv.gz", Array(gzip.dropLast(9)))])
        #expect(cut.failure?.status == ExitStatus.error)
        #expect(cut.failure?.message.contains("before the damage are stored") == true)
        #expect(cut.summary.stored > 0)

        let nothing = try run(MemoryTarget(), [directory.write("c.csv.gz", Array(gzip[..<12]))])
        #expect(nothing.failure?.status == ExitStatus.badData)
    }

    @Test func `recv_ms makes a row claimed and its absence makes it history`() throws {
        let target = MemoryTarget()
        let file = directory.write(
            "a.csv",
            "recv_ms,rider,ts_ms,lat,lon,src\n1700,a,1,2,3,gps\n,a,2,2,3,\nx,a,3,2,3,mock\n")
        let outcome = try run(target, [file]) { $0.vehicle = .bicycle }
        #expect(outcome.summary.stored == 3)
        #expect(outcome.summary.fieldDropped == 1)
        let entries = target.arrived.map(\.entry)
        #expect(entries.map(\.provenance) == [.claimed, .history, .history])
        #expect(entries[0].claimedRecvMs == 1_700)
        #expect(entries.map(\.fix.source) == [.gps, .unknown, .mock])
        #expect(target.batches[0].vehicle == .bicycle)
    }

    @Test func `unknown columns are ignored with a warning that names the file`() throws {
        let file = directory.write("a.csv", "rider,ts_ms,lat,lon,battery\na,1,2,3,90\n")
        let outcome = try run(MemoryTarget(), [file])
        #expect(outcome.summary.stored == 1)
        #expect(outcome.warnings.count == 1)
        #expect(outcome.warnings[0].contains("a.csv"))
        #expect(outcome.warnings[0].contains("battery"))
    }

    @Test func `a file without riders takes the given one`() throws {
        let target = MemoryTarget()
        let file = directory.write("a.csv", "ts_ms,lat,lon\n1,2,3\n")
        let outcome = try run(target, [file]) { $0.rider = Array("me".utf8) }
        #expect(outcome.summary.stored == 1)
        #expect(target.arrived.map(\.rider) == [Array("me".utf8)])
        #expect(try run(MemoryTarget(), [file]).failure?.status == ExitStatus.badData)
    }

    @Test(arguments: ["a.geojson", "A.FIT", "x.tcx.gz", "x.kml", "rides.zip"])
    func `files of other formats are refused with how to convert them`(name: String) {
        let failure = InputFile.formatDefect(name)
        #expect(failure?.status == ExitStatus.error)
        #expect(failure?.message.contains("csv, ndjson, gpx and GeoLife plt are read") == true)
    }

    @Test func `a missing file and a directory are errors that name them`() {
        let missing = #expect(throws: ToolFailure.self) { try InputFile(path: "/no/such.csv") }
        #expect(missing?.status == ExitStatus.error)
        #expect(missing?.message.contains("/no/such.csv") == true)
        let folder = #expect(throws: ToolFailure.self) { try InputFile(path: directory.path) }
        #expect(folder?.message.contains("is a directory") == true)
        #expect(InputFile.formatDefect("rides.csv.gz") == nil)
        #expect(InputFile.formatDefect("-") == nil)
    }
}
