import Foundation
@testable import TachoAccess
import Testing

struct AccessLogTests {
    private static let dayMs: Int64 = 86_400_000
    private static let nowMs: Int64 = 1_767_312_000_000

    private func withLog(_ body: (String) throws -> Void) throws {
        let directory = NSTemporaryDirectory() + "tacho-access-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(directory)
    }

    private func record(_ number: Int, atMs: Int64 = nowMs) -> AccessRecord {
        AccessRecord(
            atMs: atMs, user: "kim", from: "10.0.0.1:5", command: "T.RANGE",
            rider: Array("r\(number)\"\n".utf8), arguments: [Array("-".utf8), [0xFF, 0x41]])
    }

    private func lines(_ directory: String) throws -> [String] {
        try AccessLogFiles.names(in: directory).flatMap { name in
            try String(contentsOfFile: directory + "/" + name, encoding: .utf8)
                .split(separator: "\n").map(String.init)
        }
    }

    @Test func `a record is a line of JSON, in the file of its day`() throws {
        try withLog { directory in
            let log = try AccessLog(directory)
            try log.append(record(1))
            try log.append(record(2, atMs: Self.nowMs + Self.dayMs))
            log.close()
            #expect(
                AccessLogFiles.names(in: directory) == [
                    "log-20260102.ndjson", "log-20260103.ndjson",
                ])
            let line = try #require(try lines(directory).first)
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(object["user"] as? String == "kim")
            #expect(object["rider"] as? String == "r1\"\n")
            #expect(object["arguments"] as? [String] == ["-", "\u{FFFD}A"])
            #expect((object["chain"] as? String)?.count == 64)
            #expect(try AccessLogCheck.verify(directory).lines == 2)
        }
    }

    @Test func `lines of a day are synced, also soon behind one of the day before`() throws {
        try withLog { directory in
            let log = try AccessLog(directory)
            let synced = DispatchSemaphore(value: 0)
            log.afterSync = { file in
                var (held, named) = (stat(), stat())
                guard fstat(file, &held) == 0,
                    stat(directory + "/log-20260103.ndjson", &named) == 0,
                    held.st_ino == named.st_ino
                else { return }
                synced.signal()
            }
            try log.append(record(1))
            try log.append(record(2, atMs: Self.nowMs + Self.dayMs))
            #expect(synced.wait(timeout: .now() + 20) == .success)
            log.close()
        }
    }

    @Test func `a log goes on behind its newest line, also over a torn one`() throws {
        try withLog { directory in
            for number in 0..<5 {
                let log = try AccessLog(directory)
                try log.append(record(number, atMs: Self.nowMs + Int64(number / 2) * Self.dayMs))
                log.close()
                let names = AccessLogFiles.names(in: directory)
                let path = directory + "/" + (try #require(names.last))
                let handle = try #require(FileHandle(forWritingAtPath: path))
                handle.seekToEndOfFile()
                handle.write(Data(#"{"at_ms":17673"#.utf8))
                try handle.close()
            }
            let log = try AccessLog(directory)
            log.close()
            let report = try AccessLogCheck.verify(directory)
            #expect(report.finding == nil && report.lines == 5 && report.files == 3)
        }
    }

    @Test func `a clock that is set back stays in its file`() throws {
        try withLog { directory in
            let log = try AccessLog(directory)
            try log.append(record(1))
            try log.append(record(2, atMs: Self.nowMs - 3 * Self.dayMs))
            log.close()
            #expect(AccessLogFiles.names(in: directory).count == 1)
            let report = try AccessLogCheck.verify(directory)
            #expect(report.finding == nil && report.lines == 2)
        }
    }

    @Test func `each line that is changed, moved or taken out shows`() throws {
        try withLog { directory in
            let log = try AccessLog(directory)
            for number in 0..<6 { try log.append(record(number)) }
            log.close()
            let whole = try AccessLogCheck.verify(directory)
            #expect(whole.finding == nil && whole.lines == 6)
            let path = directory + "/" + AccessLogFiles.names(in: directory)[0]
            let good = try lines(directory)
            func finding(_ lines: [String], expecting: String? = nil) throws -> String? {
                try (lines.joined(separator: "\n") + "\n").write(
                    toFile: path, atomically: false, encoding: .utf8)
                return try AccessLogCheck.verify(directory, expecting: expecting).finding
            }
            for index in 0..<6 {
                var changed = good
                changed[index] = changed[index].replacingOccurrences(of: "kim", with: "lee")
                #expect(try finding(changed)?.contains("line \(index + 1)") == true)
                var gone = good
                gone.remove(at: index)
                // The last ones leave no trace but in what was noted elsewhere.
                #expect(try finding(gone) != nil || index == 5)
                #expect(try finding(gone, expecting: whole.chain) != nil)
            }
            for index in 0..<5 {
                var moved = good
                moved.swapAt(index, index + 1)
                #expect(try finding(moved) != nil)
            }
            #expect(try finding(good, expecting: whole.chain) == nil)
            #expect(throws: AccessFailure.self) {
                try AccessLogCheck.verify(directory, expecting: "x")
            }
        }
    }

    @Test func `what cannot be written is an error that names the file`() throws {
        try withLog { directory in
            let log = try AccessLog(directory)
            try FileManager.default.removeItem(atPath: directory)
            let failure = #expect(throws: AccessFailure.self) { try log.append(record(1)) }
            #expect(failure?.message.contains("log-20260102.ndjson") == true)
            try "x".write(toFile: directory, atomically: false, encoding: .utf8)
            #expect(throws: AccessFailure.self) { try AccessLog(directory) }
        }
    }

    @Test func `a log whose newest line is no record is not gone on with`() throws {
        try withLog { directory in
            let log = try AccessLog(directory)
            try log.append(record(1))
            log.close()
            let path = directory + "/" + AccessLogFiles.names(in: directory)[0]
            try "{}\n".write(toFile: path, atomically: false, encoding: .utf8)
            #expect(throws: AccessFailure.self) { try AccessLog(directory) }
            #expect(
                try AccessLogCheck.verify(directory).finding?.contains("line 1: no record") == true)
        }
    }
}
