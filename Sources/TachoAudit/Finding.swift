/// One thing that is wrong with a directory of segments.
package struct Finding: Equatable, Sendable {
    /// Name of the file it is about; a directory's path when it is about none.
    package let file: String
    /// The word for machines: a `SegmentError.Code`, or a `DirectoryCode`.
    package let code: String
    package let exit: AuditExit
    package let block: Int?
    package let bytes: Range<UInt64>?
    /// One line for people: where, what, what to do.
    package let message: String

    init(_ error: SegmentError, file: String) {
        self.file = file
        code = error.code.rawValue
        exit = error.exit
        block = error.block
        bytes = error.bytes
        message = error.message(file: file)
    }

    init(_ error: LogError) {
        file = error.file
        code = error.code.rawValue
        exit = error.exit
        block = nil
        bytes = error.bytes
        message = error.message
    }

    init(_ code: DirectoryCode, file: String, _ detail: String) {
        self.file = file
        self.code = code.rawValue
        exit = code.exit
        block = nil
        bytes = nil
        message = "\(file): \(detail); \(code.advice)"
    }
}

/// What a verification tells without finding anything wrong. The raw value is the word in JSON.
package enum InfoCode: String, Sendable, CaseIterable {
    /// There is no log.
    case noLog = "no_log"
    /// The log is longer than its last signed checkpoint.
    case unsigned = "unsigned"
    /// Newer segments are not in the log.
    case unlogged = "unlogged"
    /// No key was given to check signatures with.
    case unpinned = "unpinned"
}

/// What can be wrong between segments that are sound by themselves.
package enum DirectoryCode: String, Sendable, CaseIterable {
    case noSegments = "no_segments"
    case missingSegments = "missing_segments"
    case wrongName = "wrong_name"
    case chainBroken = "chain_broken"
    case intervalGap = "interval_gap"
    case intervalOverlap = "interval_overlap"
    case otherPartition = "other_partition"
    case amendmentTarget = "amendment_target"
    case changed = "changed"
    case otherContent = "other_content"
    case mirrorRecord = "mirror_record"
    case logFork = "log_fork"

    var exit: AuditExit {
        switch self {
        case .noSegments, .missingSegments, .intervalGap: .incomplete
        case .logFork: .fork
        default: .damage
        }
    }

    var advice: String {
        switch self {
        case .noSegments: "give the audit directory of a data directory that has sealed a range"
        case .changed: "run again on a directory in which nothing is replaced"
        case .otherContent: "find out by a third copy which one is damaged, and replace that"
        case .mirrorRecord: "delete the line; the copy is read and recorded again"
        case .logFork: "find out which log was shown to others; the copy was left as it is"
        case .missingSegments: "put back the missing segments from a copy"
        case .wrongName: "give it its name, and put back the file that should be here from a copy"
        // All files are there, so none can be put back.
        default:
            "compare it and the one before with copies; one of them is not the one that was sealed"
        }
    }
}
