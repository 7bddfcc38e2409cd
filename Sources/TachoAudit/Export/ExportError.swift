/// Why an export stopped. Nothing of it stands under the name asked for, unless it says so.
package enum ExportError: Error, Sendable {
    /// What a failure leaves behind.
    package enum Rest: Sendable {
        case nothing
        /// A partial file that `--resume` goes on with.
        case partial
        /// The output, whole and under its name; what belongs to it is missing.
        case output(String)
    }

    /// A segment is damaged or cannot be read.
    case segment(SegmentError, file: String)
    /// A segment is missing, or segments do not follow each other.
    case directory(Finding)
    case output(OutputFailure, rest: Rest = .nothing)
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
        case .output(let failure, let rest): failure.message + Self.advice(failure, rest)
        case .resume(let why): why
        }
    }

    /// Only what holds: to go on is advised where there is something to go on with.
    private static func advice(_ failure: OutputFailure, _ rest: Rest) -> String {
        let mend = failure.isFull ? "make room and run again" : "mend that and run again"
        return switch rest {
        case .nothing: "; nothing was exported" + (failure.isFull ? "; " + mend : "")
        case .partial:
            "; nothing was exported yet; \(mend), with --resume to keep what is written"
        case .output(let path): "; \(path) is whole, but its manifest is missing; \(mend)"
        }
    }

    /// The same failure of an output, with what it leaves.
    func leaving(_ rest: Rest) -> ExportError {
        guard case .output(let failure, _) = self else { return self }
        return .output(failure, rest: rest)
    }
}
