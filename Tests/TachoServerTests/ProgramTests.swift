import Foundation
import FormatSpec
import TachoEngine
import TachoServer
import TachoWire
import Testing

/// `tachod` as a process: what scripts and supervisors see.
struct ProgramTests {
    /// The program lies beside the test runner.
    private static let program: URL? = {
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let runner = URL(fileURLWithPath: link ?? CommandLine.arguments[0])
        let beside = runner.deletingLastPathComponent().appendingPathComponent("tachod")
        return FileManager.default.isExecutableFile(atPath: beside.path) ? beside : nil
    }()

    /// `swift build` has to make tachod before the tests run.
    private struct NotBuilt: Error {}

    private struct Run {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()

        init(_ arguments: String...) throws { try self.init(arguments) }

        init(_ arguments: [String]) throws {
            guard let program = ProgramTests.program else { throw NotBuilt() }
            process.executableURL = program
            process.arguments = arguments
            process.standardOutput = output
            process.standardError = errors
            try process.run()
        }

        /// The ready line, whole; empty if the program ends without one.
        func readyLine() -> String {
            var line: [UInt8] = []
            while line.last != 0x0A {
                guard let byte = output.fileHandleForReading.readData(ofLength: 1).first else {
                    break
                }
                line.append(byte)
            }
            return String(decoding: line, as: UTF8.self)
        }

