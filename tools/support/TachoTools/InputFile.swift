package import TachoClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file to import, or standard input as `-`. Holds the descriptor open.
package final class InputFile {
    /// As given by the user, for messages.
    package let path: String
    /// Size in bytes; nil when it cannot be known beforehand, as for a pipe.
    package let bytes: Int?
    private let descriptor: Int32
    private let block: UnsafeMutableRawBufferPointer

    private static let blockBytes = 256 << 10

    /// A missing or unreadable file ends with exit status 1.
    package init(path: String) throws(ToolFailure) {
        self.path = path
        descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ToolFailure(
                ExitStatus.error, "cannot read \(path): \(systemReason(errno)); check the name")
        }
        var status = stat()
        fstat(descriptor, &status)
        if status.st_mode & S_IFMT == S_IFDIR {
            if descriptor > 0 { close(descriptor) }
            throw ToolFailure(ExitStatus.error, "\(path) is a directory; name the files in it")
        }
        bytes = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
        block = .allocate(byteCount: Self.blockBytes, alignment: 16)
    }

    deinit {
        if descriptor > 0 { close(descriptor) }
        block.deallocate()
    }

    /// The next piece, empty at the end of the file, nil when a signal came instead. The bytes are
    /// valid until the next call.
    package func next() throws(ToolFailure) -> UnsafeRawBufferPointer? {
        let count = read(descriptor, block.baseAddress!, block.count)
        if count < 0 && errno == EINTR { return nil }
        guard count >= 0 else {
            throw ToolFailure(ExitStatus.error, "cannot read \(path): \(systemReason(errno))")
        }
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[..<count])
    }

    /// The name without folders, `.gz` and the ending of its format; `stdin` for `-`.
    package var stem: String {
        if path == "-" { return "stdin" }
        var name = path.split(separator: "/").last.map { String($0) } ?? "file"
        for ending in [".gz", ".csv"] where name.count > ending.count {
            if name.hasSuffix(ending) { name.removeLast(ending.count) }
        }
        return name
    }

    /// Why a file of this name cannot be imported; nil when it can be tried.
    package static func formatDefect(_ path: String) -> ToolFailure? {
        var name = path.lowercased()
        if name.hasSuffix(".gz") { name.removeLast(3) }
        for (ending, format) in [
            (".gpx", "GPX"), (".ndjson", "NDJSON"), (".plt", "GeoLife PLT"),
        ] where name.hasSuffix(ending) {
            return ToolFailure(
                ExitStatus.error,
                "\(path): \(format) import is not available in this version; convert it to CSV"
                    + " with the header rider,ts_ms,lat,lon")
        }
        return nil
    }
}
