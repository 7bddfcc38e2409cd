import Dispatch
import Synchronization
package import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where an export goes: standard output, or a file that gets its name only when it is whole.
///
/// Until `complete` a file is called `PATH.partial`, and `PATH.partial.json` says how much of it
/// counts. A file that had the name is replaced as a whole, in one step. One that is dropped
/// without `complete` deletes its partial file, unless it was told to keep it for `--resume`.
package final class ExportOutput: @unchecked Sendable {
    package let path: String
    private let partial: String?
    private let descriptor: Int32
    private var digest: RunningDigest?
    /// Bytes written so far, those of the partial file that is gone on with included.
    package private(set) var byteCount: UInt64 = 0
    /// How far the partial file was when it was broken off.
    private(set) var resumed: ExportState?
    /// The partial file is not deleted with this object: it has its name, or is for `--resume`.
    private var isKept = false
    /// All rows are written: how far the file counts, should what comes behind them fail.
    private var held: [ExportState] = []
    /// Puts what is written on disk and notes it, while more is written.
    private let saver = DispatchQueue(label: "tacho-audit.export")
    private let saving = Mutex(SaveProgress())

    private struct SaveProgress {
        var isBusy = false
        var failure: ExportError?
    }

    /// `path` is a file, or `-` for standard output. `resuming`: goes on with a partial file, if
    /// there is one that says how far it is. `hashes`: `sha256` is wanted; 0.6 ns a byte.
    package init(
        path: String, resuming: Bool = false, hashes: Bool = true
    ) throws(ExportError) {
        self.path = path
        try Self.refuseFolder(path)
        digest = hashes ? RunningDigest() : nil
        guard path != "-" else {
            partial = nil
            descriptor = STDOUT_FILENO
            return
        }
        let partial = path + ".partial"
        descriptor = open(partial, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .output(OutputFailure(operation: "create", path: partial, errno: errno))
        }
        self.partial = partial
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            // Not ours: it must survive this object.
            isKept = true
            throw .resume("\(partial) is being written by another export; wait for it or stop it")
        }
        if resuming, let state = ExportState.read(partial + ".json") {
            try goOn(with: state)
        } else {
            unlink(partial + ".json")
            // Nothing to cut off where it is no plain file.
            _ = ftruncate(descriptor, 0)
        }
    }

    deinit {
        guard let partial else { return }
        if !isKept && !held.isEmpty { isKept = keepNow(held) }
        close(descriptor)
        guard !isKept else { return }
        unlink(partial)
        unlink(partial + ".json")
    }

    /// Of all bytes written, if hashes are made.
    package var sha256: [UInt8]? { digest?.value() }

    package func write(_ buffer: inout TextBuffer) throws(ExportError) {
        try write(buffer.text)
        buffer.removeAll()
    }

    package func write(_ raw: UnsafeRawBufferPointer) throws(ExportError) {
        var done = 0
        while done < raw.count {
            #if canImport(Glibc)
                let put = Glibc.write(descriptor, raw.baseAddress! + done, raw.count - done)
            #else
                let put = Darwin.write(descriptor, raw.baseAddress! + done, raw.count - done)
            #endif
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else { throw failure("write", put == 0 ? EIO : errno) }
            done += put
        }
        digest?.update(raw)
        byteCount += UInt64(raw.count)
    }

    private func refused(_ operation: String) -> OutputFailure {
        OutputFailure(operation: operation, path: partial ?? path, errno: errno)
    }

    private func failure(_ operation: String, _ number: Int32) -> ExportError {
        .output(OutputFailure(operation: operation, path: partial ?? path, errno: number))
    }

    /// Puts the content on disk and gives it its name; then the manifest, if there is one.
    package func complete(
        manifest: (path: String, text: String)? = nil
    ) throws(ExportError) {
        saver.sync {}
        do throws(ExportError) {
            if let manifest { try Self.refuseFolder(manifest.path) }
            try name(manifest)
        } catch {
            guard partial != nil, case .output(_, .nothing) = error else { throw error }
            throw error.leaving(keep(held) ? .partial : .nothing)
        }
        // Where the system can: a name that a power cut takes is an export that is made again.
        if partial != nil { try? NewFile.syncFolder(of: path) }
    }

    /// A directory in the place of a file is told before the work, not after it.
    package static func refuseFolder(_ path: String) throws(ExportError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        throw .output(OutputFailure(operation: "create", path: path, errno: EISDIR))
    }

    private func name(_ manifest: (path: String, text: String)?) throws(ExportError) {
        var rest = ExportError.Rest.nothing
        do throws(OutputFailure) {
            // Written before the output has its name, so that a full disk leaves neither.
            let written = try NewFile.written(manifest)
            if let partial {
                guard fsync(descriptor) == 0 else { throw refused("fsync") }
                guard rename(partial, path) == 0 else { throw refused("rename") }
                isKept = true
                rest = .output(path)
                unlink(partial + ".json")
            }
            try written.name()
        } catch {
            throw .output(error, rest: rest)
        }
    }
}

