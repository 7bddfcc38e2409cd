import TachoCodec
import TachoGeo
import Testing

/// What a reader handed out, copied.
struct ReadRow: Equatable {
    var line: Int
    var raw: String
    var rider: String
    var fields: [String?]
    var defect: Malformed?
    var isCut: Bool

    init(_ row: FixRecord) {
        func text(_ bytes: UnsafeRawBufferPointer) -> String {
            String(decoding: bytes, as: UTF8.self)
        }
        line = row.line
        raw = text(row.raw)
        rider = text(row.rider)
        let t = row.text
        fields = [
            text(t.ts), text(t.lat), text(t.lon), t.speed.map(text), t.heading.map(text),
            t.accuracy.map(text), t.altitude.map(text), t.source.map(text), t.recv.map(text),
        ]
        defect = row.defect
        isCut = row.isCut
    }
}

/// Reads a whole file in pieces of `piece` bytes.
func readCSV(
    _ bytes: [UInt8], piece: Int = 1 << 16, fallback: [UInt8]? = nil, peak: ((Int) -> Void)? = nil
) throws -> (rows: [ReadRow], warnings: [String]) {
    var reader = CSVFixReader()
    var rows: [ReadRow] = []
    var at = 0
    repeat {
        let end = min(at + piece, bytes.count)
        let copy = HeapBytes(Array(bytes[at..<end]))
        try reader.feed(copy.raw, isLast: end == bytes.count, fallbackRider: fallback) {
            rows.append(ReadRow($0))
        }
        peak?(reader.bufferedBytes)
        at = end
    } while at < bytes.count
    return (rows, reader.warnings)
}

func readCSV(_ text: String, fallback: String? = nil) throws -> [ReadRow] {
    try readCSV(Array(text.utf8), fallback: fallback.map { Array($0.utf8) }).rows
}

@Suite struct CSVReaderTests {
    let header = "rider,ts_ms,lat,lon,speed_mps,heading_deg,accuracy_m,alt_m\n"

    @Test func `columns are found by name in any order`() throws {
        let rows = try readCSV(
            "src,lon,alt_m,lat,recv_ms,ts_ms,rider,accuracy_m,heading_deg,speed_mps\n"
                + "gps,2,7,1,99,5,r,6,4,3\n")
        #expect(rows.count == 1)
        #expect(rows[0].rider == "r")
        #expect(rows[0].fields == ["5", "1", "2", "3", "4", "6", "7", "gps", "99"])
        #expect(rows[0].defect == nil)
    }

    @Test func `an empty optional field is absent and a missing column too`() throws {
        let rows = try readCSV("rider,ts_ms,lat,lon,speed_mps\nr,1,2,3,\n")
        #expect(rows[0].fields == ["1", "2", "3", nil, nil, nil, nil, nil, nil])
    }

    @Test func `header and blank lines are not rows but count as lines`() throws {
        let rows = try readCSV("\n \t\n" + header + "\r\n\na,1,2,3,,,,\n  \nb,1,2,3,,,,\n\n")
        #expect(rows.map(\.rider) == ["a", "b"])
        #expect(rows.map(\.line) == [6, 8])
    }

    @Test func `a byte order mark and CRLF are accepted`() throws {
        let text = "\u{FEFF}" + header.replacing("\n", with: "\r\n") + "a,1,2,3,,,,4\r\n"
        let rows = try readCSV(text)
        #expect(rows.map(\.raw) == ["a,1,2,3,,,,4"])
        #expect(rows[0].fields[6] == "4")
    }

    @Test(arguments: ["\n", "\r\n", "\r", ""])
    func `the last row needs no line break`(end: String) throws {
        let rows = try readCSV(header + "a,1,2,3,,,,4" + end)
        #expect(rows.map(\.fields[6]) == ["4"])
        #expect(rows[0].raw == "a,1,2,3,,,,4")
        let quoted = try readCSV(header + "a,1,2,3,,,,\"4\"" + end)
        #expect(quoted.map(\.fields[6]) == ["4"])
    }

    @Test func `quotes hold commas, doubled quotes and line breaks`() throws {
        let rows = try readCSV(
            "note,rider,ts_ms,lat,lon\n"
                + "\"two\nlines, one\"\"\",\"a,\"\"b\"\"\",\"1\",\"2\",3\nx,c,1,2,3\n")
        #expect(rows.map(\.rider) == ["a,\"b\"", "c"])
        #expect(rows[0].fields[0] == "1")
        #expect(rows.map(\.line) == [2, 4])
        #expect(rows.map(\.defect) == [nil, nil])
    }

