#if canImport(Glibc)
    import Glibc
#endif

/// Files made ready ahead of need on a thread of their own, so that a group never waits for room.
///
/// A ready file is filled with zeros to its last byte: room that was only reserved costs the file
/// system a change of its own at the first sync. Released files are given the next number instead,
/// and keep their old groups, which replay knows by their numbers. Both are final only after the
/// directory is synced; no file is handed out before.
final class JournalSpares: @unchecked Sendable {
    struct Spare {
        var number: UInt64
        var path: String
        var bytes: Int
        var descriptor: Int32
    }

    private struct State {
        var ready: [Spare] = []
        /// Files whose groups are not needed any more.
        var released: [(path: String, bytes: Int)] = []
        var nextNumber: UInt64
        var failure: StoreError?
        var shortage: String?
        var isClosed = false
    }

    let directory: String
    let isDirect: Bool
    private let maxBytes: Int
    /// Of the next new file: doubles up to `maxBytes`, so that short lives stay small.
    private var nextBytes: Int
    private var state: State
    private var mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var thread = pthread_t()

    /// Files kept ready at most: at their largest, twice the journal's default bound.
    static let maxReady = 8
    private static let firstBytes = 1 << 20
    private static let writeBytes = 1 << 20

    init(
        directory: String, found: [JournalFile], nextNumber: UInt64, maxBytes: Int, isDirect: Bool
    ) throws(StoreError) {
        self.directory = directory
        self.isDirect = isDirect
        self.maxBytes = max(GroupBuffer.padded(maxBytes), 4 * GroupBuffer.blockBytes)
        nextBytes = min(Self.firstBytes, self.maxBytes)
        state = State(nextNumber: nextNumber)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        for file in found { state.ready.append(try open(file.path, file.number, file.bytes)) }
        let context = Unmanaged.passRetained(self).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<JournalSpares>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context)
        precondition(result == 0, "cannot start the journal's thread")
    }

    deinit {
        for spare in state.ready { close(spare.descriptor) }
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        changed.deallocate()
    }

    private func withState<R>(_ body: (inout State) -> R) -> R {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        return body(&state)
    }

    var failure: StoreError? { withState { $0.failure } }
    var bytes: Int { withState { $0.ready.reduce(0) { $0 + $1.bytes } } }

    /// Looks for room again if there was none; the reason if there still may be none.
    func shortage() -> String? {
        withState { state in
            defer { state.shortage = nil }
            return state.ready.isEmpty ? state.shortage : nil
        }
    }

    /// The next file. Waits for it if none is ready: at the very start, or when groups come faster
    /// than the device can be filled with zeros.
    func take() throws(StoreError) -> Spare {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let failure = state.failure { throw failure }
            if !state.ready.isEmpty {
                defer { pthread_cond_broadcast(changed) }
                return state.ready.removeFirst()
            }
            if let shortage = state.shortage { throw .io(shortage) }
            pthread_cond_wait(changed, mutex)
        }
    }

    func recycle(_ files: [(path: String, bytes: Int)]) {
        withState { $0.released += files }
    }

    /// Ends the thread; what it was making means nothing.
    func stop() {
        withState { $0.isClosed = true }
        pthread_join(thread, nil)
    }

    // MARK: The thread

    private enum Job {
        case recycle([(path: String, bytes: Int)], first: UInt64, room: Int)
        case make(UInt64)
    }

    private func run() {
        while let job = nextJob() {
            do throws(StoreError) {
                switch job {
                case .recycle(let files, let first, let room):
                    try recycle(files, first, room)
                case .make(let number):
                    try make(number)
                }
            } catch {
                withState { $0.failure = error }
            }
        }
    }

    private func nextJob() -> Job? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if state.isClosed { return nil }
            if state.failure == nil {
                if !state.released.isEmpty {
                    defer { state.released = [] }
                    return .recycle(
                        state.released, first: state.nextNumber,
                        room: Self.maxReady - state.ready.count)
                }
                if state.ready.isEmpty && state.shortage == nil { return .make(state.nextNumber) }
            }
            pthread_cond_wait(changed, mutex)
        }
    }

    /// Files that are too small, too many, or kept as evidence by another name are removed.
    private func recycle(
        _ files: [(path: String, bytes: Int)], _ first: UInt64, _ room: Int
    ) throws(StoreError) {
        var kept: [Spare] = []
        for file in files {
            let number = first + UInt64(kept.count)
            let path = JournalFile.path(directory, number)
            guard kept.count < room, file.bytes >= nextBytes, Self.links(file.path) == 1 else {
                guard unlink(file.path) == 0 else { throw FileSystem.failure("remove", file.path) }
                continue
            }
            guard rename(file.path, path) == 0 else {
                throw FileSystem.failure("rename", file.path)
            }
            kept.append(try open(path, number, file.bytes))
        }
        guard !kept.isEmpty else { return }
        try FileSystem.syncDirectory(directory)
        withState { state in
            state.ready += kept
            state.nextNumber += UInt64(kept.count)
        }
    }

    static func links(_ path: String) -> Int {
        var info = stat()
        return stat(path, &info) == 0 ? Int(info.st_nlink) : 0
    }

    private func make(_ number: UInt64) throws(StoreError) {
        let temporary = directory + "/" + JournalFile.newName
        let fd = FileSystem.openFile(temporary, O_WRONLY | O_CREAT | O_TRUNC, direct: isDirect)
        guard fd >= 0 else { throw FileSystem.failure("create", temporary) }
        guard try fill(fd, temporary) else {
            close(fd)
            unlink(temporary)
            withState {
                $0.shortage = "there is no room for the next journal file of \(nextBytes >> 10) KiB"
            }
            return
        }
        let isSynced = fdatasync(fd) == 0
        let failure = FileSystem.failure("sync", temporary)
        close(fd)
        guard isSynced else { throw failure }
        let path = JournalFile.path(directory, number)
        guard rename(temporary, path) == 0 else { throw FileSystem.failure("rename", temporary) }
        try FileSystem.syncDirectory(directory)
        let spare = try open(path, number, nextBytes)
        nextBytes = min(nextBytes * 2, maxBytes)
        withState { state in
            state.ready.append(spare)
            state.nextNumber = number + 1
        }
    }

    /// False: the disk is full. Nothing was promised on these bytes, so that is no failure.
    private func fill(_ fd: Int32, _ path: String) throws(StoreError) -> Bool {
        let zeros = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(nextBytes, Self.writeBytes), alignment: GroupBuffer.blockBytes)
        defer { zeros.deallocate() }
        memset(zeros.baseAddress!, 0, zeros.count)
        var done = 0
        while done < nextBytes {
            let n = pwrite(fd, zeros.baseAddress!, min(zeros.count, nextBytes - done), off_t(done))
            if n < 0 && errno == EINTR { continue }
            if n < 0 && (errno == ENOSPC || errno == EDQUOT) { return false }
            guard n > 0 else { throw FileSystem.failure("preallocate", path) }
            done += n
        }
        return true
    }

    private func open(
        _ path: String, _ number: UInt64, _ bytes: Int
    ) throws(StoreError) -> Spare {
        let fd = FileSystem.openFile(path, O_RDWR, direct: isDirect)
        guard fd >= 0 else { throw FileSystem.failure("open", path) }
        return Spare(number: number, path: path, bytes: bytes, descriptor: fd)
    }
}
