#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The directory that is copied to, held by one mirror at a time.
final class MirrorTarget {
    let path: String
    let record: MirrorRecord
    /// Of the record's file: lines are appended through it, and it carries the lock.
    private let descriptor: Int32
    private let folder: Int32
    /// Folders below that are there and whose names are on the device.
    private var settled: Set<String> = []

    /// Makes the directory if there is none, takes the lock, reads the record, and cuts off a last
    /// line that was not written to its end.
    init(path: String) throws(MirrorError) {
        self.path = path
        let isMade = mkdir(path, 0o755) == 0
        guard isMade || errno == EEXIST else {
            throw .output(OutputFailure(operation: "make directory", path: path, errno: errno))
        }
        do throws(OutputFailure) {
            try NewFile.syncFolder(of: path)
        } catch  where !isMade && error.errno == EACCES {
            // Somebody else made it in a folder that cannot be opened: then it is theirs to keep.
        } catch {
            throw .output(error)
        }
        folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else {
            throw .output(OutputFailure(operation: "open directory", path: path, errno: errno))
        }
        let recordPath = path + "/" + MirrorRecord.fileName
        descriptor = open(recordPath, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let number = errno
            close(folder)
            throw .output(OutputFailure(operation: "open", path: recordPath, errno: number))
        }
        do throws(MirrorError) {
            record = try Self.read(path, descriptor)
        } catch {
            close(folder)
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(folder)
        close(descriptor)
    }

    private static func read(_ path: String, _ descriptor: Int32) throws(MirrorError)
        -> MirrorRecord
    {
        let recordPath = path + "/" + MirrorRecord.fileName
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw .record("\(path) is held by another mirror; wait for it or stop it")
        }
        do throws(SegmentError) {
            let record = try MirrorRecord.read(directory: path)
            guard ftruncate(descriptor, off_t(record.soundBytes)) == 0 else {
                throw SegmentError(.inputOutput, "cut: \(SystemError.text(errno))")
            }
            return record
        } catch {
            throw .record(error.message(file: recordPath))
        }
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// The ids of the copies that are there, ascending.
    func segments() throws(MirrorError) -> [UInt64] {
        do throws(SegmentError) {
            return try AuditDirectory.segments(at: path).map(\.id)
        } catch {
            throw .record(error.message(file: path))
        }
    }

    func has(_ name: String) -> Bool { access(file(name), F_OK) == 0 }

    /// Appends a line and waits until it is on disk.
    func append(_ line: MirrorLine) throws(MirrorError) {
        let text = Array((line.json.text + "\n").utf8)
        let put = text.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        let number = put < 0 ? errno : ENOSPC
        guard put == text.count else {
            throw failure("write", MirrorRecord.fileName, number)
        }
        guard fsync(descriptor) == 0 else { throw failure("fsync", MirrorRecord.fileName, errno) }
    }

    /// Puts the names of files on disk.
    func sync() throws(MirrorError) {
        guard fsync(folder) == 0 else {
            throw .output(OutputFailure(operation: "fsync", path: path, errno: errno))
        }
    }

    func failure(_ operation: String, _ name: String, _ number: Int32) -> MirrorError {
        .output(OutputFailure(operation: operation, path: file(name), errno: number))
    }

    /// Puts the names in a folder below on disk; "" is the directory itself.
    func sync(folder name: String) throws(MirrorError) {
        do throws(OutputFailure) {
            try NewFile.syncFolder(of: file(name.isEmpty ? MirrorRecord.fileName : name + "/."))
        } catch {
            throw .output(error)
        }
    }

    /// Where a file below is: "" for the directory itself.
    static func folder(of name: String) -> String {
        name.lastIndex(of: "/").map { String(name[..<$0]) } ?? ""
    }

    /// Makes a directory below, if there is none, and puts its name on disk.
    func makeFolder(_ name: String) throws(MirrorError) {
        guard !settled.contains(name) else { return }
        guard mkdir(file(name), 0o755) == 0 || errno == EEXIST else {
            throw failure("make directory", name, errno)
        }
        // Also one that was there: a run that was killed may not have come to it.
        try sync(folder: Self.folder(of: name))
        settled.insert(name)
    }
}
