#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A copy on its way: a temporary file in the target that is deleted unless it gets its name.
struct MirrorCopy: ~Copyable {
    private let target: MirrorTarget
    private let temporary: String
    private let descriptor: Int32
    private var offset: UInt64 = 0

    /// `name` is below `tmp/` of the target.
    init(_ target: MirrorTarget, name: String) throws(MirrorError) {
        try target.makeFolder("tmp")
        let temporary = "tmp/mirror-" + name
        // One that a kill left behind is begun anew.
        let descriptor = open(
            target.file(temporary), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw target.failure("create", temporary, errno) }
        self.target = target
        self.temporary = temporary
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        unlink(target.file(temporary))
    }

    mutating func write(_ raw: UnsafeRawBufferPointer) throws(MirrorError) {
        var done = 0
        while done < raw.count {
            let put = pwrite(
                descriptor, raw.baseAddress! + done, raw.count - done,
                off_t(offset) + off_t(done))
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else { throw target.failure("write", temporary, put == 0 ? EIO : errno) }
            done += put
        }
        offset += UInt64(raw.count)
    }

    /// Puts the content on disk, reads it back from there, and gives it the name if its hash is
    /// right. False when the name is taken.
    func publish(as name: String, sha256: [UInt8]) throws(MirrorError) -> Bool {
        guard fsync(descriptor) == 0 else { throw target.failure("fsync", temporary, errno) }
        let path = target.file(temporary)
        do throws(SegmentError) {
            guard try FileDigest.fromDisk(path).sha256 == sha256 else {
                throw SegmentError(.fileHash, "other bytes")
            }
        } catch {
            throw .readBack(path: path)
        }
        let number = ExclusiveRename.rename(path, to: target.file(name))
        if number == EEXIST { return false }
        guard number == 0 else { throw target.failure("rename", temporary, number) }
        try target.sync(folder: MirrorTarget.folder(of: name))
        return true
    }
}

/// The hash of a file, and the part of it that a segment's footer states.
struct FileDigest: Equatable {
    var bytes: UInt64
    var sha256: [UInt8]

    /// Reads the file from the device, not from pages in memory, once it is there.
    static func fromDisk(_ path: String) throws(SegmentError) -> FileDigest {
        let file = try AuditFile(path: path)
        guard fsync(file.descriptor) == 0 else {
            throw SegmentError(.inputOutput, "fsync: \(SystemError.text(errno))")
        }
        try file.dropCache()
        var digest = RunningDigest()
        try SegmentSource.file(file).forEachPiece(of: 0..<file.byteCount) { digest.update($0) }
        return FileDigest(bytes: file.byteCount, sha256: digest.value())
    }
}
