import TachoWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `DIR/tachod.json`: where the running server of a data directory is found. Whether it runs is
/// told by the lock, not by this file.
package struct StatusFile: Sendable {
    /// The step that failed, and why.
    package struct WriteError: Error, Sendable {
        package var step: String
        package var reason: String

        package var message: String { "cannot \(step): \(reason)" }
    }

    package let path: String

    package init(directory: String) { path = directory + "/tachod.json" }

    /// Readers see the old file or the whole new one.
    package func write(pid: Int32, resp: String) throws(WriteError) {
        let text =
            #"{"pid":\#(pid),"resp":"\#(resp)","version":"\#(Release.version)"}"# + "\n"
        let temporary = path + ".tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure("create \(temporary)") }
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                Self.write(file, $0.baseAddress!, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let error = failure("write \(temporary)")
                close(file)
                throw error
            }
            done += count
        }
        close(file)
        guard rename(temporary, path) == 0 else { throw failure("rename \(temporary)") }
    }

    /// A missing file is fine.
    package func remove() { unlink(path) }

    private static func write(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(file, bytes, count)
        #else
            Darwin.write(file, bytes, count)
        #endif
    }

    private func failure(_ step: String) -> WriteError {
        WriteError(step: step, reason: String(cString: strerror(errno)))
    }
}
