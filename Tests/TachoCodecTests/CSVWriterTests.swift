import TachoCodec
import TachoGeo
import Testing

@Suite struct CSVWriterTests {
    private func write(_ rider: String, _ fix: Fix, hasSource: Bool = false) -> String {
        var out = TextBuffer()
        var writer = CSVFixWriter(hasSource: hasSource)
        Array(rider.utf8).withUnsafeBytes { writer.begin(rider: $0) }
        writer.append(fix, to: &out)
        return String(decoding: out.text, as: UTF8.self)
    }

    @Test func `the header is the import header, with src when asked for`() {
        var out: [UInt8] = []
        CSVFixWriter.header(hasSource: false, to: &out)
        #expect(
            String(decoding: out, as: UTF8.self)
                == "rider,ts_ms,lat,lon,speed_mps,heading_deg,accuracy_m,alt_m\n")
        out = []
        CSVFixWriter.header(hasSource: true, to: &out)
        #expect(
            String(decoding: out, as: UTF8.self)
                == "rider,ts_ms,lat,lon,speed_mps,heading_deg,accuracy_m,alt_m,src\n")
    }

    @Test func `places have seven decimals, the rest no zeros at the end, absent is empty`() {
        #expect(write("r", Fix(tsMs: -5, latE7: 0, lonE7: -1)) == "r,-5,0.0000000,-0.0000001,,,,\n")
        let full = Fix(
            tsMs: 1_700_000_000_123, latE7: -899_999_999, lonE7: 1_800_000_000, speedCms: 1_250,
            headingCdeg: 5, accuracyDm: 30, altitudeDm: -15, source: .fused)
        #expect(
            write("r", full, hasSource: true)
                == "r,1700000000123,-89.9999999,180.0000000,12.5,0.05,3,-1.5,fused\n")
        #expect(write("r", Fix(tsMs: 0, latE7: 0, lonE7: 0), hasSource: true).hasSuffix(",,,,,\n"))
        #expect(
            write("r", Fix(tsMs: 0, latE7: 0, lonE7: 0, speedCms: 0, altitudeDm: 0))
                == "r,0,0.0000000,0.0000000,0,,,0\n")
    }

    @Test func `a name is quoted where it must be`() {
        let fix = Fix(tsMs: 0, latE7: 0, lonE7: 0)
        #expect(write("a,b", fix).hasPrefix("\"a,b\",0,"))
        #expect(write("a\"b", fix).hasPrefix("\"a\"\"b\",0,"))
        #expect(write("배달 기사", fix).hasPrefix("배달 기사,0,"))
    }

    @Test func `what is written is read back as the same fix`() throws {
        let names = ["r", "a,b", "\"", "\"\"x,\"", " spaced ", "기사 7", "x'y;z"]
        for seed in UInt64(0)..<50 {
            var random = Seeded(seed)
            let fixes = Track.wild(&random, count: 40).fixes.map(\.fix)
            var out: [UInt8] = []
            CSVFixWriter.header(hasSource: true, to: &out)
            var rows = TextBuffer()
            var writer = CSVFixWriter(hasSource: true)
            for (i, fix) in fixes.enumerated() {
                Array(names[i % names.count].utf8).withUnsafeBytes { writer.begin(rider: $0) }
                writer.append(fix, to: &rows)
            }
            out.append(contentsOf: rows.text)
            var back: [Fix] = []
            var riders: [String] = []
            var reader = CSVFixReader()
            let bytes = HeapBytes(out)
            try reader.feed(bytes.raw, isLast: true, fallbackRider: nil) { row in
                let reading = try row.text.read().get()
                #expect(!reading.fieldDropped && row.defect == nil)
                back.append(reading.fix)
                riders.append(String(decoding: row.rider, as: UTF8.self))
            }
            #expect(back == fixes, "seed \(seed)")
            #expect(riders == fixes.indices.map { names[$0 % names.count] })
        }
    }

    @Test func `rows written from columns are the rows written from values`() {
        for seed in UInt64(0)..<50 {
            var random = Seeded(seed)
            let fixes = Track.wild(&random, count: 40).fixes
            var columns = ChunkColumns(capacity: fixes.count)
            columns.count = fixes.count
            for (i, fix) in fixes.enumerated() { columns.at.set(i, fix, arrival: 0) }
            for hasSource in [false, true] {
                var writer = CSVFixWriter(hasSource: hasSource)
                Array("a,\u{AE30}".utf8).withUnsafeBytes { writer.begin(rider: $0) }
                var fromColumns = TextBuffer()
                var fromValues = TextBuffer()
                writer.append(columns.at, 5..<fixes.count, to: &fromColumns)
                for fix in fixes[5...] { writer.append(fix.fix, to: &fromValues) }
                let isEqual = fromColumns.text.elementsEqual(fromValues.text)
                #expect(isEqual && fromColumns.count > 0, "seed \(seed)")
            }
        }
    }
}
