package import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where an export goes: standard output, or a file that gets its name only when it is whole.
///
/// Until `complete` a file is called `PATH.partial`; the next export to the same path starts it
/// anew. A file that had the name is replaced as a whole, in one step. One that is dropped without
/// `complete` deletes its partial file.
package struct ExportOutput: ~Copyable {
    private let path: String
    private let partial: String?
    private let descriptor: Int32
    private var isNamed = false

    /// `path` is a file, or `-` for standard output.
    package init(path: String) throws(ExportError) {
        self.path = path
        guard path != "-" else {
            partial = nil
            descriptor = STDOUT_FILENO
            return
        }
        let partial = path + ".partial"
        descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .output(operation: "create", path: partial, errno: errno)
        }
        self.partial = partial
    }

    deinit {
        guard let partial else { return }
        close(descriptor)
        if !isNamed { unlink(partial) }
    }

    /// Writes all of `buffer` and empties it.
    package func write(_ buffer: inout TextBuffer) throws(ExportError) {
        let number = write(buffer.text)
        guard number == 0 else {
            throw .output(operation: "write", path: partial ?? path, errno: number)
        }
        buffer.removeAll()
    }

    /// The errno of a write that failed, or 0.
    private func write(_ raw: UnsafeRawBufferPointer) -> Int32 {
        var done = 0
        while done < raw.count {
            #if canImport(Glibc)
                let put = Glibc.write(descriptor, raw.baseAddress! + done, raw.count - done)
            #else
                let put = Darwin.write(descriptor, raw.baseAddress! + done, raw.count - done)
            #endif
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else { return put == 0 ? EIO : errno }
            done += put
        }
        return 0
    }

    /// Puts the content on disk and gives it its name.
    package consuming func complete() throws(ExportError) {
        guard let partial else { return }
        guard fsync(descriptor) == 0 else {
            throw .output(operation: "fsync", path: partial, errno: errno)
        }
        guard rename(partial, path) == 0 else {
            throw .output(operation: "rename", path: partial, errno: errno)
        }
        isNamed = true
    }
}
