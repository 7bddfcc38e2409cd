import Logging
import TachoClient
import TachoEngine
import TachoGeo
import TachoServer
import Testing

@testable import TachoTools

/// `tacho explain` and `tacho riders` over the real engine, in a directory and over a server.
struct ExplainToolTests {
    let directory = TemporaryDirectory()
    private static let nowMs: Int64 = 1_700_000_000_000
    private static let ts: Int64 = 1_600_000_000_000

    private func withTargets(_ body: ([any Target]) throws -> Void) throws {
        var options = EngineOptions(directory: directory.path + "/data")
        options.rangeSeconds = 0
        options.nowMs = { Self.nowMs }
        options.minFreeBytes = 0
        let engine = try Engine.open(options)
        let local = LocalTarget(engine, nowMs: { Self.nowMs })
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = try RespServer.start(
            engine: engine, address: try ListenAddress.parse("127.0.0.1:0"),
            nowMs: { Self.nowMs }, logger: logger)
        let remote = try RemoteTarget(try #require(ServerAddress(server.address)))
        var batch = FixBatch()
        for index in 0..<8 {
            let fix = Fix(
                tsMs: Self.ts + Int64(index) * 1_000,
                latE7: 375_000_000 + (index == 5 ? 500_000 : 0), lonE7: 1_270_000_000)
            Array("j".utf8).withUnsafeBytes { name in
                _ = batch.append(rider: name, fix: fix, provenance: .history)
            }
        }
        _ = try engine.append(batch)
        try body([local, remote])
        remote.close()
        server.stop()
        try local.close()
    }

    @Test func `a directory and a server know alike who was where`() throws {
        try withTargets { targets in
            func texts(_ area: String, json: Bool, to: Int64) throws -> [String] {
                let request = try WhoRequest(area: area, fromMs: Self.ts, toMs: to)
                return try targets.map { target in
                    try captured(directory) {
                        try WhoReport.print(request, from: target, json: json, to: $0)
                    }
                }
            }
            let json = try texts("CIRCLE,37.5,127,100", json: true, to: Self.ts + 6_000)
            #expect(json[0] == json[1])
            #expect(
                json[0] == #"{"rider":"j","first_ts":\#(Self.ts),"last_ts":"#
                    + #"\#(Self.ts + 6_000),"points":6}"# + "\n")
            let plain = try texts("cell,8930e1d8c97ffff", json: false, to: Self.ts)
            #expect(plain == ["nobody\n", "nobody\n"])
            let words = try texts(
                "POLYGON,1,4,37,127,38,127,38,128,37,127", json: false, to: Self.ts)
            #expect(words[0] == words[1])
            #expect(
                words[0]
                    == "j  2020-09-13T12:26:40.000Z  2020-09-13T12:26:40.000Z  1 points\n")
            #expect(throws: ToolFailure.self) {
                _ = try WhoRequest(area: "CIRCLE,127,37.5,100", fromMs: 0, toMs: 1)
            }
        }
    }

    @Test func `a directory and a server explain alike`() throws {
        try withTargets { targets in
            for json in [false, true] {
                let texts = try targets.map { target in
                    try captured(directory) {
                        try ExplainJob(target: target, rider: [106], tsMs: Self.ts + 5_000)
                            .print(json: json, to: $0)
                    }
                }
                #expect(texts[0] == texts[1])
                #expect(
                    texts[0].contains("Held as an impossible jump (TELEPORT): 5,560 m in 1.0 s"))
                #expect(
                    texts[0].hasPrefix(json ? #"{"rider":"j","# : "j  2020-09-13T12:26:45.000Z"))
                #expect(texts[0].hasSuffix(json ? "}\n" : ".\n"))
            }
            let pictures = try targets.enumerated().map { number, target in
                let path = directory.path + "/\(number).svg"
                try ExplainJob(target: target, rider: [106], tsMs: Self.ts + 5_000)
                    .draw(into: path)
                return TemporaryDirectory.text(path)
            }
            #expect(pictures[0] == pictures[1])
            #expect(pictures[0]?.hasPrefix("<svg ") == true)
            #expect(!TemporaryDirectory.names(directory.path).contains { $0.hasSuffix(".part") })
        }
    }

    @Test func `nothing to explain is exit code 1 and one line that names the nearest fix`() throws
    {
        try withTargets { targets in
            for target in targets {
                for (rider, tsMs, line) in [
                    (
                        "j", Self.ts + 1,
                        "rider j has no fix at 2020-09-13T12:26:40.001Z (1600000000001); the "
                            + "nearest is at 2020-09-13T12:26:40.000Z (1600000000000)"
                    ), ("k", Self.ts, "no fix of rider k: check the name"),
                ] {
                    let job = ExplainJob(target: target, rider: Array(rider.utf8), tsMs: tsMs)
                    let failure = #expect(throws: ToolFailure.self) {
                        _ = try captured(directory) { try job.print(json: true, to: $0) }
                    }
                    #expect(failure?.status == ExitStatus.error)
                    #expect(failure?.message == line)
                    let path = directory.path + "/none.svg"
                    #expect(throws: ToolFailure.self) { try job.draw(into: path) }
                    #expect(TemporaryDirectory.read(path) == nil)
                }
                let job = ExplainJob(target: target, rider: [106], tsMs: Self.ts)
                let failure = #expect(throws: ToolFailure.self) {
                    try job.draw(into: directory.path + "/no/such/place.svg")
                }
                #expect(failure?.status == ExitStatus.cannotCreate)
            }
        }
    }

    @Test func `riders are set, shown and listed alike`() throws {
        try withTargets { targets in
            for (number, target) in targets.enumerated() {
                let set = try captured(directory) {
                    try RiderReports.set(
                        [.bicycle, .foot][number], of: [106], on: target, json: false, to: $0)
                }
                #expect(
                    set == "j  \(["bicycle", "foot"][number])  8 points  newest "
                        + "2020-09-13T12:26:47.000Z\n")
            }
            try targets[1].setVehicle(.any, of: Array("new".utf8))
            let expected = """
                {"rider":"j","vehicle":"foot","points":8,"newest_ts_ms":1600000007000}
                {"rider":"new","vehicle":"any","points":0,"newest_ts_ms":null}

                """
            for target in targets {
                let list = try captured(directory) {
                    try RiderReports.list(from: target, json: true, to: $0)
                }
                #expect(list == expected)
                let one = try captured(directory) {
                    try RiderReports.get(Array("new".utf8), from: target, json: false, to: $0)
                }
                #expect(one == "new  any  0 points  no fix yet\n")
                let failure = #expect(throws: ToolFailure.self) {
                    try RiderReports.get(
                        [120], from: target, json: true,
                        to: Output(descriptor: -1, name: "nowhere"))
                }
                #expect(failure?.status == ExitStatus.error)
                #expect(failure?.message == "no rider x: check the name")
            }
        }
    }
}
