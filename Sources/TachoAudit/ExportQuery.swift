/// What to export. Everything by default.
package struct ExportQuery: Sendable {
    /// Names; nil for all riders.
    package var riders: Set<[UInt8]>?
    /// Event times in Unix ms, inclusive.
    package var tsMs: ClosedRange<Int64> = .min ... .max
    /// Server receipt times in Unix ms, inclusive.
    package var recvMs: ClosedRange<Int64> = .min ... .max

    package init() {}
}

/// What an export wrote.
package struct ExportSummary: Equatable, Sendable {
    package var rows: UInt64 = 0
    package var segments: UInt64 = 0
    /// Riders asked for that have points in no segment, ascending.
    package var unknownRiders: [[UInt8]] = []
}

/// Why an export stopped. Nothing of it stands under the name asked for.
package enum ExportError: Error, Sendable {
    /// A segment is damaged or cannot be read.
    case segment(SegmentError, file: String)
    /// A segment is missing, or segments do not follow each other.
    case directory(Finding)
    case output(operation: String, path: String, errno: Int32)

    package var exit: AuditExit {
        switch self {
        case .segment(let error, _): error.exit
        case .directory(let finding): finding.exit
        case .output: .inputOutput
        }
    }

    package var message: String {
        switch self {
        case .segment(let error, let file): error.message(file: file)
        case .directory(let finding): finding.message
        case .output(let operation, let path, let errno):
            "\(operation) \(path): \(SystemError.text(errno)); nothing was exported"
        }
    }
}
