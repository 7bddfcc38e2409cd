import Logging
import TachoClient
import TachoCodec
import TachoEngine
import TachoGeo
import TachoServer
import Testing

@testable import TachoTools

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The tools over the real engine, with the bundled real tracks: in a directory and over a server.
@Suite struct EndToEndTests {
    let directory = TemporaryDirectory()
    var data: String { directory.path + "/data" }

    /// 2023-11-14: after every fix of the sample.
    static let nowMs: Int64 = 1_700_000_000_000

    /// Beside this file, so that a bare clone has it.
    static var sample: String {
        let parts = #filePath.split(separator: "/").dropLast(2)
        return "/" + parts.joined(separator: "/") + "/Fixtures/tiny.csv"
    }

    func open() throws -> Engine {
        var options = EngineOptions(directory: data)
        options.rangeSeconds = 0
        options.nowMs = { Self.nowMs }
        options.minFreeBytes = 0
        return try Engine.open(options)
    }

    func importing(_ target: any Target, _ file: String = sample) throws -> ImportOutcome {
        let options = ImportOptions(files: [file], rejected: .directory(data + "/rejected"))
        let job = ImportJob(
            target: target, options: options, nowMs: Self.nowMs, totalBytes: nil,
            shouldStop: { false })
        return job.run([try InputFile(path: file)])
    }

