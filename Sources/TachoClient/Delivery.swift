import TachoGeo
import TachoWire

/// What became of points that were given to `submit`, told to the handler of the configuration.
///
/// One delivery has the points of one call, or of several, that travelled in one batch.
public struct Delivery: Sendable {
    /// Their tickets, as `submit` gave them. nil: from the spool, where tickets of `append` and of
    /// earlier lives are not known.
    public let tickets: Range<UInt64>?
    public let count: Int
    let result: BatchResult
    /// Of `result`, those of these points, with indices from 0.
    let exceptions: [PutReply.Exception]

    /// The outcome of the point with this place in the delivery.
    public subscript(index: Int) -> PointOutcome {
        precondition(index >= 0 && index < count, "point \(index) of \(count)")
        var (low, high) = (0, exceptions.count)
        while low < high {
            let middle = (low + high) / 2
            if exceptions[middle].index < index { low = middle + 1 } else { high = middle }
        }
        let found = low < exceptions.count && exceptions[low].index == index
        return result.outcome(found ? exceptions[low].mask : .stored)
    }

    /// All outcomes, in order.
    public var outcomes: [PointOutcome] {
        var outcomes = [PointOutcome](repeating: result.outcome(.stored), count: count)
        for exception in exceptions {
            outcomes[exception.index] = result.outcome(exception.mask)
        }
        return outcomes
    }

    /// Whether all are stored and nothing is to be said of any: the common case, and cheap to ask.
    public var isPlain: Bool {
        if case .answered(isResent: false) = result { exceptions.isEmpty } else { false }
    }
}

/// What became of a whole batch.
enum BatchResult: Equatable, Sendable {
    case answered(isResent: Bool)
    case refused(String, mayBeStored: Bool)
    case notDelivered(String, mayBeStored: Bool)
    /// It is in the spool; told to those who wait in `append` only.
    case spooled
}

extension BatchResult {
    func outcome(_ mask: ReplyMask) -> PointOutcome {
        switch self {
        case .answered(let isResent):
            mask.contains(.malformed)
                ? .malformed : .stored(Acknowledgement(mask, isResent: isResent))
        case .refused(let reason, let mayBeStored):
            .refused(reason: reason, mayBeStored: mayBeStored)
        case .notDelivered(let reason, let mayBeStored):
            .notDelivered(reason: reason, mayBeStored: mayBeStored)
        case .spooled: preconditionFailure("being in the spool is no outcome")
        }
    }
}
