import Foundation
import Logging
import TachoEngine
import Testing

@testable import TachoServer

struct ReloadTests {
    @Test func `what can change does, the rest needs a restart, a mistake changes nothing`() throws
    {
        let path = NSTemporaryDirectory() + "tachod-" + UUID().uuidString + ".conf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        func write(_ text: String) throws {
            try text.write(toFile: path, atomically: false, encoding: .utf8)
        }
        try write("data = d\nlog-level = notice\nworkers = 2\nhot-days = 30\n")
        let arguments = ["--config", path, "--range-seconds", "60"]
        let reload = SettingsReload(arguments: arguments, given: GivenSettings(arguments))
        #expect(reload.path == path)
        #expect(reload.read() == .unchanged)
        // Overruled by the command line: no change.
        try write("data = d\nlog-level = notice\nworkers = 2\nhot-days = 30\nrange-seconds = 9\n")
        #expect(reload.read() == .unchanged)
        try write("data = d\nlog-level = debug\nworkers = 3\nmin-free = 1G\n")
        #expect(
            reload.read()
                == .applied(
                    ["min-free (1G)", "hot-days (as without it)", "log-level (debug)"],
                    needRestart: ["workers"]))
        // What needs a restart is told each time, the rest once.
        #expect(reload.read() == .applied([], needRestart: ["workers"]))
        try write("data = d\nlog-level = loud\n")
        let choices = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        #expect(
            reload.read()
                == .refused(["\(path), line 2: log-level = loud: one of \(choices) expected"]))
        try write("data = d\nlog-level = debug\nworkers = 2\nmin-free = 1G\n")
        #expect(reload.read() == .unchanged)
    }

    @Test func `an engine and a server take what changed while they run`() throws {
        try withHTTP { _, resp, engine, _ in
            let client = try TestClient(resp)
            let path = NSTemporaryDirectory() + "tachod-" + UUID().uuidString + ".conf"
            defer { try? FileManager.default.removeItem(atPath: path) }
            try "data = d\nmin-free = 0".write(toFile: path, atomically: false, encoding: .utf8)
            let arguments = ["--config", path]
            let level = LogLevel(.notice)
            let reload = SettingsReload(
                arguments: arguments, given: GivenSettings(arguments), level: level)
            try "data = d\nmin-free = 9999999T\nslow-ms = 0\nlog-level = error\nhot-days = 2"
                .write(toFile: path, atomically: false, encoding: .utf8)
            _ = reload.perform(engine, resp, Logger(label: "test"))
            #expect(level.now == .error)
            #expect(engine.tuning.retirement?.hotDays == 2)
            #expect(try client.ask("CONFIG", "GET", "slowlog-log-slower-than").plain.last == "0")
            var reply = try client.ask("T.ADD", "r", "1", "2", "3").errorText ?? ""
            for _ in 0..<200 where !reply.hasPrefix("TRYAGAIN") {
                usleep(20_000)
                reply = try client.ask("T.ADD", "r", "1", "2", "3").errorText ?? ""
            }
            #expect(reply.contains("--min-free"))
        }
    }

    @Test func `loggers follow the level, those that say less stay so`() {
        let log = CapturedLog()
        let level = LogLevel(.notice)
        let logger = Logger(label: "test", factory: { _ in level.handler(log) })
        var quiet = logger
        quiet.logLevel = .error
        logger.info("one")
        level.now = .debug
        logger.info("two")
        quiet.warning("three")
        quiet.error("four")
        level.now = .critical
        quiet.error("five")
        #expect(log.lines.map { $0.split(separator: " ")[1] } == ["two", "four"])
    }
}