    /// What `track` must print for each rider: the distinct fixes of a file by time, in order of
    /// arrival where times are equal.
    static func expectedTracks(_ file: String) throws -> [[UInt8]: String] {
        var order: [[UInt8]] = []
        var fixes: [[UInt8]: [Fix]] = [:]
        var seen: [[UInt8]: Set<Fix>] = [:]
        var reader = CSVFixReader()
        try #require(TemporaryDirectory.read(file)).withUnsafeBytes { bytes in
            try reader.feed(bytes, isLast: true, fallbackRider: nil) { row in
                guard row.defect == nil, case .success(let reading) = row.text.read() else {
                    return
                }
                let rider = Array(row.rider)
                if fixes[rider] == nil { order.append(rider) }
                guard seen[rider, default: []].insert(reading.fix).inserted else { return }
                fixes[rider, default: []].append(reading.fix)
            }
        }
        var tracks: [[UInt8]: String] = [:]
        for rider in order {
            let sorted = fixes[rider, default: []].enumerated().sorted {
                ($0.element.tsMs, $0.offset) < ($1.element.tsMs, $1.offset)
            }.map(\.element)
            let hasSource = sorted.contains { $0.source != .unknown }
            var out: [UInt8] = []
            CSVFixWriter.header(hasSource: hasSource, to: &out)
            var writer = CSVFixWriter(hasSource: hasSource)
            rider.withUnsafeBytes { writer.begin(rider: $0) }
            var rows = TextBuffer()
            for fix in sorted { writer.append(fix, to: &rows) }
            tracks[rider] =
                String(decoding: out, as: UTF8.self) + String(decoding: rows.text, as: UTF8.self)
        }
        return tracks
    }

    func track(_ target: any Target, _ rider: [UInt8], _ format: TrackFormat) throws -> String {
        try captured(directory) {
            let request = TrackRequest(rider: rider)
            try TrackJob(target: target, request: request, output: $0).run(format)
        }
    }

    func checkTracks(_ target: any Target, _ tracks: [[UInt8]: String]) throws {
        for (rider, expected) in tracks {
            let name = String(decoding: rider, as: UTF8.self)
            // Compared as one value: a failure would print whole tracks.
            let isEqual = try track(target, rider, .csv) == expected
            #expect(isEqual, "rider \(name)")
        }
    }

    @Test func `import and track give every distinct fix back, also after a restart`() throws {
        let tracks = try Self.expectedTracks(Self.sample)
        #expect(tracks.count == 5)
        var target = LocalTarget(try open(), nowMs: { Self.nowMs })
        let first = try importing(target)
        #expect(first.failure == nil)
        #expect(first.summary.read == 1_892)
        #expect(first.summary.malformed == 0)
        try checkTracks(target, tracks)
        let again = try importing(target)
        #expect(again.summary.duplicate == 1_892)
        try target.close()

        target = LocalTarget(try open(), nowMs: { Self.nowMs })
        try checkTracks(target, tracks)
        #expect(try importing(target).summary.stored == 0)
        let sealed = try target.seal()
        #expect(sealed.map(\.points).reduce(0, +) == Int64(first.summary.stored))
        #expect(sealed.allSatisfy { $0.sha256.count == 64 })
        #expect(try importing(target).summary.stored == 0)
        try checkTracks(target, tracks)
        #expect(try target.seal() == [])
        try rebuilding(target)
        let rows = try target.retire(hotDays: 0, copies: [])
        #expect(rows.kept == [])
        #expect(rows.retired.map(\.points).reduce(0, +) == Int64(first.summary.stored))
        try checkTracks(target, tracks)
        #expect(try importing(target).summary.duplicate == 1_892)
        try target.close()
        target = LocalTarget(try open(), nowMs: { Self.nowMs })
        try checkTracks(target, tracks)
        #expect(try target.retire(hotDays: 0, copies: []) == RetiredRows())
        #expect(throws: ToolFailure.self) { try target.retire(hotDays: nil, copies: []) }
        try target.close()
    }

    /// A missing segment comes again as it was, and then is left alone.
    private func rebuilding(_ target: LocalTarget) throws {
        let path = directory.path + "/data/audit/00000001.seg"
        let bytes = try #require(TemporaryDirectory.read(path))
        #expect(unlink(path) == 0)
        let row = try target.rebuild(segment: 1)
        #expect(row.damage == "\(path) is not there" && row.kept == nil)
        #expect(TemporaryDirectory.read(path) == bytes)
        #expect(try target.rebuild(segment: 1).damage == nil)
        #expect(throws: ToolFailure.self) { try target.rebuild(segment: 9) }
        let text = try captured(directory) { try Reports.rebuild(row, json: false, to: $0) }
        #expect(text.hasPrefix("made segment 1 again: \(row.points) points, sha256 "))
        let json = try captured(directory) { try Reports.rebuild(row, json: true, to: $0) }
        #expect(json.contains(#""rebuilt":true"#) && json.hasSuffix("\"kept\":null}\n"))
    }

    @Test func `a server and a directory print the same`() throws {
        let odd = directory.write(
            "odd.csv",
            "rider,ts_ms,lat,lon,accuracy_m,src\n"
                + "z,32503680000000,1,2,,gps\n\"q,\"\"uoted\",1600000000000,1,2,7.25,mock\n"
                + "z,1600000000000,1,2,,\nz,1600000000000,1.5,2,x,\nz,-5,1,2,,net\n"
                + "z,1600000001000,1,2.5,,\nz,1600000002000,1,2,,\nz,1,127.02,2,,\n")
        let engine = try open()
        let local = LocalTarget(engine, nowMs: { Self.nowMs })
        _ = try importing(local)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = try RespServer.start(
            engine: engine, address: try ListenAddress.parse("127.0.0.1:0"),
            nowMs: { Self.nowMs }, logger: logger)
        let remote = try RemoteTarget(try #require(ServerAddress(server.address)))
        #expect(try importing(remote).summary.duplicate == 1_892)

        let outcome = try importing(remote, odd)
        #expect(outcome.failure == nil)
        #expect(outcome.summary.read == 8)
        #expect(outcome.summary.malformed == 1)
        #expect(outcome.summary.fieldDropped == 1)
        #expect(outcome.summary.conflict == 1)
        #expect(outcome.summary.future == 1)
        #expect(outcome.summary.past == 1)
        #expect(
            outcome.summary.firstFuture == [.init(rider: "z", tsMs: 32_503_680_000_000)])
        #expect(try importing(local, odd).summary.duplicate == 7)

        for rider in ["t1", "t3", "t5", "z", "q,\"uoted"].map({ Array($0.utf8) }) {
            for format in TrackFormat.allCases {
                let here = try track(local, rider, format)
                #expect(here == (try track(remote, rider, format)))
                #expect(here.contains("\n"))
            }
        }
        let riders = ["t5", "t1", "z", "t2"].map { Array($0.utf8) }
        for json in [false, true] {
            func latest(_ target: any Target) throws -> String {
                try captured(directory) {
                    try Reports.latest(riders, from: target, json: json, to: $0)
                }
            }
            let here = try latest(local)
            #expect(here == (try latest(remote)))
            #expect(here.split(separator: "\n").count == 4)
        }
        #expect(local.stats().map(\.name) == (try remote.stats().map(\.name)))
        for target in [local, remote] as [any Target] {
            #expect(throws: ToolFailure.self) { try track(target, Array("nobody".utf8), .csv) }
            #expect(throws: ToolFailure.self) {
                try captured(directory) {
                    try Reports.latest([[120]], from: target, json: true, to: $0)
                }
            }
        }
        #expect(try remote.seal().count == 1)
        #expect(try remote.seal() == [])
        remote.close()
        server.stop()
        try local.close()
    }

    @Test func `tracks of every format that is read give the same fixes in another directory`()
        throws
    {
        let target = LocalTarget(try open(), nowMs: { Self.nowMs })
        _ = try importing(target)
        let riders = ["t1", "t2", "t3", "t4", "t5"]
        let tracks = try riders.map { try track(target, Array($0.utf8), .csv) }
        for format in [TrackFormat.csv, .ndjson, .gpx] {
            let files = try riders.map {
                directory.write(
                    "\($0).\(format.rawValue)", try track(target, Array($0.utf8), format))
            }
            var options = EngineOptions(directory: directory.path + "/" + format.rawValue)
            options.rangeSeconds = 0
            options.nowMs = { Self.nowMs }
            options.minFreeBytes = 0
            let other = LocalTarget(try Engine.open(options), nowMs: { Self.nowMs })
            for file in files {
                let outcome = try importing(other, file)
                #expect(outcome.failure == nil && outcome.summary.malformed == 0)
                #expect(outcome.summary.fieldDropped == 0 && outcome.warnings.isEmpty)
            }
            for (rider, expected) in zip(riders, tracks) {
                let isSame = try track(other, Array(rider.utf8), .csv) == expected
                #expect(isSame, "\(rider) as \(format)")
            }
            try other.close()
        }
        try target.close()
    }

    @Test func `a running server is found through the directory and a dead one is not`() throws {
        let choice = TargetChoice.data(data)
        let absent = #expect(throws: ToolFailure.self) { try choice.open(creates: false) }
        #expect(absent?.status == ExitStatus.cannotCreate)
        let engine = try open()
        let busy = #expect(throws: ToolFailure.self) { try choice.open(creates: true) }
        #expect(busy?.status == ExitStatus.tryAgain)

        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = try RespServer.start(
            engine: engine, address: try ListenAddress.parse("127.0.0.1:0"),
            nowMs: { Self.nowMs }, logger: logger)
        let owner = (TemporaryDirectory.text(data + "/LOCK") ?? "").filter(\.isNumber)
        let note = #"{"pid":\#(owner),"resp":"\#(server.address)","version":"0"}"#
        _ = directory.write("data/tachod.json", note)
        let found = try choice.open(creates: false)
        #expect(found is RemoteTarget)
        try found.close()
        server.stop()
        try engine.close()

        // The note is still there; the lock is free, so the directory is opened.
        let own = try choice.open(creates: false)
        #expect(own is LocalTarget)
        try own.close()
    }

    @Test func `a jump out of a directory's track is an alert with its evidence`() throws {
        let file = directory.write(
            "jump.csv",
            "rider,ts_ms,lat,lon\n"
                + (0..<20).map { index in
                    let lat = index == 12 ? "38.5" : "37.5"
                    return "j,\(1_600_000_000_000 + index * 3_000),\(lat),127\n"
                }.joined())
        let local = LocalTarget(try open(), nowMs: { Self.nowMs })
        let outcome = try importing(local, file)
        #expect(outcome.summary.flagged == 1)
        let lines = try captured(directory) {
            try Reports.alerts(from: local, json: true, to: $0)
        }.split(separator: "\n")
        #expect(lines.count >= 1)
        #expect(lines[0].hasPrefix(#"{"rider":"j","ts_ms":1600000036000,"at_recv_ms":"#))
        #expect(lines[0].contains(#""code":"TELEPORT","severity":"crit""#))
        #expect(lines[0].hasSuffix("}}"))
        try local.close()
    }
}
