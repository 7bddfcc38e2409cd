import TachoClient
import TachoCodec
import TachoGeo
import Testing

@testable import TachoTools

/// Imports of other formats than CSV.
@Suite struct ImportFormatTests {
    let directory = TemporaryDirectory()

    static let csv = "rider,ts_ms,lat,lon\nc,1600000000000,1,2\n"
    static let ndjson = #"{"rider":"n","ts_ms":1600000000000,"lat":1,"lon":2}"# + "\n"
    static let plt =
        "Geolife trajectory\nWGS 84\nAltitude is in Feet\nReserved 3\n0,2,255,x,0,0,2,8421376\n0\n"
        + "1,2,0,10,1,2008-10-23,02:53:04\n"

    static func gpx(_ points: Int, after: String = "</trkseg></trk></gpx>") -> String {
        "<gpx><trk><trkseg>\n"
            + (0..<points).map {
                "<trkpt lat='1' lon='2'><time>2020-09-13T12:26:4\($0 % 10)Z</time>"
                    + "<ele>\($0)</ele></trkpt>\n"
            }.joined() + after
    }

    func run(
        _ files: [String], into target: MemoryTarget = MemoryTarget(),
        _ change: (inout ImportOptions) -> Void = { _ in }
    ) throws -> ImportOutcome {
        var options = ImportOptions(
            files: files, rejected: .directory(directory.path + "/rejected"))
        options.batchFixes = 10
        change(&options)
        let job = ImportJob(
            target: target, options: options, nowMs: 1_700_000_000_000, totalBytes: nil,
            shouldStop: { false })
        return job.run(try files.map { try InputFile(path: $0) })
    }

    @Test func `a list of files of all formats, compressed or not`() throws {
        let target = MemoryTarget()
        let files = [
            directory.write("a.csv", Self.csv), directory.write("b.ndjson", Self.ndjson),
            directory.write("c.ride.gpx", Self.gpx(3)), directory.write("20081023.plt", Self.plt),
            directory.write("E.GPX.gz", GzipReaderTests.compressed(Array(Self.gpx(2).utf8))),
            // By content.
            directory.write("f.txt", Self.gpx(1)), directory.write("g", Self.ndjson),
        ]
        let outcome = try run(files, into: target)
        #expect(outcome.failure == nil)
        #expect(outcome.summary.read == 10)
        #expect(outcome.summary.duplicate == 1)
        #expect(
            target.arrived.map { String(decoding: $0.rider, as: UTF8.self) } == [
                "c", "n", "c.ride", "c.ride", "c.ride", "20081023", "E", "E", "f",
            ])
        #expect(target.arrived[5].entry.fix.altitudeDm == 30)
    }

    @Test func `a named rider and format are of all files`() throws {
        let target = MemoryTarget()
        let files = [
            directory.write("a.txt", Self.gpx(1)), directory.write("b.csv", Self.gpx(2)),
        ]
        let outcome = try run(files, into: target) {
            $0.rider = Array("kim".utf8)
            $0.format = .gpx
        }
        #expect(outcome.failure == nil && outcome.summary.read == 3)
        #expect(target.arrived.allSatisfy { $0.rider == Array("kim".utf8) })
        #expect(
            Set(ImportFormat.allCases.map(\.rawValue))
                == Set(FixFileFormat.allCases.map(\.rawValue)))
        #expect(ImportFormat.allCases.allSatisfy { $0.rawValue == $0.ofFile.rawValue })
    }

    @Test func `points without time are kept with their text and line`() throws {
        let points = "<trkpt lat='1' lon='2'>\n<ele>3</ele></trkpt>\n<trkpt lat='1' lon='2'/>"
        let file = directory.write("walk.gpx", Self.gpx(1, after: points + "</trkseg></trk></gpx>"))
        let outcome = try run([file])
        #expect(outcome.failure == nil && outcome.summary.malformed == 2)
        let lines = (TemporaryDirectory.text(outcome.rejectedPaths[0]) ?? "").split(separator: "\n")
        #expect(outcome.rejectedPaths[0].hasSuffix("/rejected/walk-20231114T221320Z.ndjson"))
        #expect(
            lines == [
                #"{"line":3,"reason":"TS_MISSING: no time","raw":"#
                    + #""<trkpt lat='1' lon='2'>\n<ele>3</ele></trkpt>"}"#,
                #"{"line":5,"reason":"TS_MISSING: no time","raw":"<trkpt lat='1' lon='2'/>"}"#,
            ])
        let nothing = try run([
            directory.write("plan.gpx", Self.gpx(0, after: points + "</trkseg></trk></gpx>"))
        ])
        #expect(nothing.failure?.status == ExitStatus.badData)
        #expect(nothing.failure?.message.contains("the first: TS_MISSING: no time") == true)
    }

    @Test func `damaged XML ends the import with its place, and what came before is stored`() throws
    {
        let target = MemoryTarget()
        let damaged = directory.write("a.gpx", Self.gpx(25, after: "</trkseg></gpx>"))
        let outcome = try run([damaged, directory.write("b.gpx", Self.gpx(1))], into: target)
        #expect(outcome.failure?.status == ExitStatus.error)
        #expect(
            outcome.failure?.message == damaged
                + ": line 27, column 10: </gpx> closes <trk> of line 1; the fixes before the damage are"
                + " stored; 1 more file was not read")
        #expect(target.arrived.count == 25)
        #expect(outcome.summary.stored == 25)
        let nothing = try run([directory.write("c.gpx", "<gpx><trk>")])
        #expect(nothing.failure?.status == ExitStatus.badData)
        #expect(nothing.failure?.message.contains("the fixes before") == false)
    }

    @Test func `a file without a name for its rider asks for one`() throws {
        let file = directory.write(String(repeating: "x", count: 140) + ".gpx", Self.gpx(1))
        let outcome = try run([file])
        #expect(outcome.failure?.status == ExitStatus.usage)
        #expect(outcome.failure?.message.contains("name one with --rider") == true)
        #expect(try run([file]) { $0.rider = [0x6B] }.failure == nil)
    }

    @Test func `names of files give stems`() throws {
        for (name, stem) in [
            ("a.b.gpx", "a.b"), ("x.csv.gz", "x"), ("T.PLT", "T"), ("y.json", "y"), ("z.xml", "z"),
            ("ride.2026-01-01", "ride.2026-01-01"), ("plain", "plain"), (".gpx", ".gpx"),
        ] {
            let file = directory.write(name, "x")
            #expect(try InputFile(path: file).stem == stem)
        }
    }
}
