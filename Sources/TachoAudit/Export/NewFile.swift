#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the system refused while something was written.
package struct OutputFailure: Error, Equatable, Sendable {
    package let operation: String
    package let path: String
    package let errno: Int32

    /// There is no room left, or none is allowed.
    package var isFull: Bool { errno == ENOSPC || errno == EDQUOT || errno == EFBIG }

    package var message: String { "\(operation) \(path): \(SystemError.text(errno))" }
}

/// A small file that is written whole beside its name and gets it in one step.
struct NewFile: ~Copyable {
    private let path: String
    /// Also where there is nothing to be named.
    private var isNamed = false

    private var temporary: String { path + ".new" }

    /// The file of a path and its text, or nothing at all.
    static func written(
        _ file: (path: String, text: String)?
    ) throws(OutputFailure) -> NewFile {
        guard let file else { return NewFile() }
        return try NewFile(path: file.path, text: file.text)
    }

    private init() {
        path = ""
        isNamed = true
    }

    /// Writes the text and waits until it is on disk.
    init(path: String, text: String) throws(OutputFailure) {
        self.path = path
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw OutputFailure(operation: "create", path: temporary, errno: errno)
        }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let put = rest.withUnsafeBytes { raw in
                #if canImport(Glibc)
                    Glibc.write(descriptor, raw.baseAddress, raw.count)
                #else
                    Darwin.write(descriptor, raw.baseAddress, raw.count)
                #endif
            }
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else {
                let number = put == 0 ? EIO : errno
                unlink(temporary)
                throw OutputFailure(operation: "write", path: temporary, errno: number)
            }
            rest = rest.dropFirst(put)
        }
        guard fsync(descriptor) == 0 else {
            let number = errno
            unlink(temporary)
            throw OutputFailure(operation: "fsync", path: temporary, errno: number)
        }
    }

    deinit { if !isNamed { unlink(path + ".new") } }

    /// Gives it its name; a file that had it is replaced.
    consuming func name() throws(OutputFailure) {
        if isNamed { return }
        guard rename(temporary, path) == 0 else {
            throw OutputFailure(operation: "rename", path: temporary, errno: errno)
        }
        isNamed = true
    }

    /// Puts the names in the folder of `path` on disk.
    static func syncFolder(of path: String) throws(OutputFailure) {
        let name = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let folder = name.isEmpty ? "/" : name
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw OutputFailure(operation: "open directory", path: folder, errno: errno)
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw OutputFailure(operation: "fsync", path: folder, errno: errno)
        }
    }
}
