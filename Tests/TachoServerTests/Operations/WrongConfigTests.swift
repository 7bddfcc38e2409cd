import Foundation
import FormatSpec
import Testing

/// Each file of Tests/Fixtures/wrong-configs is wrong; its lines that begin with `#!` are what
/// `tachod --check-config` must say of it, all of it, in this order.
struct WrongConfigTests {
    private static let folder = SpecPage.repository.appending(path: "Tests/Fixtures/wrong-configs")

    static let files: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".conf") }.sorted()

    @Test func `there are at least twenty`() { #expect(Self.files.count >= 20) }

    @Test(arguments: files)
    func `a wrong file is told with line and remedy`(file: String) throws {
        let text = try String(
            contentsOf: Self.folder.appending(path: file), encoding: .utf8)
        let expected = text.components(separatedBy: "\n").filter { $0.hasPrefix("#! ") }
            .map { "tachod: " + $0.dropFirst(3) }
        let (code, output, errors) = try Self.check(["--config", file])
        #expect(code == 64 && output.isEmpty)
        #expect(errors.components(separatedBy: "\n").dropLast() == expected[...])
    }

    @Test func `good settings are summed up, and nothing is made`() throws {
        let (code, output, errors) = try Self.check(["--data", "/tmp/tachod-never-made"])
        #expect(code == 0 && errors.isEmpty)
        #expect(output.hasPrefix("settings are good: ") && output.contains("http 127.0.0.1:7228"))
        #expect(!FileManager.default.fileExists(atPath: "/tmp/tachod-never-made"))
    }

    private static func check(
        _ arguments: [String]
    ) throws -> (code: Int32, output: String, errors: String) {
        struct NotBuilt: Error {}
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(fileURLWithPath: link ?? CommandLine.arguments[0])
            .deletingLastPathComponent().appending(path: "tachod")
        guard FileManager.default.isExecutableFile(atPath: program.path) else { throw NotBuilt() }
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = program
        process.arguments = ["--check-config"] + arguments
        process.currentDirectoryURL = folder
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complained = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: said, as: UTF8.self),
            String(decoding: complained, as: UTF8.self)
        )
    }
}
