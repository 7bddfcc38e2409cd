internal import Synchronization
package import TachoClient
import TachoDial

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The file of a ledger. Each append is one write(2) that has ended when the call returns, so what
/// was appended survives the death of any process, this one included (not a power cut).
package final class LedgerFile: Sendable {
    package let path: String
    private let descriptor: Int32
    /// Appends come from the sender and from the connection's thread; a record may not be split.
    private let isBroken = Mutex(false)

    /// Begins the file anew.
    package init(path: String) throws(ToolFailure) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw ToolFailure(
                ExitStatus.cannotCreate,
                "cannot create the ledger \(path): \(systemReason(errno)); name another file")
        }
    }

    deinit { close(descriptor) }

    /// After a failure every further append fails too: a ledger with a hole is no oracle.
    package func append(_ record: [UInt8]) throws(ToolFailure) {
        let failure = isBroken.withLock { isBroken -> ToolFailure? in
            if isBroken { return broken("an earlier write failed") }
            var done = 0
            while done < record.count {
                let count = record.withUnsafeBytes {
                    write(descriptor, $0.baseAddress! + done, $0.count - done)
                }
                if count >= 0 {
                    done += count
                } else if errno != EINTR {
                    isBroken = true
                    return broken(systemReason(errno))
                }
            }
            return nil
        }
        if let failure { throw failure }
    }

    private func broken(_ reason: String) -> ToolFailure {
        ToolFailure(
            ExitStatus.ioError,
            "cannot write the ledger \(path) (\(reason)): free space, then run again")
    }
}
