import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The journal as preallocated files that are used again: `format-spec.md` §7.
///
/// A group is one aligned write and one fdatasync of a file whose size and extents do not change,
/// so a sync waits for the group's own bytes and for no metadata. One group is on its way at a
/// time: a valid group behind a broken one is damage, never a torn end.
package final class FileJournal: Journal {
    /// A file with groups that are, or were, needed.
    private struct Live {
        var number: UInt64
        var path: String
        var bytes: Int
        /// nil: its header is damaged.
        var firstGroup: UInt64?
    }

    /// The file groups are written to. Touched by the appending thread alone.
    private struct Active {
        var path: String
        var bytes: Int
        var descriptor: Int32
        var offset: Int
    }

    /// How files are made.
    package struct Settings: Sendable {
        /// Of a file, at most: also at most a 64th of the file system.
        package var fileBytes = 64 << 20
        /// False only in tests that prove the durability tests can fail.
        package var syncs = true

        package init() {}
    }

    private let directory: String
    private let settings: Settings
    private let isDirect: Bool
    private let spares: JournalSpares
    private let live: Mutex<[Live]>
    /// Who reads files that must not be used again, and up to where they were released meanwhile.
    private let kept = Mutex((readers: 0, released: UInt64(0)))
    private nonisolated(unsafe) var active: Active?

    /// Goes on behind `end`; nil: with a new file.
    ///
    /// What was read may still be in the page cache alone, left by a process that was killed
    /// before its sync: it is synced here, because from now on it is answered for.
    init(
        directory: String, end: JournalEnd?, settings: Settings
    ) throws(StoreError) {
        self.directory = directory
        self.settings = settings
        isDirect = FileSystem.supportsDirectIO(directory)
        unlink(directory + "/" + JournalFile.newName)
        let files = try JournalFile.list(directory)
        let used = files.filter { $0.isInUse }
        for file in used { try Self.sync(file.path) }
        try FileSystem.syncDirectory(directory)
        let lastUsed = used.last?.number ?? 0
        // A number below that of a file in use would put new groups in front of old ones.
        for file in files where !file.isInUse && file.number < lastUsed { unlink(file.path) }
        let space = FileSystem.space(directory)?.total ?? .max
        spares = try JournalSpares(
            directory: directory, found: files.filter { !$0.isInUse && $0.number > lastUsed },
            nextNumber: (files.last?.number ?? 0) + 1,
            maxBytes: min(settings.fileBytes, Int(min(space / 64, 1 << 40))), isDirect: isDirect)
        live = Mutex(
            used.map {
                Live(
                    number: $0.number, path: $0.path, bytes: $0.bytes,
                    firstGroup: $0.header?.firstGroup)
            })
        active = try Self.goOn(used.last, end, isDirect)
    }

    deinit { if let active { Glibc.close(active.descriptor) } }

    /// The last file, if it is whole and nobody keeps it as evidence.
    private static func goOn(
        _ last: JournalFile?, _ end: JournalEnd?, _ isDirect: Bool
    ) throws(StoreError) -> Active? {
        guard let last, let end, end.file == last.number, last.header != nil,
            last.bytes % GroupBuffer.blockBytes == 0, end.offset <= last.bytes,
            JournalSpares.links(last.path) == 1
        else { return nil }
        let fd = FileSystem.openFile(last.path, O_RDWR, direct: isDirect)
        guard fd >= 0 else { throw FileSystem.failure("open", last.path) }
        return Active(path: last.path, bytes: last.bytes, descriptor: fd, offset: end.offset)
    }

    private static func sync(_ path: String) throws(StoreError) {
        let fd = open(path, O_RDWR | O_CLOEXEC)
        guard fd >= 0 else { throw FileSystem.failure("open", path) }
        defer { Glibc.close(fd) }
        guard fdatasync(fd) == 0 else { throw FileSystem.failure("sync", path) }
    }

    package var failure: StoreError? { spares.failure }
    package func shortage() -> String? { spares.shortage() }

    package var bytesOnDisk: Int {
        live.withLock { $0.reduce(0) { $0 + $1.bytes } } + spares.bytes
    }

    package func close() { spares.stop() }

    package func append(
        _ group: GroupBuffer, _ header: GroupHeader
    ) throws(StoreError) -> UInt64 {
        if let failure = spares.failure { throw failure }
        let hash = group.finish(header)
        var beginning: JournalFileHeader?
        if active == nil || active!.offset + group.paddedBytes > active!.bytes {
            beginning = try begin(header.group)
        }
        let output = group.output(beginning: beginning)
        let (fd, path, offset) = (active!.descriptor, active!.path, active!.offset)
        try FileSystem.writeAll(fd, output, at: offset, path: path)
        if settings.syncs {
            guard fdatasync(fd) == 0 else { throw FileSystem.failure("sync", path) }
        }
        active!.offset = offset + output.count
        return hash
    }

    /// Takes the next file. Its header goes with the first group, in the same write. A group that
    /// is larger than a whole file makes that one longer.
    private func begin(_ group: UInt64) throws(StoreError) -> JournalFileHeader {
        let next = try spares.take()
        if let active { Glibc.close(active.descriptor) }
        active = Active(
            path: next.path, bytes: next.bytes, descriptor: next.descriptor, offset: 0)
        live.withLock {
            $0.append(
                Live(
                    number: next.number, path: next.path, bytes: next.bytes, firstGroup: group))
        }
        return JournalFileHeader(number: next.number, firstGroup: group)
    }

    package func release(upTo last: UInt64) {
        let waits = kept.withLock { kept in
            kept.released = max(kept.released, last)
            return kept.readers > 0
        }
        if !waits { letGo(upTo: last) }
    }

    package func keeping<R, Failure: Error>(
        _ body: () throws(Failure) -> R
    ) throws(Failure) -> R {
        kept.withLock { $0.readers += 1 }
        defer {
            let last = kept.withLock { kept in
                kept.readers -= 1
                return kept.readers == 0 ? kept.released : 0
            }
            if last > 0 { letGo(upTo: last) }
        }
        return try body()
    }

    private func letGo(upTo last: UInt64) {
        let free = live.withLock { files -> [Live] in
            // A file is free when a later one begins at or before the first group still needed.
            guard let keep = files.lastIndex(where: { $0.firstGroup ?? .max <= last + 1 }) else {
                return []
            }
            defer { files.removeFirst(keep) }
            return Array(files[..<keep])
        }
        if !free.isEmpty { spares.recycle(free.map { ($0.path, $0.bytes) }) }
    }

    package func replay(
        from first: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws(StoreError) -> Bool
    ) throws(StoreError) {
        var next = first
        try JournalWalk(directory: directory, isDirect: isDirect).forEach(from: first) {
            frame, _ throws(StoreError) in
            guard frame.header.group == next else { return true }
            next += 1
            return try body(frame.header.group, frame.record)
        }
    }
}
