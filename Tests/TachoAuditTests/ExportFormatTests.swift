import FormatSpec
import Foundation
import TachoCodec
import TachoGeo
import Testing

@testable import TachoAudit

@Suite struct ExportFormatTests {
    /// The lines of the code block of this language in §11.
    private func example(_ language: String) throws -> String {
        let page = try SpecPage(section: 11)
        let start = try #require(page.lines.firstIndex(of: "```" + language))
        return page.lines[(start + 1)...].prefix { $0 != "```" }.map { $0 + "\n" }.joined()
    }

    @Test(arguments: ExportFormat.allCases)
    func `the example of the page is what is written`(format: ExportFormat) throws {
        let directory = try TemporaryDirectory()
        try SegmentSpecTests.example().seal(in: directory)
        let outcome = try TestExport.run(directory, format) { $0.riders = [Array("8".utf8)] }
        #expect(outcome.text == (try example(format.rawValue)))
    }

    /// The names of the table, which are keys, columns and elements.
    @Test func `the table of fields names the columns`() throws {
        let page = try SpecPage(section: 11)
        let names = page.rows("field | csv, ndjson, geojson").flatMap { cells in
            cells[1].split(separator: ",").map { $0.filter { $0 != "`" && $0 != " " } }
        }
        let header = try #require(try example("csv").split(separator: "\n").first)
        #expect(header.split(separator: ",").map(String.init) == names)
        let kml = Set(AuditKML.arrays.map { "\($0)" })
        for row in page.rows("field | csv, ndjson, geojson") {
            let name = row[3].filter { $0 != "`" }
            #expect(
                kml.contains(name)
                    || ["name of Placemark", "when", "gx:coord", "segment", "block"].contains(name))
        }
    }

    /// A row as the names of its columns and their texts, absent ones left out.
    private typealias Row = [String: String]

    private func csvRows(_ directory: TemporaryDirectory) throws -> [Row] {
        let lines = try TestExport.run(directory).lines
        let names = lines[0].split(separator: ",").map(String.init)
        return lines.dropFirst().map { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            return Row(
                uniqueKeysWithValues: zip(names, fields.map(String.init)).filter { $0.1 != "" })
        }
    }

    /// What a JSON object says, as a row of CSV.
    private func row(_ value: JSONValue) throws -> Row {
        var row = Row()
        for member in try #require(value.members) where member.value != .null {
            let text: String = try #require(member.value.text)
            row[member.key] = text
        }
        return row
    }

    @Test(arguments: UInt64(1)...4)
    func `lines of NDJSON say what CSV says`(seed: UInt64) throws {
        let directory = try TestExport.directory(seed: seed)
        let lines = try TestExport.run(directory, .ndjson).lines
        let rows = try lines.map { try row(try JSONValue.read(Array($0.utf8))) }
        #expect(rows == (try csvRows(directory)), "seed \(seed)")
    }

    @Test(arguments: UInt64(1)...4)
    func `GeoJSON is one object, its features say what CSV says`(seed: UInt64) throws {
        let directory = try TestExport.directory(seed: seed)
        let outcome = try TestExport.run(directory, .geojson)
        let value = try JSONValue.read(outcome.bytes)
        #expect(value["type"] == .string("FeatureCollection"))
        let features = try #require(value["features"]?.elements)
        let rows = try features.map { try row(try #require($0["properties"])) }
        #expect(rows == (try csvRows(directory)), "seed \(seed)")
        for (feature, row) in zip(features, rows) {
            let place = feature["geometry"]?["coordinates"]?.elements?.map(\.text)
            #expect(place == [row["lon"], row["lat"]] + (row["alt_m"].map { [$0] } ?? []))
        }
    }

    @Test(arguments: UInt64(1)...4)
    func `GPX is read back as the same fixes, and says the rest`(seed: UInt64) throws {
        let directory = try TestExport.directory(seed: seed)
        let outcome = try TestExport.run(directory, .gpx)
        let rows = try csvRows(directory)
        var reader = GPXFixReader(rider: Array("x".utf8))
        var read: [Fix] = []
        try outcome.bytes.withUnsafeBytes { raw in
            try reader.feed(raw, isLast: true) { row in
                if case .success(let reading) = row.text.read() { read.append(reading.fix) }
            }
        }
        #expect(read.count == rows.count, "seed \(seed)")
        for (fix, row) in zip(read, rows) {
            #expect("\(fix.tsMs)" == row["ts_ms"])
            #expect(fix.source.name == row["src"])
        }
        let points = outcome.lines.filter { $0.hasPrefix("<trkpt ") }
        for (point, row) in zip(points, rows) {
            for name in [
                "recv_ms", "claimed_recv_ms", "verdict_at_seal", "verdict", "segment", "block",
                "index",
            ] {
                let text = row[name].map { "<tacho:\(name)>\($0)</tacho:\(name)>" }
                #expect(text.map { point.contains($0) } ?? !point.contains("<tacho:\(name)>"))
            }
        }
        let tracks = outcome.lines.filter { $0.contains("<trkseg>") }.count
        #expect(tracks == 9, "seed \(seed)")
    }

    @Test func `a rider alone is one track, a segment of it for each sealed one`() throws {
        let directory = try TemporaryDirectory()
        var previous = Digest.none
        for id in UInt64(1)...3 {
            var range = SampleRange(interval: Sample.interval(id...id, id: id, previous: previous))
            range.delivered = ["<a&b>": [Sample.fix(Int64(id) * 1_000, lon: 1_800_000_000)]]
            previous = try range.seal(in: directory).sha256
        }
        let lines = try TestExport.run(directory, .gpx).lines
        #expect(
            lines.filter { $0.contains("<trk>") } == ["<trk><name>&lt;a&amp;b&gt;</name><trkseg>"])
        #expect(lines.filter { $0 == "</trkseg><trkseg>" }.count == 2)
        let points = lines.filter { $0.hasPrefix("<trkpt ") }
        #expect(points.count == 3)
        #expect(points.allSatisfy { $0.contains("lon=\"-180.0000000\"") })
        #expect(points.allSatisfy { $0.contains("<tacho:lon>180.0000000</tacho:lon>") })
    }

    @Test(arguments: UInt64(1)...4)
    func `KML has all arrays of a track equally long, and the values of CSV`(seed: UInt64) throws {
        let directory = try TestExport.directory(seed: seed)
        let text = try TestExport.run(directory, .kml).text
        let rows = try csvRows(directory)
        let marks = text.components(separatedBy: "<Placemark>").dropFirst()
        #expect(marks.count == 9)
        var all: [String: [String]] = [:]
        for mark in marks {
            let count = mark.components(separatedBy: "<when>").count
            #expect(mark.components(separatedBy: "<gx:coord>").count == count)
            for name in AuditKML.arrays.map({ "\($0)" }) {
                let part = mark.components(separatedBy: "<gx:SimpleArrayData name=\"\(name)\">")
                let array = part[1].components(separatedBy: "</gx:SimpleArrayData>")[0]
                let values = array.components(separatedBy: "<gx:value>").dropFirst().map {
                    $0.components(separatedBy: "</gx:value>")[0]
                }
                #expect(values.count == count - 1)
                all[name, default: []] += values
            }
        }
        for (name, values) in all {
            #expect(values == rows.map { $0[name] ?? "" }, "\(name), seed \(seed)")
        }
    }

    @Test(arguments: ExportFormat.allCases)
    func `a document without rows is whole`(format: ExportFormat) throws {
        let directory = try TestExport.directory(seed: 1, segments: 1)
        let outcome = try TestExport.run(directory, format) { $0.tsMs = 1...2 }
        #expect(outcome.summary.rows == 0)
        switch format {
        case .csv: #expect(outcome.lines.count == 1)
        case .ndjson: #expect(outcome.bytes.isEmpty)
        case .geojson:
            #expect(try JSONValue.read(outcome.bytes)["features"]?.elements == [])
        case .gpx: #expect(outcome.text.hasSuffix("urn:tacho:gpx:1\">\n</gpx>\n"))
        case .kml: #expect(outcome.text.hasSuffix("</Schema>\n</Document></kml>\n"))
        }
    }
}
