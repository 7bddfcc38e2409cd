import Foundation
import Glibc

/// A server started for a measurement: in its own directory, reached by a Unix socket, stopped by
/// its pid, and by the kernel if this process dies first.
final class PeerProcess {
    private let process = Process()
    private let log: String

    /// `user`: who it is to run as, where this process is root and the server refuses that.
    init(_ command: [String], log: String, user: String? = nil) throws {
        self.log = log
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = Self.prefix(user, diesWithParent: true) + command
        process.standardInput = FileHandle.nullDevice
        let output = FileHandle(forWritingAtPath: log)
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    /// Runs `setpriv` in front: it becomes the command, so the pid stays.
    static func prefix(_ user: String?, diesWithParent: Bool) -> [String] {
        var words = ["setpriv"]
        if diesWithParent { words += ["--pdeathsig", "KILL"] }
        if let user, geteuid() == 0 {
            words += ["--reuid", user, "--regid", user, "--clear-groups"]
        }
        return words.count == 1 ? [] : words
    }

    /// Asks until `isReady`, for half a minute at most.
    func wait(_ isReady: () -> Bool) throws {
        for _ in 0..<600 {
            if isReady() { return }
            guard process.isRunning else { break }
            usleep(50_000)
        }
        let words = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        throw PeerError("\(process.arguments!.joined(separator: " ")) did not start: \(words)")
    }

    /// Sends the signal and waits for the end; after 20 s the process is killed. A child has the
    /// signal mask of the thread that started it, so a polite signal may never arrive.
    func stop(_ signal: Int32) {
        guard process.isRunning else { return }
        kill(process.processIdentifier, signal)
        for _ in 0..<400 where process.isRunning { usleep(50_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    deinit { stop(SIGKILL) }
}

/// A program that runs to its end, within limits.
enum PeerCommand {
    /// Returns what it printed; throws with its complaints if it fails or takes too long.
    @discardableResult
    static func run(
        _ command: [String], input: String? = nil, user: String? = nil, limitSeconds: Int = 1800
    ) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            PeerProcess.prefix(user, diesWithParent: false)
            + ["timeout", "--kill-after=10", "\(limitSeconds)"] + command
        // A directory everybody may be in.
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.standardInput =
            input.flatMap { FileHandle(forReadingAtPath: $0) } ?? FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw PeerError("\(command.joined(separator: " ")): \(text)")
        }
        return text
    }

    static func isThere(_ path: String) -> Bool { access(path, X_OK) == 0 }
}
