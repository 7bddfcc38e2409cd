import TachoClient
import TachoDial

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Lines that are no fix, kept as NDJSON: `{"line":7,"reason":"LAT_RANGE: …","raw":"…"}`.
///
/// The file is made when the first line comes; an import without malformed lines leaves none.
package final class RejectedLines {
    package enum Place: Equatable, Sendable {
        /// Exactly this file, begun anew.
        case file(String)
        /// `NAME-TIME.ndjson` in this directory, which is made if it is missing.
        case directory(String)
        /// `rejected-NAME-TIME.ndjson` in the working directory.
        case workingDirectory
    }

    private let place: Place
    private var descriptor: Int32 = -1
    private var output: Output?
    /// The files made so far.
    package private(set) var paths: [String] = []

    package init(_ place: Place) { self.place = place }

    deinit { if descriptor >= 0 { close(descriptor) } }

    package func append(
        name: String, nowMs: Int64, line: Int, reason: String, raw: UnsafeRawBufferPointer
    ) throws {
        var object = JSONObject()
        object.add("line", integer: Int64(line))
        object.add("reason", string: reason)
        object.add("raw", string: String(decoding: raw, as: UTF8.self))
        let output = try output ?? create(name: name, nowMs: nowMs)
        try output.line(object.finished())
    }

    /// Ends the file of one input: the next input's lines go to a file of its own name.
    package func finishInput() throws {
        guard let output else { return }
        try output.flush()
        guard fsync(descriptor) == 0 else { throw Self.failure(paths.last ?? "", errno) }
        if case .file = place { return }
        close(descriptor)
        descriptor = -1
        self.output = nil
    }

    private func create(name: String, nowMs: Int64) throws(ToolFailure) -> Output {
        let stamped = "\(name)-\(Instant.compactText(ms: nowMs))"
        let path: String
        switch place {
        case .file(let chosen):
            path = chosen
            descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, Self.mode)
            guard descriptor >= 0 else { throw Self.failure(path, errno) }
        case .directory(let directory):
            guard mkdir(directory, 0o750) == 0 || errno == EEXIST else {
                throw Self.failure(directory, errno)
            }
            path = try createNew(directory + "/" + stamped)
        case .workingDirectory: path = try createNew("rejected-" + stamped)
        }
        paths.append(path)
        let made = Output(descriptor: descriptor, name: path)
        output = made
        return made
    }

    /// Two imports in one second do not share a file: the second gets a number.
    private func createNew(_ stem: String) throws(ToolFailure) -> String {
        var path = "\(stem).ndjson"
        for number in 2...Self.maxAttempts {
            descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_EXCL, Self.mode)
            let code = errno
            if descriptor >= 0 { return path }
            guard code == EEXIST else { throw Self.failure(path, code) }
            path = "\(stem)-\(number).ndjson"
        }
        throw Self.failure(path, EEXIST)
    }

    private static let mode: mode_t = 0o640
    private static let maxAttempts = 1_000

    private static func failure(_ path: String, _ code: Int32) -> ToolFailure {
        ToolFailure(
            ExitStatus.cannotCreate,
            "cannot write rejected lines to \(path) (\(systemReason(code))): name another file"
                + " with --rejected")
    }
}
