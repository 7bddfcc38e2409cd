/// Why a client cannot begin.
public struct TachoStartError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line that says what to do.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Why a point, or a call of `append`, was not accepted.
public enum TachoAppendError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The client is shut down, or being shut down.
    case closed
    /// The task was cancelled before anything was taken.
    case cancelled
    /// The server can make nothing of the point.
    case malformed
    /// The server will not have it.
    case refused(reason: String, mayBeStored: Bool)
    /// See `PointOutcome.notDelivered`.
    case notDelivered(reason: String, mayBeStored: Bool)

    public var description: String {
        switch self {
        case .closed: "the client is shut down: nothing was taken"
        case .cancelled: "the task is cancelled: nothing was taken"
        case .malformed:
            "no fix: rider 1 to 128 bytes of text, time in ms, latitude within 90 and longitude"
                + " within 180 degrees expected"
        case .refused(let reason, let mayBeStored):
            "the server refused: \(reason)" + (mayBeStored ? "; it may be stored" : "")
        case .notDelivered(let reason, let mayBeStored):
            "not delivered: \(reason)"
                + (mayBeStored ? "; it may be stored, sending it again is safe" : "")
        }
    }
}

/// Why a question has no answer.
public enum TachoReadError: Error, Hashable, Sendable, CustomStringConvertible {
    case closed
    case cancelled
    /// None of the endpoints answered in time; the reason is that of the last one tried.
    case notReachable(String)
    /// The server will not say, in its own words: `NOAUTH`, `NOPERM` and others.
    case refused(String)
    /// What came back is no answer: another kind of server, or another version.
    case notUnderstood(String)

    public var description: String {
        switch self {
        case .closed: "the client is shut down"
        case .cancelled: "the task is cancelled"
        case .notReachable(let reason): "no server answers: \(reason)"
        case .refused(let reason): "the server refused: \(reason)"
        case .notUnderstood(let reason): "the answer is not understood: \(reason)"
        }
    }
}
