import Foundation
import Synchronization
import Testing

@testable import TachoClient

/// The client, and the example service, against `tachod` as a process.
@Suite(.serialized) struct RealServerTests {
    /// The programs lie beside the test runner.
    private static func program(_ name: String) throws -> URL {
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let runner = URL(fileURLWithPath: link ?? CommandLine.arguments[0])
        let beside = runner.deletingLastPathComponent().appendingPathComponent(name)
        try #require(
            FileManager.default.isExecutableFile(atPath: beside.path), "\(name) is not built")
        return beside
    }

    /// One life of a server.
    private final class Life {
        let process = Process()
        private(set) var port = 0

        init(_ directory: String, port: Int = 0) throws {
            let output = Pipe()
            let errors = directory + "/errors"
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: errors))
            process.executableURL = try program("tachod")
            process.arguments = [
                "--data", directory + "/data", "--resp", "127.0.0.1:\(port)", "--http", "off",
                "--min-free", "0", "--reserve", "0",
            ]
            process.standardOutput = output
            process.standardError = FileHandle(forWritingAtPath: errors)
            try process.run()
            var line: [UInt8] = []
            while let byte = output.fileHandleForReading.readData(ofLength: 1).first, byte != 0x0A {
                line.append(byte)
            }
            let text = String(decoding: line, as: UTF8.self)
            // ready resp=HOST:PORT …
            let resp = text.split(separator: " ").first { $0.hasPrefix("resp=") }
            self.port = try #require(
                resp?.split(separator: ":").last.flatMap { Int($0) },
                "\(text), \((try? String(contentsOfFile: errors, encoding: .utf8)) ?? "")")
        }

        func end(_ signal: Int32) {
            kill(process.processIdentifier, signal)
            process.waitUntilExit()
        }
    }

    @Test func `the example service does its day's work`() async throws {
        try await withDirectory { directory in
            let life = try Life(directory)
            defer { life.end(SIGTERM) }
            for spool in [[], ["--spool", directory + "/spool"]] {
                let service = Process()
                let output = Pipe()
                service.executableURL = try Self.program("DispatchService")
                service.arguments =
                    ["--server", "127.0.0.1:\(life.port)", "--couriers", "8", "--fixes", "40"]
                    + spool + ["--prefix", spool.isEmpty ? "desk-" : "spooled-"]
                service.standardOutput = output
                try service.run()
                let text = output.fileHandleForReading.readDataToEndOfFile()
                service.waitUntilExit()
                #expect(service.terminationStatus == 0)
                let report = try #require(
                    try JSONSerialization.jsonObject(with: text) as? [String: Any])
                #expect(report["taken"] as? Int == 321)
                // The awaited fix is told to its caller; with a spool to the handler like the others.
                #expect(report["stored"] as? Int == (spool.isEmpty ? 320 : 321))
                #expect(report["failed"] as? Int == 0)
                #expect(report["tracked"] as? Int == 41)
                #expect(report["jumper_is_shown"] as? Bool == false)
                #expect(try #require(report["positions"] as? Int) > 0)
                #expect(try #require(report["alerts"] as? Int) > 0)
            }
        }
    }

    @Test func `over kills of the server each point is stored once and its outcome told once`()
        async throws
    {
        try await withDirectory { directory in
            var life = try Life(directory)
            var configuration = TachoClientConfiguration(endpoints: ["127.0.0.1:\(life.port)"])
            configuration.minBackoffMs = 5
            configuration.maxBackoffMs = 50
            configuration.maxBatchPoints = 200
            let told = Mutex<[UInt64: Int]>([:])
            let failed = Mutex(0)
            configuration.onDelivery = { delivery in
                told.withLock { told in
                    for ticket in delivery.tickets ?? 0..<0 { told[ticket, default: 0] += 1 }
                }
                let bad = delivery.outcomes.count { !$0.isStored }
                failed.withLock { $0 += bad }
            }
            let client = try TachoClient(configuration)
            var taken = 0
            for round in 0..<3 {
                for part in 0..<60 {
                    try await client.submit(Self.fixes(100, from: taken))
                    taken += 100
                    if round < 2, part == 30 {
                        // Some are answered, and some on their way.
                        while client.statistics.pointsAcknowledged < taken / 2 {
                            try await Task.sleep(for: .milliseconds(1))
                        }
                        try await client.submit(Self.fixes(2_000, from: taken))
                        taken += 2_000
                        let port = life.port
                        life.end(SIGKILL)
                        life = try Life(directory, port: port)
                    }
                }
            }
            // The last ones are answered before they are counted.
            try await client.append(Self.fixes(1, from: taken)[0])
            taken += 1
            var found = 0
            for rider in 0..<20 {
                var times: [Int64] = []
                for try await position in client.track("k\(rider)") {
                    times.append(position.fix.tsMs)
                }
                #expect(Set(times).count == times.count, "some of k\(rider) are doubled")
                found += times.count
            }
            let report = await client.shutdown()
            #expect(report == .init(notDelivered: 0, leftInSpool: 0))
            #expect(found == taken)
            #expect(told.withLock { $0.count } == taken - 1)
            #expect(told.withLock { $0.values.allSatisfy { $0 == 1 } })
            #expect(failed.withLock { $0 } == 0)
            #expect(client.statistics.connections == 3)
            life.end(SIGTERM)
        }
    }

    private static func fixes(_ count: Int, from first: Int) -> [RiderFix] {
        (first..<first + count).map { number in
            let (rider, second) = (number % 20, number / 20)
            return RiderFix(
                rider: "k\(rider)", tsMs: testStartMs + Int64(second) * 1_000,
                latDegrees: 37.5 + Double(rider) * 0.01,
                lonDegrees: 127 + Double(second) * 0.000_05)
        }
    }
}