        /// Whether standard error says so within 20 s; what was said is read.
        func says(_ wanted: String) -> Bool {
            var said: [UInt8] = []
            var place = pollfd(
                fd: errors.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
            for _ in 0..<200 {
                if poll(&place, 1, 100) > 0 {
                    let more = errors.fileHandleForReading.availableData
                    if more.isEmpty { return false }
                    said += more
                }
                if String(decoding: said, as: UTF8.self).contains(wanted) { return true }
            }
            return false
        }

        func end() -> (code: Int32, errors: String) {
            let text = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: text, as: UTF8.self))
        }
    }

    /// HOST:PORT of RESP in a ready line.
    private static func address(_ readyLine: String) -> String {
        String(readyLine.dropFirst("ready resp=".count).prefix { $0 != " " && $0 != "\n" })
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = NSTemporaryDirectory() + "tachod-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(directory)
    }

    @Test func `SHUTDOWN from this machine stops it cleanly, without a reply`() throws {
        try withDirectory { directory in
            let run = try Run(
                "--data", directory, "--resp", "127.0.0.1:0", "--min-free", "0", "--reserve", "0")
            let line = run.readyLine()
            let address = Self.address(line)
            let client = try TestClient(address: address)
            #expect(try client.ask("T.ADD", "r", "\(testNowMs)", "37.5", "127") == .integer(0))
            client.send("SHUTDOWN")
            #expect(client.isClosedByServer())
            let (code, errors) = run.end()
            #expect(code == 0, "\(errors)")
            #expect(!FileManager.default.fileExists(atPath: directory + "/tachod.json"))
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `it says ready, writes its address, and stops cleanly on a signal`(number: Int32) throws {
        try withDirectory { directory in
            let ts = testNowMs
            for round in 0..<2 {
                let run = try Run(
                    "--data", directory, "--resp", "127.0.0.1:0", "--min-free", "0",
                    "--reserve", "0")
                let line = run.readyLine()
                #expect(line.hasPrefix("ready resp=127.0.0.1:") && line.hasSuffix("\n"))
                #expect(line.contains(" http=127.0.0.1:"))
                let address = Self.address(line)
                let status = try String(
                    contentsOfFile: directory + "/tachod.json", encoding: .utf8)
                #expect(status.contains(#""resp":"\#(address)""#))
                #expect(status.contains(#""pid":\#(run.process.processIdentifier)"#))
                let client = try TestClient(address: address)
                let expected: Reply = .integer(round == 0 ? 0 : 1)
                #expect(try client.ask("T.ADD", "r", "\(ts)", "37.5", "127") == expected)
                kill(run.process.processIdentifier, number)
                let (code, errors) = run.end()
                #expect(code == 0, "\(errors)")
                #expect(client.isClosedByServer())
                #expect(!FileManager.default.fileExists(atPath: directory + "/tachod.json"))
            }
        }
    }

    @Test func `each usage error is a line, and the exit code is 64`() throws {
        let wrong: [[String]] = [
            [], ["--data", "/tmp/x", "--resp", "0.0.0.0:7227"],
            ["--data", "/tmp/x", "--resp", "7227"], ["--data", "/tmp/x", "--min-free", "5X"],
            ["--data", "/tmp/x", "--accept-loss", "9-3"], ["--data", "/tmp/x", "--workers", "0"],
            ["--data", ""], ["--nosuch"],
        ]
        for arguments in wrong {
            let run = try Run(arguments)
            let (code, errors) = run.end()
            #expect(code == 64, "\(arguments)")
            let lines = errors.split(separator: "\n")
            #expect(!lines.isEmpty && lines.allSatisfy { $0.hasPrefix("tachod: ") }, "\(errors)")
        }
    }

    @Test func `a file that settings name and that is no good is a mistake in the settings`() throws
    {
        try withDirectory { directory in
            let nowhere = directory + ".nowhere"
            for (name, options) in [
                ("--tls-cert", ["--tls-cert", nowhere, "--tls-key", nowhere]),
                ("--acl", ["--acl", nowhere]), ("--audit-key", ["--audit-key", nowhere]),
            ] {
                let run = try Run(["--data", directory, "--resp", "127.0.0.1:0"] + options)
                let (code, errors) = run.end()
                #expect(code == 64, "\(name): \(errors)")
                #expect(errors.hasPrefix("tachod: \(name) = \(nowhere): "), "\(errors)")
                #expect(errors.split(separator: "\n").count == 1, "\(errors)")
            }
            // Nothing was made; and what is wrong with the directory keeps a status of its own.
            #expect(!FileManager.default.fileExists(atPath: directory))
            try "x".write(toFile: directory, atomically: false, encoding: .utf8)
            let other = try Run("--data", directory, "--resp", "127.0.0.1:0", "--http", "off")
            #expect(other.end().code == 73)
        }
    }

    @Test func `a settings mistake ends the main process of the unit, which is not started again`()
        throws
    {
        let unit = try String(
            contentsOf: SpecPage.repository.appending(path: "tools/deploy/tachod.service"),
            encoding: .utf8)
        // Of what runs before it systemd looks at no status.
        #expect(!unit.contains("\nExecStartPre="))
        let line = unit.split(separator: "\n").first { $0.hasPrefix("RestartPreventExitStatus=") }
        #expect(line?.split(whereSeparator: { $0 == "=" || $0 == " " }).contains("64") == true)
    }

    @Test func `a directory in use is exit code 75, an address in use exit code 1`() throws {
        try withDirectory { directory in
            let first = try Run("--data", directory, "--resp", "127.0.0.1:0", "--reserve", "0")
            let address = Self.address(first.readyLine())
            let second = try Run("--data", directory, "--resp", "127.0.0.1:0").end()
            #expect(second.code == 75, "\(second.errors)")
            let third = try Run(
                "--data", directory + "-2", "--resp", address, "--reserve", "0", "--http", "off"
            ).end()
            #expect(third.code == 1, "\(third.errors)")
            #expect(third.errors.contains("cannot listen on \(address)"))
            try? FileManager.default.removeItem(atPath: directory + "-2")
            kill(first.process.processIdentifier, SIGTERM)
            #expect(first.end().code == 0)
        }
    }

    /// Runs a line of a shell where the programs are found, in a directory.
    private func shell(_ line: String, in directory: String) throws -> (code: Int32, text: String) {
        guard let program = Self.program else { throw NotBuilt() }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", line]
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        let places = program.deletingLastPathComponent().path + ":/usr/bin:/bin"
        process.environment = ["PATH": places]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    @Test func `users are set up by the lines of docs/security.md, and SIGHUP reads them again`()
        throws
    {
        let page = try String(
            contentsOfFile: SpecPage.repository.path + "/docs/security.md", encoding: .utf8)
        let block = page.components(separatedBy: "```sh\n")[1].components(separatedBy: "```")[0]
        let lines = block.split(separator: "\n").map(String.init)
        #expect(lines.count == 5 && lines.last?.hasPrefix("tacho acl hash --user boss") == true)
        try withDirectory { directory in
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: false)
            let setUp = try shell(lines.joined(separator: "\n"), in: directory)
            #expect(setUp.code == 0 && setUp.text.contains("user kim role read,ops"), "\(setUp)")
            let run = try Run(
                "--data", directory + "/fleet", "--acl", directory + "/users", "--resp",
                "127.0.0.1:0", "--min-free", "0", "--reserve", "0")
            let address = Self.address(run.readyLine())
            let password = try String(contentsOfFile: directory + "/kim.password", encoding: .utf8)
                .trimmingCharacters(in: .newlines)
            let client = try TestClient(address: address)
            #expect(try client.ask("T.STATS").errorText == "NOAUTH Authentication required.")
            #expect(try client.ask("AUTH", "kim", password) == .simple("OK"))
            #expect(try client.ask("ACL", "WHOAMI").text == "kim")
            let stats = "tacho stats --server \(address)"
            let known = try shell(stats + " --user kim --password-file kim.password", in: directory)
            #expect(known.code == 0 && known.text.contains("points"), "\(known)")
            let unknown = try shell(stats, in: directory)
            #expect(unknown.code == 1 && unknown.text.contains("--password-file"), "\(unknown)")
            // The server's own directory names its address: tools find it, and log in too.
            let found = try shell(
                "TACHO_USER=kim TACHO_PASSWORD_FILE=kim.password tacho stats --data fleet",
                in: directory)
            #expect(found.code == 0, "\(found)")
            // A bad file changes nothing.
            let users = directory + "/users"
            let good = try String(contentsOfFile: users, encoding: .utf8)
            try "user kim role boss".write(toFile: users, atomically: false, encoding: .utf8)
            kill(run.process.processIdentifier, SIGHUP)
            #expect(run.says("users stay as they are"))
            #expect(try client.ask("ACL", "WHOAMI").text == "kim")
            try good.replacingOccurrences(of: "user kim", with: "user lee").write(
                toFile: users, atomically: false, encoding: .utf8)
            kill(run.process.processIdentifier, SIGHUP)
            #expect(client.isClosedByServer())
            let lee = try TestClient(address: address)
            #expect(try lee.ask("AUTH", "lee", password) == .simple("OK"))
            kill(run.process.processIdentifier, SIGTERM)
            let (code, errors) = run.end()
            #expect(code == 0, "\(errors)")
            let log = try shell("tacho acl log --data fleet", in: directory)
            #expect(log.code == 0 && log.text.contains("records in"), "\(log)")
        }
    }
}
