/// Why a segment could not be written. The temporary file is left behind and means nothing.
package enum SegmentWriteError: Error, Equatable, Sendable {
    /// The interval is none; the text says why.
    case interval(String)
    /// A rider's name is none, or not after the one before.
    case riderOrder(String)
    /// Fixes are not in order of (time, arrival), or arrivals are not 0…n−1 once each.
    case fixOrder(String)
    /// Amendments are out of order, outside the interval, or of a rider that is none.
    case amendment(String)
    /// Points and lost points do not fill the interval.
    case incomplete(expected: UInt64, found: UInt64)
    case fileExists(path: String)
    case inputOutput(operation: String, path: String, errno: Int32)

    package var message: String {
        switch self {
        case .interval(let why), .amendment(let why): why
        case .riderOrder(let rider): "rider \(rider) is out of order or no rider's name"
        case .fixOrder(let rider): "the fixes of rider \(rider) are out of order or not complete"
        case .incomplete(let expected, let found):
            "the interval has \(expected) sequence numbers, \(found) points were added"
        case .fileExists(let path): "\(path) exists already; delete the temporary file first"
        case .inputOutput(let operation, let path, let errno):
            "\(operation) \(path): \(SystemError.text(errno))"
        }
    }
}
