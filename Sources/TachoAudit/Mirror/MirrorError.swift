/// Why a mirror stopped. What it copied before stays, and stays recorded.
package enum MirrorError: Error, Sendable {
    /// The two directories cannot be mirrored; the text says why and what to do.
    case usage(String)
    /// The directory copied from cannot be listed, or has no segment.
    case source(Finding)
    case output(OutputFailure)
    /// What was written reads back as something else.
    case readBack(path: String)
    /// The record in the directory copied to cannot be read.
    case record(String)

    package var exit: AuditExit {
        switch self {
        case .usage: .usage
        case .source(let finding): finding.exit
        case .output, .readBack, .record: .inputOutput
        }
    }

    package var message: String {
        switch self {
        case .usage(let why), .record(let why): why
        case .source(let finding): finding.message
        case .output(let failure):
            failure.message
                + (failure.isFull
                    ? "; make room and run again: what was copied stays"
                    : "; run again when that is mended: what was copied stays")
        case .readBack(let path):
            "\(path) was written but reads back wrong and was deleted; "
                + "check the disk and memory, then run again"
        }
    }
}
