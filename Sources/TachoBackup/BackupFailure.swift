#if canImport(Glibc)
    import Glibc
#endif

/// Why a backup or a restore came to nothing. What was there before is as it was.
package enum BackupFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The directories named do not fit together.
    case usage(String)
    /// Files of the backup, or of what is backed up, are not what they were; a line for each.
    case damaged([String])
    case refused(String)
    case inputOutput(String)
    /// The same may succeed later.
    case tryAgain(String)
    /// Ctrl-C.
    case interrupted

    package var exitCode: Int32 {
        switch self {
        case .usage: 64
        case .damaged: 65
        case .refused: 1
        case .inputOutput: 74
        case .tryAgain: 75
        case .interrupted: 130
        }
    }

    /// It is one file that cannot be read, and others may be whole.
    var isOfOneFile: Bool {
        switch self {
        case .damaged, .inputOutput: true
        default: false
        }
    }

    package var description: String {
        switch self {
        case .usage(let what), .refused(let what), .inputOutput(let what), .tryAgain(let what):
            what
        case .damaged(let findings):
            findings.count == 1
                ? findings[0] : "\(findings.count) findings; the first: \(findings[0])"
        case .interrupted: "stopped; what was copied stays for the next backup"
        }
    }

    /// Of a system call that failed; a full disk says so.
    static func system(_ action: String, _ path: String, _ number: Int32 = errno) -> BackupFailure {
        let reason = String(cString: strerror(number))
        let advice =
            number == ENOSPC || number == EDQUOT
            ? "; make room and run again: earlier generations are whole" : ""
        return .inputOutput("cannot \(action) \(path): \(reason)\(advice)")
    }
}
