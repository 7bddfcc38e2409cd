import Foundation
import FormatSpec
import Logging
import Testing

@testable import TachoServer

struct SettingsTests {
    private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "tachod-" + UUID().uuidString + ".conf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        try body(path)
    }

    @Test func `options are read in both forms, flags in both senses, the last one counts`() {
        let given = GivenSettings([
            "--data", "/d", "--workers=3", "--no-motion-rules", "--min-free", "2G", "--min-free",
            "500M", "--require-copy", "a", "--require-copy=b", "--hot-days", "0.5", "--tls-only",
            "--accept-loss", "5-9", "--http", "off", "--slow-ms", "-1",
        ])
        #expect(given.problems.isEmpty, "\(given.problems)")
        let settings = given.settings
        #expect(settings.data == "/d" && settings.workers == 3 && !settings.judgesMotion)
        #expect(settings.minFreeBytes == 500 << 20 && settings.requiredCopies == ["a", "b"])
        #expect(settings.hotDays == 0.5 && settings.tlsOnly && settings.acceptLoss == 5...9)
        #expect(settings.http == ServerSettings.Address.none)
        #expect(settings.limits.slowMicroseconds == -1)
    }

    @Test(arguments: [
        (["--nosuch"], "--nosuch: no such option"),
        (["--worker", "2"], "--worker: no such option, did you mean --workers?"),
        (["data"], "data: no option; each begins with --"),
        (["--data"], "--data: a value is missing after it"),
        (["--data", "--resp", "x"], "--data: a value is missing after it"),
        (["--tls-only=yes"], "--tls-only takes no value"),
        (["--no-tls-only"], "--no-tls-only: no such option"),
        (["--workers", "0"], "--workers 0: 1 to 1024 expected"),
        (["--accept-loss", "9-3"], "--accept-loss 9-3: FROM-TO expected, as exit code 3 named it"),
    ])
    func `a mistake on the command line is told`(arguments: [String], message: String) {
        #expect(GivenSettings(arguments).problems.first?.message.hasPrefix(message) == true)
    }

    @Test func `a file is read, the command line counts more, line by line`() throws {
        let text =
            "# one\n\n data=/d \r\nworkers = 2\nrequire-copy = a b\nrequire-copy = c\n"
            + "motion-rules = no\n\tlog-level\t=\tdebug\n"
        try withFile(text) { path in
            let given = GivenSettings(["--config", path, "--workers", "5"])
            #expect(given.problems.isEmpty, "\(given.problems)")
            #expect(given.settings.data == "/d" && given.settings.workers == 5)
            #expect(given.settings.requiredCopies == ["a b", "c"])
            #expect(!given.settings.judgesMotion && given.settings.logLevel == .debug)
            #expect(given.place(of: "data") == .line(path: path, number: 3))
            #expect(given.place(of: "workers") == .commandLine)
            // Several of the command line replace several of the file.
            let other = GivenSettings(["--config", path, "--require-copy", "x"])
            #expect(other.settings.requiredCopies == ["x"])
        }
        // What the command line overrules is checked too.
        try withFile("data = /d\nworkers = x") { path in
            let given = GivenSettings(["--config", path, "--workers", "5"])
            #expect(
                given.problems.map(\.message) == [
                    "\(path), line 2: workers = x: 1 to 1024 expected"
                ])
        }
    }

    @Test func `a file that is none, or that everybody may write, is refused`() throws {
        let missing = GivenSettings(["--config", "/nowhere/at/all"]).problems.map(\.message)
        #expect(missing.count == 1 && missing[0].hasPrefix("/nowhere/at/all: cannot be read"))
        let folder = GivenSettings(["--config", "/tmp"]).problems.map(\.message)
        #expect(folder == ["/tmp: no file; name one with NAME = VALUE lines"])
        try withFile("data = /d\n") { path in
            chmod(path, 0o666)
            let open = GivenSettings(["--config", path]).problems.map(\.message)
            #expect(open == ["\(path): everybody may write it: chmod o-w \(path)"])
        }
        try withFile("data = /d\u{0}\n") { path in
            #expect(GivenSettings(["--config", path]).problems.count == 1)
        }
    }

    @Test func `http is beside RESP unless somebody says otherwise`() throws {
        func http(_ arguments: String...) throws -> String? {
            try GivenSettings(["--data", "d"] + arguments).settings.httpAddress()
                .map { ListenAddress.text($0.socketAddress) }
        }
        #expect(try http() == "127.0.0.1:7228")
        #expect(try http("--resp", "127.0.0.1:0") == "127.0.0.1:0")
        #expect(try http("--resp", "127.0.0.1:9000") == "127.0.0.1:9001")
        #expect(try http("--resp", "127.0.0.1:65535") == nil)
        #expect(try http("--http", "off") == nil)
        #expect(try http("--http", "[::1]:80") == "[::1]:80")
    }

    @Test func `every option is in the help, in the sample, and its example is one`() throws {
        let help = OptionHelp.help(examples: "")
        let lines = OptionHelp.sample.components(separatedBy: "\n")
        for option in OptionTable.all {
            let shown =
                option.kind == .flag(isOnByDefault: true)
                ? "--[no-]\(option.name)" : "--\(option.name)"
            #expect(help.contains(shown), "\(option.name)")
            let isInSample = lines.contains {
                $0 == "#\(option.name) = \(option.example)"
                    || $0 == "\(option.name) = \(option.example)"
            }
            #expect(
                isInSample == (option.kind != .action && !option.isForOneStart), "\(option.name)")
            guard isInSample else { continue }
            var settings = ServerSettings()
            #expect(option.read(&settings, option.example) == nil, "\(option.name)")
        }
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test func `the file that is installed is the sample`() throws {
        let path = SpecPage.repository.appending(path: "tools/deploy/tachod.conf")
        #expect(try String(contentsOf: path, encoding: .utf8) == OptionHelp.sample)
        // As it is, and with everything in force, it is read without a mistake.
        try withFile(OptionHelp.sample) { path in
            #expect(GivenSettings(["--config", path]).settings.data == "/var/lib/tacho")
            #expect(GivenSettings(["--config", path]).problems.isEmpty)
        }
        let all = OptionHelp.sample.components(separatedBy: "\n").map { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") ? String(line.dropFirst()) : line
        }
        try withFile(all.joined(separator: "\n")) { path in
            let given = GivenSettings(["--config", path])
            #expect(given.problems.isEmpty, "\(given.problems)")
            #expect(given.entries.count == OptionTable.all.filter { !$0.example.isEmpty }.count + 1)
            #expect(SettingsCheck.together(given).isEmpty)
        }
    }

    @Test func `the nearest name is told where it is near`() {
        #expect(Spelling.distance("", "abc") == 3 && Spelling.distance("kitten", "sitting") == 3)
        #expect(Spelling.advice("log-levle", ["log-level", "data"]) == ", did you mean log-level?")
        #expect(Spelling.advice("zzzzzz", ["log-level", "data"]) == "")
    }
}
