/// Why an export stopped. Nothing of it stands under the name asked for.
package enum ExportError: Error, Sendable {
    /// A segment is damaged or cannot be read.
    case segment(SegmentError, file: String)
    /// A segment is missing, or segments do not follow each other.
    case directory(Finding)
    case output(OutputFailure)
    /// The partial file cannot be gone on with: it is of another question, or not what its state says.
    case resume(String)

    package var exit: AuditExit {
        switch self {
        case .segment(let error, _): error.exit
        case .directory(let finding): finding.exit
        case .output: .inputOutput
        case .resume: .usage
        }
    }

    package var message: String {
        switch self {
        case .segment(let error, let file): error.message(file: file)
        case .directory(let finding): finding.message
        case .output(let failure):
            failure.message
                + (failure.isFull
                    ? "; nothing was exported; make room and run again, "
                        + "with --resume to keep what is written" : "; nothing was exported")
        case .resume(let why): why
        }
    }
}
