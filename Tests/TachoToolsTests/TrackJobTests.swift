import TachoClient
import TachoGeo
import TachoWire
import Testing

@testable import TachoTools

@Suite struct TrackJobTests {
    let directory = TemporaryDirectory()
    static let rider = Array("r,1".utf8)

    static func rows(_ count: Int, sourceAt: Int? = nil) -> [FixRow] {
        (0..<count).map { index in
            var fix = Fix(tsMs: Int64(index), latE7: 5, lonE7: -15, speedCms: 150)
            if index == sourceAt { fix.source = .net }
            return FixRow(fix: fix, recvMs: 64, verdict: index == 1 ? "flag:TELEPORT" : "ok")
        }
    }

    func print(
        _ target: MemoryTarget, _ format: TrackFormat = .csv, rider: [UInt8] = rider
    ) throws -> [Substring] {
        try captured(directory) { output in
            let request = TrackRequest(rider: rider)
            try TrackJob(target: target, request: request, output: output).run(format)
        }.split(separator: "\n")
    }

    @Test func `the src column is there only if a fix has a source`() throws {
        let target = MemoryTarget()
        target.tracks[Self.rider] = Self.rows(25)
        let plain = try print(target)
        #expect(plain.count == 26)
        #expect(plain[0] == "rider,ts_ms,lat,lon,speed_mps,heading_deg,accuracy_m,alt_m")
        #expect(plain[25] == #""r,1",24,0.0000005,-0.0000015,1.5,,,"#)

        target.tracks[Self.rider] = Self.rows(25, sourceAt: 24)
        let sourced = try print(target)
        #expect(sourced[0].hasSuffix("alt_m,src"))
        #expect(sourced[1] == #""r,1",0,0.0000005,-0.0000015,1.5,,,,"#)
        #expect(sourced[25].hasSuffix(",net"))
    }

    @Test(arguments: [nil, 0, 65_535, 65_536, 70_000, 79_999])
    func `a source far behind the first pages still makes the column`(sourceAt: Int?) throws {
        let target = MemoryTarget()
        target.pageFixes = 4_096
        target.tracks[Self.rider] = Self.rows(80_000, sourceAt: sourceAt)
        let lines = try print(target)
        #expect(lines.count == 80_001)
        #expect(lines[0].hasSuffix(",src") == (sourceAt != nil))
        #expect(lines.filter { $0.hasSuffix(",net") }.count == (sourceAt == nil ? 0 : 1))
        for (index, line) in lines.dropFirst().enumerated() where index % 997 == 0 {
            #expect(line.hasPrefix("\"r,1\",\(index),"))
        }
    }

    @Test func `a short track is read once`() throws {
        let target = MemoryTarget()
        target.tracks[Self.rider] = Self.rows(95)
        _ = try print(target)
        #expect(target.pagesRead == 10)
    }

    @Test func `ndjson has every key on every line`() throws {
        let target = MemoryTarget()
        target.tracks[Self.rider] = Self.rows(2)
        let lines = try print(target, .ndjson)
        #expect(lines.count == 2)
        #expect(
            lines[1]
                == #"{"rider":"r,1","ts_ms":1,"lat":0.0000005,"lon":-0.0000015,"speed_mps":1.5,"#
                + #""heading_deg":null,"accuracy_m":null,"alt_m":null,"recv_ms":64,"src":null,"#
                + #""verdict":"flag:TELEPORT"}"#)
    }

    @Test func `a known rider without a fix in the selection gives the header alone`() throws {
        let target = MemoryTarget()
        target.tracks[Self.rider] = []
        #expect(try print(target).count == 1)
    }

    @Test func `an unknown rider is an error`() {
        let failure = #expect(throws: ToolFailure.self) { try print(MemoryTarget()) }
        #expect(failure?.status == ExitStatus.error)
        #expect(failure?.message.contains("r,1") == true)
    }

    @Test func `gpx has one point a fix, and none is a track without points`() throws {
        let target = MemoryTarget()
        target.tracks[Self.rider] = Self.rows(25)
        let lines = try print(target, .gpx)
        #expect(lines.count == 3 + 25 + 2)
        #expect(lines[2].contains("<trk><name>r,1</name><trkseg>"))
        #expect(lines[4].contains("<tacho:verdict>flag:TELEPORT</tacho:verdict>"))
        #expect(lines[29] == "</gpx>")
        target.tracks[Self.rider] = []
        #expect(try print(target, .gpx).count == 5)
    }

    @Test(arguments: [0, 1, 2, 30_000])
    func `geojson is the same however many pages it was made of`(count: Int) throws {
        let target = MemoryTarget()
        target.pageFixes = 700
        target.tracks[Self.rider] = Self.rows(count)
        let text = try print(target, .geojson).joined()
        var whole = GeoJSONTrack(rider: Self.rider)
        for row in Self.rows(count) { whole.append(row.fix, verdict: row.verdict) }
        let isSame = Array(text.utf8) == whole.text()
        #expect(isSame)
    }

    @Test(arguments: TrackFormat.allCases)
    func `an unknown rider is an error before anything is printed`(format: TrackFormat) {
        let failure = #expect(throws: ToolFailure.self) { try print(MemoryTarget(), format) }
        #expect(failure?.status == ExitStatus.error)
    }
}
