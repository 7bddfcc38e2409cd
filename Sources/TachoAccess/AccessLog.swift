import Dispatch
import Synchronization
import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The records of look-ups, `DIR/access/log-YYYYMMDD.ndjson`, a file a day (UTC).
///
/// A line is handed to the operating system before its look-up runs, so no kill of the process loses
/// one that was answered; it is on the device within a second, which a power cut may take. A sync for
/// each would hold the event loop, and with it every other client, for the length of a disk's write.
/// A line that cannot be written is a look-up that is refused.
///
/// Belongs to one thread. Each line carries a hash of itself and the one before: one that is changed,
/// moved or taken out shows (`AccessLogCheck`); that the newest are cut off shows to who has noted the
/// chain elsewhere.
package final class AccessLog {
    private let directory: String
    private let queue = DispatchQueue(label: "tacho.access-log", qos: .utility)
    private var file: Int32 = -1
    private var day = ""
    private var chain = AccessChain.start
    /// Of the file that is open: one of each, since a sync that is due to the file of yesterday does
    /// nothing for the lines of today's.
    private var isSyncDue = SharedFlag()

    /// For tests: called behind each sync of lines, on the queue.
    var afterSync: (@Sendable (Int32) -> Void)?

    private final class SharedFlag: Sendable {
        let value = Atomic(false)
    }

    static let fileMode: mode_t = 0o640

    /// Goes on behind the newest line of `directory`, which is made if it is not there.
    package init(_ directory: String) throws(AccessFailure) {
        self.directory = directory
        var info = stat()
        guard mkdir(directory, 0o750) == 0 || errno == EEXIST, stat(directory, &info) == 0 else {
            throw Self.failure("create", directory)
        }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            throw AccessFailure("\(directory): is no directory, records of look-ups need it")
        }
        if let newest = AccessLogFiles.names(in: directory).last {
            try goOn(newest)
        }
    }

    deinit { close() }

    /// Writes one line. Cost: 3 µs, and the operating system's good will.
    package func append(_ record: AccessRecord) throws(AccessFailure) {
        try turn(to: AccessLogFiles.name(atMs: record.atMs))
        let body = record.body()
        let next = AccessChain.next(chain, body)
        let line = AccessChain.line(body, next)
        let before = lseek(file, 0, SEEK_END)
        guard writeAll(line) else {
            let failure = Self.failure("write", directory + "/" + day)
            // Half a line is none; should it stay, the next start takes it away.
            if before >= 0 { _ = ftruncate(file, before) }
            throw failure
        }
        chain = next
        syncSoon()
    }

    /// Everything is on the device when it returns.
    package func close() {
        guard file >= 0 else { return }
        let file = file
        queue.sync {
            fdatasync(file)
            Self.close(file)
        }
        self.file = -1
    }

    private func turn(to name: String) throws(AccessFailure) {
        // A clock that is set back goes on in the file it has: lines stay in their order.
        guard file < 0 || name > day else { return }
        let target = max(name, day)
        let opened = open(
            directory + "/" + target, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, Self.fileMode)
        guard opened >= 0 else { throw Self.failure("open", directory + "/" + target) }
        let (old, folder) = (file, directory)
        (file, day, isSyncDue) = (opened, target, SharedFlag())
        queue.async {
            if old >= 0 {
                fdatasync(old)
                Self.close(old)
            }
            let handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            if handle >= 0 {
                fsync(handle)
                Self.close(handle)
            }
        }
    }

    private func syncSoon() {
        guard !isSyncDue.value.exchange(true, ordering: .relaxed) else { return }
        let (file, isDue, afterSync) = (file, isSyncDue, afterSync)
        // Behind a change of the day this may be a number that is closed: that file was synced with the
        // change.
        queue.asyncAfter(deadline: .now() + .milliseconds(900)) {
            isDue.value.store(false, ordering: .relaxed)
            fdatasync(file)
            afterSync?(file)
        }
    }

    /// Takes a torn last line away and finds the chain. No file without lines is left behind but by a
    /// kill, so the one before may have to be asked.
    private func goOn(_ newest: String) throws(AccessFailure) {
        day = newest
        for name in AccessLogFiles.names(in: directory).reversed() {
            let path = directory + "/" + name
            guard let bytes = AccessLogFiles.read(path) else { throw Self.failure("read", path) }
            let end = (bytes.lastIndex(of: 0x0A) ?? -1) + 1
            if end < bytes.count, truncate(path, off_t(end)) != 0 {
                throw Self.failure("cut a torn line of", path)
            }
            guard end > 0 else { continue }
            let start = (bytes[..<(end - 1)].lastIndex(of: 0x0A) ?? -1) + 1
            guard let found = AccessChain.split(bytes[start..<end - 1]) else {
                throw AccessFailure(
                    "\(path): the last line is no record; keep the file elsewhere for who looks"
                        + " into it, and start again")
            }
            chain = found.chain
            return
        }
    }

    private func writeAll(_ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Self.write(file, $0) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    private static func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(file, bytes.baseAddress!, bytes.count)
        #else
            Darwin.write(file, bytes.baseAddress!, bytes.count)
        #endif
    }

    private static func close(_ file: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(file)
        #else
            _ = Darwin.close(file)
        #endif
    }

    private static func failure(_ step: String, _ path: String) -> AccessFailure {
        AccessFailure("cannot \(step) \(path): \(String(cString: strerror(errno)))")
    }
}
