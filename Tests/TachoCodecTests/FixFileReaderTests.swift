import TachoGeo
import Testing

@testable import TachoCodec

@Suite struct FixFileReaderTests {
    static let csv = "rider,ts_ms,lat,lon\nr,1,2,3\n"

    private func read(
        _ text: String, piece: Int = 1 << 16, format: FixFileFormat? = nil, rider: String? = nil,
        stem: String = "stem"
    ) -> ReadFile {
        ReadFile(text, piece: piece) {
            FixFileReader(
                format: format, rider: rider.map { Array($0.utf8) }, stem: Array(stem.utf8))
        }
    }

    @Test(arguments: [
        (csv, "r"), ("\u{FEFF}" + csv, "r"), ("\n\n" + csv, "r"),
        (NDJSONReaderTests.line, "r"), ("\u{FEFF}\r\n  " + NDJSONReaderTests.line, "r"),
        ("<gpx><trk>\(GPXReaderTests.point)</trk></gpx>", "stem"),
        ("\u{FEFF}" + GPXReaderTests.gpx(GPXReaderTests.point), "stem"),
        (PLTReaderTests.header + "1,2,0,3,4,1970-01-01,00:00:01", "stem"),
    ])
    func `the first bytes tell the format, however they come`(text: String, rider: String) {
        for piece in [1, 2, 3, 5, 1 << 16] {
            let file = read(text, piece: piece)
            #expect(file.fixes.count == 1, "pieces of \(piece): \(file)")
            #expect(file.rows.map(\.rider) == [rider])
        }
    }

    @Test(
        arguments: [
            ("a.csv", .csv), ("a.CSV.GZ", .csv), ("x.ndjson", .ndjson), ("x.jsonl.gz", .ndjson),
            ("x.json", .ndjson), ("dir.gpx/a.b.gpx", .gpx), ("t.plt", .plt), ("t.txt", nil),
            ("-", nil),
            ("gpx", nil),
        ] as [(String, FixFileFormat?)])
    func `the ending of a name tells the format`(name: String, format: FixFileFormat?) {
        #expect(FixFileFormat.named(name) == format)
    }

    @Test(arguments: [
        [0xFF, 0xD8, 0xFF, 0xE0], [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF], [0xEF, 0xBC, 0x92],
    ])
    func `what is no format at all is refused as CSV, and not kept`(start: [UInt8]) throws {
        for piece in [1, 3, 4_096] {
            var reader = FixFileReader(format: nil, rider: nil, stem: Array("photo".utf8))
            let bytes = start + [UInt8](repeating: 7, count: 3 << 20)
            var (most, failure): (Int, (any Error)?) = (0, nil)
            var at = 0
            while at < bytes.count && failure == nil {
                let end = min(bytes.count, at + (at < 64 ? piece : 1 << 16))
                do {
                    try bytes[at..<end].withUnsafeBytes {
                        try reader.feed($0, isLast: end == bytes.count) { _ in }
                    }
                } catch {
                    failure = error
                }
                most = max(most, reader.bufferedBytes)
                at = end
            }
            #expect(failure != nil, "pieces of \(piece)")
            #expect(most < 2 << 20, "pieces of \(piece): \(most) bytes were kept")
        }
    }

    @Test func `a format that was named is the one that is read`() {
        let named = read(NDJSONReaderTests.line, format: .csv).failure
        #expect(named?.hasSuffix("; it looks like ndjson, which --format ndjson reads") == true)
        #expect(read(Self.csv, format: .gpx).failure?.contains("text outside") == true)
        #expect(read(Self.csv, format: .ndjson).reasons.count == 2)
    }

    @Test func `the rider is the named one, else the name of the file`() {
        let gpx = GPXReaderTests.gpx(GPXReaderTests.point)
        #expect(read(gpx, rider: "me").rows.map(\.rider) == ["me"])
        for stem in ["", String(repeating: "x", count: 129), "a\u{7}b"] {
            #expect(read(gpx, stem: stem).failure?.contains("name one with --rider") == true)
            #expect(read(gpx, rider: "me", stem: stem).rows.map(\.rider) == ["me"])
        }
        // CSV has a column for it, and says so.
        #expect(read("ts_ms,lat,lon\n1,2,3\n").failure?.contains("it lacks rider") == true)
        #expect(read("ts_ms,lat,lon\n1,2,3\n", rider: "me").rows.map(\.rider) == ["me"])
        #expect(read(Self.csv, rider: "me").rows.map(\.rider) == ["r"])
    }

    @Test func `an empty file is an error`() {
        #expect(read("").failure?.contains("the file is empty") == true)
        #expect(read(String(repeating: " ", count: 10_000)).failure != nil)
    }
}
