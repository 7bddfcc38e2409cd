import Foundation
import Testing

@testable import TachoAudit

/// The program as users run it: words, exit codes, files.
@Suite struct AuditCommandTests {
    struct Outcome {
        var code: Int32
        var output: String
        var errors: String
    }

    private func run(_ arguments: String...) throws -> Outcome { try Self.run(arguments) }

    private func run(_ arguments: [String]) throws -> Outcome { try Self.run(arguments) }

    /// The program lies beside the tests.
    /// `output`: where standard output goes; what it is given is not in the outcome then.
    static func run(_ arguments: [String], output handle: FileHandle? = nil) throws -> Outcome {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: own).deletingLastPathComponent()
            .appending(path: "tacho-audit")
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = handle ?? output
        process.standardError = errors
        try process.run()
        let text = handle == nil ? output.fileHandleForReading.readDataToEndOfFile() : Data()
        let errorText = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            code: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: errorText, as: UTF8.self))
    }

    private func sealed() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try SegmentSpecTests.example().seal(in: directory)
        return directory
    }

    @Test func `verify says what it verified and exits 0`() throws {
        let directory = try sealed()
        let outcome = try run("verify", "--audit", directory.path, "--deep")
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("00000001.seg: ok, 3 points of 2 riders, sequences 1-4\n"))
        #expect(outcome.output.contains("verified: 1 segments, 3 points, 1 accepted lost"))
        #expect(outcome.errors.isEmpty)
    }

    @Test func `verify of a damaged directory exits 2 and ends in a summary`() throws {
        let directory = try sealed()
        var bytes = try directory.read(1)
        bytes[250] ^= 1
        try directory.write(bytes, as: 1)
        let outcome = try run("verify", "--audit", directory.path, "--json")
        #expect(outcome.code == 2)
        let last = outcome.output.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix(#"{"type":"summary","ok":false,"exit":2,"#))
    }

    @Test func `exit codes tell cut, missing, unreadable and newer apart`() throws {
        let directory = try sealed()
        let good = try directory.read(1)
        try directory.write(Array(good.dropLast()), as: 1)
        #expect(try run("verify", "--audit", directory.path).code == 3)
        var forgery = try Forgery(good)
        forgery.put(UInt16(2), FooterLayout.major, at: good.count - FooterLayout.byteCount)
        forgery.header(HeaderLayout.major, UInt16(2))
        try directory.write(forgery.bytes, as: 1)
        #expect(try run("verify", "--audit", directory.path).code == 6)
        #expect(try run("inspect", directory.segment(1)).code == 6)
        #expect(try run("verify", "--audit", directory.path + "/none").code == 5)
        #expect(try run("export", "--audit", directory.path + "/none").code == 5)
        #expect(try run("verify", "--audit", directory.path + "/tmp").code == 3)
    }

    @Test(arguments: [
        ["verify"], ["bogus"], ["verify", "--audit"], ["export", "--audit", "x", "--from", "noon"],
        ["export", "--audit", "x", "--from", "2", "--to", "1"], ["inspect"],
        ["export", "--audit", "x", "--format", "shp"], ["export", "--audit", "x", "--area", "BOX"],
        ["export", "--audit", "x", "--cursor", "1/2/3"], ["export", "--audit", "x", "--resume"],
        ["export", "--audit", "x", "--cursor", "3/1/0/0", "--as-of", "3"], ["mirror", "x"],
        ["export", "--audit", "x", "--limit", "0"],
    ])
    func `wrong usage exits 1 with one line`(arguments: [String]) throws {
        let outcome = try run(arguments)
        #expect(outcome.code == 1)
        #expect(outcome.errors.hasPrefix("tacho-audit: "))
        #expect(outcome.errors.filter { $0 == "\n" }.count == 1)
    }

    @Test func `export writes to standard output or to a file`() throws {
        let directory = try sealed()
        let standard = try run("export", "--audit", directory.path, "--rider", "7")
        #expect(standard.code == 0)
        let rows = standard.output.split(separator: "\n")
        #expect(rows.count == 3)
        #expect(rows[2].hasSuffix(",ok,ok,1,0,1"))
        let path = directory.path + "/rows.csv"
        let file = try run("export", "--audit", directory.path, "--rider", "7", "--out", path)
        #expect(file.code == 0)
        #expect(file.output.isEmpty)
        #expect(try FileBytes.read(path) == Array(standard.output.utf8))
    }

    @Test func `export gives pages, an area, and a manifest beside the file`() throws {
        let directory = try sealed()
        let path = directory.path + "/page.ndjson"
        let page = [
            "export", "--audit", directory.path, "--format", "ndjson", "--out", path, "--limit",
            "2",
            "--json",
        ]
        let first = try run(page)
        #expect(first.code == 0 && first.output.hasPrefix(#"{"rows":2,"segments":1,"bytes":"#))
        #expect(first.output.hasSuffix(#""cursor":"1/1/0/1"}"# + "\n"))
        let manifest = String(
            decoding: try FileBytes.read(path + ".manifest.json"), as: UTF8.self)
        #expect(manifest.hasPrefix(#"{"v":1,"program":"tacho-audit "#))
        #expect(manifest.contains(#""query":{"limit":2},"as_of":1,"rows":2,"#))
        let second = try run(page + ["--cursor", "1/1/0/1"])
        #expect(second.output.hasSuffix(#""cursor":null}"# + "\n"))
        let people = try run("export", "--audit", directory.path, "--limit", "1")
        #expect(people.errors == "tacho-audit: 1 rows, there are more: --cursor 1/1/0/0\n")
        let area = try run(
            "export", "--audit", directory.path, "--area", "circle,37.6,127,1", "--format", "csv")
        #expect(area.output.split(separator: "\n").count == 2)
    }

    @Test func `mirror says what it did, and its exit code`() throws {
        let directory = try sealed()
        let target = directory.path + "/copy"
        let first = try run("mirror", directory.path, target)
        #expect(first.code == 0 && first.errors.isEmpty)
        #expect(first.output.hasPrefix("00000001.seg: copied, 812 bytes, SHA-256 "))
        #expect(first.output.contains("mirrored: 1 segments: 1 copied (812 bytes), "))
        let again = try run("mirror", directory.path, target, "--json")
        #expect(again.output.contains(#""bytes":812,"how":"kept"}"#))
        #expect(again.output.contains(#"{"type":"summary","ok":true,"exit":0,"#))
        var bytes = try directory.read(1)
        bytes[250] ^= 1
        try FileBytes.write(bytes, target + "/00000001.seg")
        let deep = try run("mirror", directory.path, target, "--deep", "--json")
        #expect(deep.code == 2 && deep.output.contains(#""code":"other_content""#))
        let none = try run("mirror", directory.path + "/tmp", target)
        #expect(none.code == 3)
        #expect(none.errors.contains("there is no segment here; give the audit directory"))
    }

    @Test func `a distance of nobody is wrong usage and makes no file`() throws {
        let directory = try sealed()
        let legs = directory.path + "/legs.csv"
        let outcome = try run(
            "distance", "--audit", directory.path, "--rider", "x", "--legs", legs)
        #expect(outcome.code == 1 && outcome.output.isEmpty)
        #expect(outcome.errors == "tacho-audit: rider x has no point in any segment\n")
        #expect(!FileManager.default.fileExists(atPath: legs))
        let known = try run("distance", "--audit", directory.path, "--rider", "7", "--legs", legs)
        #expect(known.code == 0 && FileManager.default.fileExists(atPath: legs))
    }

    @Test func `an export as of more segments than there can be is incomplete`() throws {
        let directory = try LogSample.signed(2, by: LogSample.key())
        let outcome = try run(
            "export", "--audit", directory.path, "--as-of", "18446744073709551615")
        #expect(outcome.code == 3)
    }

    @Test func `an export to a manifest that is a folder leaves nothing`() throws {
        let directory = try sealed()
        let out = directory.path + "/x.csv"
        let outcome = try run(
            "export", "--audit", directory.path, "--format", "csv", "--out", out, "--manifest",
            directory.path + "/tmp")
        #expect(outcome.code == 5 && outcome.errors.contains("nothing was exported"))
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test(arguments: [
        ["verify", "--audit", "DIR"], ["verify", "--audit", "DIR", "--json"],
        ["inspect", "--audit", "DIR"], ["mirror", "DIR", "DIR/copy"],
        ["distance", "--audit", "DIR", "--rider", "7", "--json"], ["export", "--audit", "DIR"],
        ["--help"],
    ])
    func `results that cannot be written are an output error`(arguments: [String]) throws {
        let directory = try sealed()
        let words = arguments.map { $0.replacing("DIR", with: directory.path) }
        let outcome = try Self.run(words, output: FileHandle(forWritingAtPath: "/dev/full"))
        #expect(outcome.code == 5)
        #expect(outcome.errors.contains("No space left on device"))
        #expect(try run(words).code == 0)
    }

    @Test func `a rider nobody knows is named and the header still written`() throws {
        let outcome = try run("export", "--audit", try sealed().path, "--rider", "x")
        #expect(outcome.code == 0)
        #expect(outcome.output.hasPrefix("rider,ts_ms,"))
        #expect(outcome.errors == "tacho-audit: rider x has no point in any segment\n")
    }

    @Test func `inspect shows header, counts and riders`() throws {
        let directory = try sealed()
        let text = try run("inspect", directory.segment(1)).output
        #expect(text.contains("sequences       1-4\n"))
        #expect(text.contains("rider           7: 2 points, 1 blocks, "))
        let json = try run("inspect", "--audit", directory.path, "--segment", "1", "--json").output
        #expect(json.contains(#""first_sequence":1,"last_sequence":4,"#))
        #expect(json.contains(#"{"rider":"8","points":1,"#))
    }

    @Test(arguments: [
        "", "verify", "export", "mirror", "inspect", "key", "sign", "witness", "prove",
        "check-proof",
    ])
    func `help has examples`(command: String) throws {
        let outcome = try command.isEmpty ? run("--help") : run(command, "--help")
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("EXAMPLES"))
        #expect(outcome.output.contains("tacho-audit"))
    }

    @Test func `inspect lists the blocks of a rider`() throws {
        let directory = try sealed()
        let arguments = ["inspect", "--audit", directory.path, "--rider", "8", "--blocks"]
        let text = try run(arguments).output
        #expect(text.contains("rider           8: 1 points, 1 blocks, "))
        #expect(text.contains("block           1: bytes 265-326, 1 points, "))
        #expect(!text.contains("rider           7"))
        let json = try run(arguments + ["--json"]).output
        #expect(json.contains(#""block_list":[{"block":1,"from_byte":265,"to_byte":326,"#))
        let all = try run("inspect", "--audit", directory.path, "--blocks").output
        #expect(all.contains("block           2: bytes 326-446, 2 amendments, "))
        #expect(try run("inspect", "--audit", directory.path, "--rider", "9").code == 1)
    }

    @Test func `the version is printed`() throws {
        let outcome = try run("--version")
        #expect(outcome.code == 0)
        #expect(outcome.output.filter { $0 == "." }.count == 2)
    }
}