// MARK: Going on with a partial file

extension ExportOutput {
    /// Cuts off what does not count, and takes the rest as written.
    private func goOn(with state: ExportState) throws(ExportError) {
        isKept = true
        var status = stat()
        guard fstat(descriptor, &status) == 0, UInt64(status.st_size) >= state.bytes else {
            throw .resume(
                "\(path).partial is shorter than \(path).partial.json says; "
                    + "run without --resume to begin anew")
        }
        guard ftruncate(descriptor, off_t(state.bytes)) == 0,
            lseek(descriptor, 0, SEEK_SET) == 0
        else { throw failure("cut", errno) }
        var buffer = [UInt8](repeating: 0, count: SegmentSource.pieceBytes)
        while byteCount < state.bytes {
            let got = buffer.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress!, $0.count)
            }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { throw failure("read", got == 0 ? EIO : errno) }
            buffer.withUnsafeBytes { digest?.update(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
            byteCount += UInt64(got)
        }
        resumed = state
    }

    /// Notes how far the export is, once that much is on disk: soon, on another thread. Nothing for
    /// standard output, or while the one before is still being noted.
    func save(_ state: ExportState) throws(ExportError) {
        guard partial != nil else { return }
        let (isBusy, failure) = saving.withLock { saving in
            defer { saving.isBusy = true }
            return (saving.isBusy, saving.failure)
        }
        if let failure { throw failure }
        guard !isBusy else { return }
        saver.async { [self] in
            var failure: ExportError?
            do throws(ExportError) { try saveNow(state) } catch { failure = error }
            saving.withLock { $0 = SaveProgress(isBusy: false, failure: failure) }
        }
    }

    private func saveNow(_ state: ExportState) throws(ExportError) {
        guard let partial else { return }
        guard fsync(descriptor) == 0 else { throw failure("fsync", errno) }
        do throws(OutputFailure) {
            try NewFile(path: partial + ".json", text: state.text).name()
        } catch {
            throw .output(error)
        }
    }

    /// After an error: the partial file stays for `--resume` if it can be said how far it is. On a
    /// full disk what does not count makes room for that; `states` are tried in turn, each a
    /// shorter one. Otherwise what was said last still holds. Says whether the file stays.
    func keep(_ states: [ExportState]) -> Bool {
        saver.sync {}
        isKept = keepNow(states)
        return isKept
    }

    private func keepNow(_ states: [ExportState]) -> Bool {
        guard let partial else { return false }
        for state in states
        where ftruncate(descriptor, off_t(state.bytes)) == 0 && (try? saveNow(state)) != nil {
            return true
        }
        var status = stat()
        guard let noted = ExportState.read(partial + ".json"), fstat(descriptor, &status) == 0
        else { return false }
        return UInt64(status.st_size) >= noted.bytes
    }

    /// All rows are written: from here on the file is not given up.
    func hold(_ states: [ExportState]) { held = states }
}

extension ExportState {
    /// nil when there is none, or one that cannot be read.
    fileprivate static func read(_ path: String) -> ExportState? {
        guard let file = try? AuditFile(path: path), file.byteCount < 1 << 20 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(file.byteCount))
        let result = bytes.withUnsafeMutableBytes { raw in
            Result { () throws(SegmentError) in try file.read(into: raw, at: 0) }
        }
        guard case .success = result else { return nil }
        return ExportState(bytes)
    }
}
