import FormatSpec
import TachoGeo
import Testing

@testable import TachoCodec

/// The page is the statement; the code is what is tested against it.
@Suite struct SpecTests {
    @Test func `the table of columns is the code's`() throws {
        let table = try #require(try SpecPage(section: 3).table("no"))
        #expect(table.rows.count == Column.allCases.count)
        for (row, column) in zip(table.rows, Column.allCases) {
            #expect(row[0] == "\(column.rawValue)")
            #expect(row[1] == "\(column)")
            #expect(row[3] == "\(column.limits.lowerBound)…\(column.limits.upperBound)")
            #expect(row[4] == column.codecs.map { "\($0)" }.joined(separator: ", "))
            #expect(row[5] == (column.isOptional ? "yes" : "no"))
        }
    }

    @Test func `the table of codecs is the code's`() throws {
        let table = try #require(try SpecPage(section: 3).table("id"))
        #expect(table.column("id").compactMap(UInt8.init) == [0, 1, 2, 3, 4, 5, 6, 7])
        for (id, name) in zip(table.column("id"), table.column("codec")) {
            let codec = try #require(ColumnCodec(rawValue: UInt8(id)!))
            #expect("\(codec)" == name)
        }
        #expect(ColumnCodec(rawValue: 8) == nil)
    }

    @Test(arguments: [0, 1])
    func `examples of column blocks are decoded and encoded to the same bytes`(
        number: Int
    ) throws {
        let section = try SpecPage(section: 3)
        let bytes = section.hex(number: number)
        let track = try exampleTrack(section, number: number)
        #expect(track.columns() == bytes, "\(lines(track.columns()))")
        #expect(try Track(columns: bytes, count: track.fixes.count) == track)
    }

    @Test func `the example of planes is decoded, and encoded to planes of the same values`() throws
    {
        let section = try SpecPage(section: 3)
        let table = try #require(section.table("residuals"))
        let once = table.rows[0][0].split(separator: " ").compactMap { UInt64($0) }
        let times = try #require(Int(table.rows[0][1]))
        let values = (0..<times).flatMap { _ in once }
        let bytes = section.hex(number: 2)
        #expect(try PlanesTests.read(bytes, count: values.count) == values)
        let (packing, own) = PlanesTests.write(values)
        #expect(packing.form == Packing.planes, "\(lines(own))")
        // Another version of LZ4 may find another block.
        #expect(try PlanesTests.read(own, count: values.count) == values)
    }

    @Test func `the example of a chunk is decoded and encoded to the same bytes`() throws {
        let track = try exampleTrack(SpecPage(section: 3))
        let bytes = try SpecPage(section: 4).hex()
        let chunk = track.chunk(rangeID: 7, kind: .main, first: 1_000, last: 1_005)
        #expect(chunk == bytes, "\(lines(chunk))")
        let (back, header) = try Track.read(chunk: bytes)
        #expect(back == track)
        #expect(header.rangeID == 7 && header.count == 5 && header.lastSequence == 1_005)
    }

    @Test func `the header of a chunk lies where the table says`() throws {
        let table = try #require(try SpecPage(section: 4).table("offset"))
        let track = try exampleTrack(SpecPage(section: 3))
        let chunk = track.chunk(
            rangeID: 0x0102_0304, kind: .late, first: 0x1112_1314_1516_1718,
            last: 0x2122_2324_2526_2728)
        let lats = track.fixes.map { Int64($0.fix.latE7) }
        let lons = track.fixes.map { Int64($0.fix.lonE7) }
        let expected: [String: Int64] = [
            "version": 0, "kind": 1, "headerBytes": Int64(ChunkHeader.byteCount),
            "totalBytes": Int64(chunk.count), "rangeID": 0x0102_0304, "count": 5,
            "minLatE7": lats.min()!, "maxLatE7": lats.max()!, "minLonE7": lons.min()!,
            "maxLonE7": lons.max()!, "firstSequence": 0x1112_1314_1516_1718,
            "lastSequence": 0x2122_2324_2526_2728, "firstTsMs": track.fixes.first!.fix.tsMs,
            "lastTsMs": track.fixes.last!.fix.tsMs,
            "checksum": Int64(chunk.dropLast(4).withUnsafeBytes { CRC32C.checksum($0) }),
        ]
        var seen = 0
        var end = 0
        for row in table.rows {
            let (name, type) = (row[3], row[2])
            if name == "columns" {
                #expect(row[0] == "\(end)" && end == ChunkHeader.byteCount)
                continue
            }
            let size = try #require(Int(row[1]))
            let offset = try #require(Int(row[0]))
            let start = offset < 0 ? chunk.count + offset : offset
            if offset >= 0 {
                #expect(offset == end, "a gap before \(name)")
                end = offset + size
            }
            let field = Array(chunk[start..<start + size])
            if type == "bytes" {
                #expect(name == "magic" && field == ChunkHeader.magic)
                #expect(row[4] == "`\(String(decoding: field, as: UTF8.self))`")
                continue
            }
            #expect(Int(type.dropFirst()) == size * 8)
            var value: UInt64 = 0
            for byte in field.reversed() { value = value << 8 | UInt64(byte) }
            let shift = UInt64(64 - size * 8)
            let signed = Int64(bitPattern: value << shift) >> Int64(shift)
            #expect((type.hasPrefix("i") ? signed : Int64(value)) == expected[name], "\(name)")
            seen += 1
        }
        #expect(seen == expected.count)
    }

    @Test func `the table of CSV columns is the code's`() throws {
        let table = try #require(try SpecPage(section: 11).table("column"))
        #expect(table.column("column") == CSVColumn.allCases.map(\.name))
        #expect(table.column("field") == CSVColumn.allCases.map { "\($0)" })
        let mandatory = zip(CSVColumn.allCases, table.column("else")).filter { $1 == "malformed" }
        #expect(mandatory.map(\.0) == CSVColumn.mandatory)
        #expect(CSVColumn.importHeader == Array(CSVColumn.allCases.prefix(8)))
        #expect(CSVFixReader.maxRowBytes == 1_048_576)
    }

    /// The fixes of a table in §3.
    private func exampleTrack(_ section: SpecPage, number: Int = 0) throws -> Track {
        let table = try #require(section.table("ts", number: number))
        var track = Track()
        for row in table.rows {
            func number(_ name: String) throws -> Int64 {
                try #require(Int64(row[table.header.firstIndex(of: name)!]))
            }
            func optional(_ name: String) throws -> Int32 {
                row[table.header.firstIndex(of: name)!] == "-"
                    ? Fix.absent : Int32(try number(name))
            }
            let fix = Fix(
                tsMs: try number("ts"), latE7: Int32(try number("lat")),
                lonE7: Int32(try number("lon")), speedCms: try optional("speed"),
                headingCdeg: try optional("heading"), accuracyDm: try optional("accuracy"),
                altitudeDm: try optional("altitude"),
                source: FixSource(rawValue: UInt8(try number("src")))!)
            track.fixes.append(
                StoredFix(
                    fix: fix, provenance: Provenance(rawValue: UInt8(try number("provenance")))!,
                    vehicle: VehicleClass(rawValue: UInt8(try number("vehicle")))!,
                    verdict: Verdict(
                        codes: UInt64(try number("codes")),
                        effect: Effect(rawValue: UInt8(try number("effect")))!,
                        isTrusted: try number("trusted") == 1),
                    recvMs: try number("recv"), claimedRecvMs: try number("claimed")))
            track.arrivals.append(UInt32(try number("arrival")))
        }
        return track
    }

    private func lines(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
