import Logging
import TachoClient
import TachoEngine
import TachoGeo
import TachoServer
import Testing

@testable import TachoTools

/// Trips, stops, moments and simplified tracks as the tools print them, from a directory and from a
/// server.
@Suite struct TripToolTests {
    private let directory = TemporaryDirectory()
    private static let nowMs = EndToEndTests.nowMs

    private func withTargets(_ body: (any Target, any Target) throws -> Void) throws {
        var options = EngineOptions(directory: directory.path + "/data")
        options.rangeSeconds = 0
        options.nowMs = { Self.nowMs }
        options.minFreeBytes = 0
        let engine = try Engine.open(options)
        let local = LocalTarget(engine, nowMs: { Self.nowMs })
        let server = try RespServer.start(
            engine: engine, address: try ListenAddress.parse("127.0.0.1:0"),
            nowMs: { Self.nowMs },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let remote = try RemoteTarget(try #require(ServerAddress(server.address)))
        for file in [EndToEndTests.sample, directory.write("ride.csv", Self.ride)] {
            let job = ImportJob(
                target: local,
                options: ImportOptions(
                    files: [file], rejected: .directory(directory.path + "/rejected")),
                nowMs: Self.nowMs, totalBytes: nil, shouldStop: { false })
            #expect(job.run([try InputFile(path: file)]).failure == nil)
        }
        try body(local, remote)
        remote.close()
        server.stop()
        try local.close()
    }

    /// A stop of five minutes every 555 m, 5,000 of them: more trips than a page has; then a silence
    /// of two hours.
    private static let ride: String = {
        var text = "rider,ts_ms,lat,lon,speed_mps\n"
        var ms = 1_500_000_000_000
        for stop in 0..<5_000 {
            let thousandths = 10_000 + stop * 5
            let lat = "\(thousandths / 1_000).\(String(1_000 + thousandths % 1_000).dropFirst())"
            for seconds in [0, 200, 60, 40] {
                ms += seconds * 1_000
                text += "w,\(ms),\(lat)\(seconds == 60 ? "4" : "1"),20,1.5\n"
            }
            ms += 60_000
        }
        return text + "w,\(ms + 7_200_000),35,20,\nw,\(ms + 7_210_000),35.001,20,\n"
    }()

    private func lines(
        _ target: any Target, _ wanted: TripsRequest.Wanted, _ rider: String, json: Bool,
        _ settings: TripSettings = TripSettings()
    ) throws -> [Substring] {
        try captured(directory) { output in
            let request = TripsRequest(
                rider: Array(rider.utf8), wanted: wanted, settings: settings)
            try TripReport.print(request, from: target, json: json, to: output)
        }.split(separator: "\n")
    }

    @Test func `a server and a directory print the same trips and stops`() throws {
        try withTargets { local, remote in
            for rider in ["t1", "t2", "t3", "t4", "t5", "w"] {
                for wanted in [TripsRequest.Wanted.trips, .stops] {
                    for json in [false, true] {
                        let here = try lines(local, wanted, rider, json: json)
                        #expect(here == (try lines(remote, wanted, rider, json: json)))
                        #expect(json || !here.isEmpty, "\(rider)")
                    }
                }
            }
            let short = TripSettings(minStopMs: 60_000, radiusMm: 30_500, gapMs: 300_000)
            let here = try lines(local, .stops, "t4", json: true, short)
            #expect(here == (try lines(remote, .stops, "t4", json: true, short)))
            #expect(here != (try lines(local, .stops, "t4", json: true)))
            #expect(try lines(local, .trips, "w", json: true).count > TripsRequest.pageRows)
        }
    }

    @Test func `each class has its keys, and people can read them`() throws {
        try withTargets { local, _ in
            let trips = try lines(local, .trips, "w", json: true)
            let gap = try #require(trips.first { $0.contains(#""class":"gap""#) })
            #expect(gap.hasPrefix(#"{"rider":"w","class":"gap","from_ts":"#))
            #expect(
                gap.hasSuffix(#","to_lat":35.0000000,"to_lon":20.0000000}"#)
                    && gap.contains(#""from_lat":"#))
            let last = try #require(trips.last)
            #expect(last.contains(#""duration_ms":10000,"from_lat":35.0000000,"#))
            #expect(last.contains(#""points":2,"excluded":0,"max_speed_mps":11.09"#))
            #expect(last.hasSuffix(#","open":true}"#))
            let stop = try #require(try lines(local, .stops, "t4", json: true).first)
            #expect(
                stop == #"{"rider":"t4","class":"stop","from_ts":1286098590000,"#
                    + #""to_ts":1286099324000,"duration_ms":734000,"lat":45.4526167,"#
                    + #""lon":121.3362954,"points":3,"radius_m":19.69,"open":false}"#)
            let text = try #require(try lines(local, .stops, "t4", json: false).first)
            #expect(
                text == "stop  2010-10-03T09:36:30.000Z  2010-10-03T09:48:44.000Z  0:12:14"
                    + "  45.4526167 121.3362954  within 19.69 m  3 points")
            #expect(try lines(local, .stops, "t1", json: false) == ["no stops"])
            #expect(try lines(local, .stops, "t1", json: true).isEmpty)
        }
    }

    @Test func `a moment is printed alike, and nobody knowing is an error`() throws {
        try withTargets { local, remote in
            func at(_ target: any Target, _ ms: Int64, json: Bool) throws -> String {
                try captured(directory) {
                    let query = PositionQuery(rider: Array("t4".utf8), atMs: ms)
                    try PositionReport.print(query, from: target, json: json, to: $0)
                }
            }
            for ms: Int64 in [1_286_099_324_000, 1_286_099_325_500] {
                for json in [false, true] {
                    let here = try at(local, ms, json: json)
                    #expect(here == (try at(remote, ms, json: json)))
                    #expect(here.contains("between") == (!json && ms % 1_000 != 0))
                }
            }
            #expect(
                try at(local, 1_286_099_325_500, json: true).contains(
                    #","interpolated":true}"#))
            for target in [local, remote] {
                let failure = #expect(throws: ToolFailure.self) {
                    try at(target, 5, json: false)
                }
                #expect(failure?.message.contains("t4") == true)
                #expect(throws: ToolFailure.self) { try lines(target, .trips, "x", json: true) }
            }
        }
    }

    @Test func `a distance is printed alike, and its legs are those of the hash`() throws {
        try withTargets { local, remote in
            func lines(
                _ target: any Target, _ rider: String, legs: Bool, json: Bool
            ) throws -> [Substring] {
                try captured(directory) {
                    try DistanceReport.print(
                        DistanceRequest(rider: Array(rider.utf8)), from: target, legs: legs,
                        json: json, to: $0)
                }.split(separator: "\n")
            }
            for rider in ["t1", "t2", "t3", "t4", "t5", "w"] {
                for (legs, json) in [(false, false), (false, true), (true, false), (true, true)] {
                    let here = try lines(local, rider, legs: legs, json: json)
                    #expect(here == (try lines(remote, rider, legs: legs, json: json)), "\(rider)")
                    #expect(legs ? here.count > 10 : here.count == 1, "\(rider)")
                }
            }
            // More legs than a page has: four a stop.
            let all = try lines(local, "w", legs: true, json: true)
            #expect(all.count == 20_003)
            let sum = try #require(all.last)
            #expect(sum.hasPrefix(#"{"rider":"w","metres":"#))
            #expect(sum.contains(#","points":20002,"excluded":"#))
            #expect(sum.contains(#","alg":"v1","gaps":"#) && sum.contains(#","legs_sha256":""#))
            #expect(throws: ToolFailure.self) {
                try lines(remote, "nobody", legs: false, json: true)
            }
        }
    }

    @Test func `a simplified track is printed alike`() throws {
        try withTargets { local, remote in
            func track(_ target: any Target, _ rider: String, _ mm: Int64?) throws -> String {
                try captured(directory) {
                    let request = TrackRequest(rider: Array(rider.utf8), simplifyMm: mm)
                    try TrackJob(target: target, request: request, output: $0).run(.ndjson)
                }
            }
            for (rider, mm) in [("t1", 10_000), ("t4", 500), ("w", 40_000)] as [(String, Int64)] {
                let here = try track(local, rider, mm)
                #expect(here == (try track(remote, rider, mm)), "\(rider)")
                #expect(here.utf8.count < (try track(local, rider, nil)).utf8.count)
            }
        }
    }
}