    @Test func `an unknown column is ignored with a warning`() throws {
        let read = try readCSV(Array("batt,rider,ts_ms,lat,lon,verdict\n9,r,1,2,3,ok\n".utf8))
        #expect(read.rows[0].rider == "r")
        #expect(
            read.warnings == [
                "column \"batt\" is not known and ignored",
                "column \"verdict\" is not known and ignored",
            ])
    }

    @Test func `a row with too few or too many fields is broken and costs itself only`() throws {
        let rows = try readCSV(
            header + "a,1,2,3\nb,1,2,3,,,,\nc,1,48,5,2,3,,,,\n")
        #expect(rows.map(\.defect) == [.rowBroken, nil, .rowBroken])
        #expect(rows.map(\.raw)[0] == "a,1,2,3")
        #expect(rows.map(\.line) == [2, 3, 4])
    }

    @Test(arguments: ["a\"b,1,2,3", "\"a\"b,1,2,3", "\"a\" ,1,2,3", "a,1,2,\"3", "\"a,1,2,3"])
    func `a quote in the wrong place costs its own line only`(bad: String) throws {
        let rows = try readCSV("rider,ts_ms,lat,lon\n\(bad)\nb,1,2,3\nc,4,5,6\n")
        #expect(rows.map(\.defect) == [.rowBroken, nil, nil])
        #expect(rows[0].raw == bad)
        #expect(rows.map(\.rider) == ["", "b", "c"])
        #expect(rows.map(\.line) == [2, 3, 4])
    }

    @Test func `a file without rider column takes the rider from outside`() throws {
        let rows = try readCSV("ts_ms,lat,lon\n1,2,3\n", fallback: "me")
        #expect(rows.map(\.rider) == ["me"])
        #expect(throws: CSVError.missingColumns(["rider"])) {
            try readCSV("ts_ms,lat,lon\n1,2,3\n")
        }
        let named = try readCSV("rider,ts_ms,lat,lon\nyou,1,2,3\n", fallback: "me")
        #expect(named.map(\.rider) == ["you"])
    }

    @Test func `what is no CSV is refused with what is missing`() throws {
        #expect(throws: CSVError.noHeader) { try readCSV("") }
        #expect(throws: CSVError.noHeader) { try readCSV("\n\r\n  \n") }
        #expect(throws: CSVError.missingColumns(["rider", "ts_ms", "lat", "lon"])) {
            try readCSV("Dear Sir or Madam\nyours\n")
        }
        #expect(throws: CSVError.missingColumns(["lat", "lon"])) {
            try readCSV("rider,ts_ms,latitude,longitude\n")
        }
        #expect(throws: CSVError.duplicateColumn("lat")) {
            try readCSV("rider,ts_ms,lat,lon,lat\n")
        }
        #expect(throws: CSVError.tooManyColumns) {
            try readCSV("rider,ts_ms,lat,lon" + String(repeating: ",x", count: 1_100) + "\n")
        }
        #expect(throws: CSVError.notText) { try readCSV("{\"a\": 1}\n") }
        #expect(throws: CSVError.notText) { try readCSV("rider,ts_ms,lat,lon\rr,1,2,3\rr,1,2,4") }
        let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13]
        #expect(throws: CSVError.notText) { try readCSV(png) }
        let zeros = [UInt8](repeating: 0, count: 3 << 20)
        #expect(throws: CSVError.notText) { try readCSV(zeros) }
        let error = CSVError.missingColumns(["lat"])
        #expect(error.message.contains("it lacks lat;"))
    }

    @Test func `a header may be quoted and spaced`() throws {
        let rows = try readCSV("\"rider\", ts_ms ,\"lat\",lon\nr,1,2,3\n")
        #expect(rows.map(\.rider) == ["r"])
    }

    @Test func `a cut at any byte changes nothing`() throws {
        let text =
            "\u{FEFF}note,rider,ts_ms,lat,lon,speed_mps\r\n\"x,\ny\",\"a\"\"b\",1,2,3,\r\n\r\n"
            + "q,b,1,2,3,4\nbad\"row,c,1,2,3,\n,\"d\",1,2,3,5\n\"open,e,1,2,3,\nz,f,1,2,3,9"
        let bytes = Array(text.utf8)
        let whole = try readCSV(bytes).rows
        #expect(whole.map(\.rider) == ["a\"b", "b", "", "d", "", "f"])
        for piece in 1...bytes.count {
            #expect(try readCSV(bytes, piece: piece).rows == whole, "pieces of \(piece)")
        }
    }

    @Test func `a rider of 10 MB is malformed in bounded memory`() throws {
        let big = String(repeating: "x", count: 10 << 20)
        for text in ["\(big),1,2,3", "\"\(big)\",1,2,3", "\"\(big),1,2,3"] {
            let bytes = Array("rider,ts_ms,lat,lon\na,1,2,3\n\(text)\nb,4,5,6\n".utf8)
            var peak = 0
            let rows = try readCSV(bytes, piece: 1 << 16) { peak = max(peak, $0) }.rows
            #expect(rows.map(\.defect) == [nil, .riderTooLong, nil])
            #expect(rows.map(\.isCut) == [false, true, false])
            #expect(rows.map(\.line) == [2, 3, 4])
            #expect(rows[1].raw.utf8.count == CSVFixReader.maxRowBytes)
            #expect(rows[2].rider == "b")
            #expect(peak <= CSVFixReader.maxRowBytes)
        }
    }

    @Test func `a long row elsewhere is broken, and so is the last one`() throws {
        let big = String(repeating: "9", count: 2 << 20)
        let rows = try readCSV("rider,ts_ms,lat,lon\na,1,2,\(big)\nb,1,2,3\nc,1,2,\(big)")
        #expect(rows.map(\.defect) == [.rowBroken, nil, .rowBroken])
        #expect(rows.map(\.line) == [2, 3, 4])
    }

    @Test(arguments: [-2, -1, 0, 1])
    func `the longest row is the same in one piece and in many`(excess: Int) throws {
        let size = CSVFixReader.maxRowBytes - "a,1,2,3,\n".utf8.count + excess
        let row = "a,1,2,3," + String(repeating: "n", count: size)
        for end in ["\n", "", "\nb,1,2,3,\n"] {
            let bytes = Array(("rider,ts_ms,lat,lon,note\n" + row + end).utf8)
            let whole = try readCSV(bytes, piece: bytes.count).rows
            #expect(whole.map(\.isCut).first == (excess > 0))
            for piece in [4_096, 65_537, bytes.count - 1] {
                #expect(try readCSV(bytes, piece: piece).rows == whole)
            }
        }
    }

    @Test func `an open quote before many rows costs one row`() throws {
        let good = String(repeating: "b,1,2,3\n", count: 400_000)
        let rows = try readCSV("rider,ts_ms,lat,lon\n\"a,1,2,3\n" + good)
        #expect(rows.count == 400_001)
        #expect(rows.filter { $0.defect != nil }.count == 1)
        #expect(rows.last?.line == 400_002)
    }

    @Test func `any bytes at all end in rows or a clear error`() throws {
        let alphabet = Array("\",\r\n ab1\u{FEFF}".utf8)
        for seed in UInt64(0)..<3_000 {
            var random = Seeded(seed)
            var bytes = Array("rider,ts_ms,lat,lon\n".utf8)
            if random.chance(10) { bytes = [] }
            for _ in 0..<Int.random(in: 0..<120, using: &random) {
                bytes.append(alphabet.randomElement(using: &random)!)
            }
            let whole = Result { try readCSV(bytes).rows }
            for piece in [1, 2, 3, 7] {
                let cut = Result { try readCSV(bytes, piece: piece).rows }
                switch (whole, cut) {
                case (.success(let a), .success(let b)): #expect(a == b, "seed \(seed)")
                case (.failure(let a as CSVError), .failure(let b as CSVError)):
                    #expect(a == b, "seed \(seed)")
                default: Issue.record("seed \(seed), pieces of \(piece): \(whole) and \(cut)")
                }
            }
        }
    }

    @Test func `what the caller throws comes through`() throws {
        struct Stop: Error {}
        var reader = CSVFixReader()
        let bytes = HeapBytes(Array((header + "a,1,2,3,,,,\n").utf8))
        #expect(throws: Stop.self) {
            try reader.feed(bytes.raw, isLast: true, fallbackRider: nil) { _ in throw Stop() }
        }
    }
}
