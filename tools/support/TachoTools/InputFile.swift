package import TachoClient
import TachoCodec
import TachoDial

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

    /// The name without folders, `.gz` and its ending; `stdin` for `-`.
    package var stem: String {
        if path == "-" { return "stdin" }
        var name = path.split(separator: "/").last.map { String($0) } ?? "file"
        func drop(_ ending: String) {
            if name.count > ending.count && name.lowercased().hasSuffix(ending) {
                name.removeLast(ending.count)
            }
        }
        drop(".gz")
        guard FixFileFormat.named(name) == nil else {
            for (ending, _) in FixFileFormat.endings { drop(ending) }
            return name
        }
        // Of another file what looks like an ending: letters, so that no date is cut.
        if let dot = name.lastIndex(of: "."), dot > name.startIndex {
            let ending = name[name.index(after: dot)...]
            if (1...5).contains(ending.count) && ending.allSatisfy(\.isLetter) {
                name.removeSubrange(dot...)
            }
        }
        return name
    }

    /// Why a file of this name cannot be imported; nil when it can be tried.
    package static func formatDefect(_ path: String) -> ToolFailure? {
        var name = path.lowercased()
        if name.hasSuffix(".gz") { name.removeLast(3) }
        for (ending, advice) in [
            (".geojson", "print it with tacho track --format gpx or ndjson instead"),
            (".kml", "convert it to GPX: gpsbabel -i kml -f FILE -o gpx -F FILE.gpx"),
            (".kmz", "unpack it, then convert it to GPX with gpsbabel"),
            (".tcx", "convert it to GPX: gpsbabel -i gtrnctr -f FILE -o gpx -F FILE.gpx"),
            (".fit", "convert it to GPX: gpsbabel -i garmin_fit -f FILE -o gpx -F FILE.gpx"),
            (".nmea", "convert it to GPX: gpsbabel -i nmea -f FILE -o gpx -F FILE.gpx"),
            (".zip", "unpack it and name the files in it"),
            (".tar", "unpack it and name the files in it"),
            (".tgz", "unpack it and name the files in it"),
            (".xlsx", "save it as CSV"),
        ] where name.hasSuffix(ending) {
            return ToolFailure(
                ExitStatus.error,
                "\(path): csv, ndjson, gpx and GeoLife plt are read; \(advice)")
        }
        return nil
    }
}
