import TachoGeo

/// What the server says of a point that is stored: nothing, or some of these.
public struct Acknowledgement: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    init(_ mask: ReplyMask, isResent: Bool) {
        rawValue = UInt16(mask.rawValue) | (isResent ? Self.resent.rawValue : 0)
    }

    /// An identical fix was stored already, so this one was not stored again. Together with `resent`
    /// it may well be this very point, by its first sending.
    public static let duplicate = Acknowledgement(rawValue: 1)
    /// Older than the rider's newest accepted or flagged fix when it arrived.
    public static let late = Acknowledgement(rawValue: 2)
    /// The verdict is not `ok`.
    public static let flagged = Acknowledgement(rawValue: 4)
    /// Another fix of that rider and time was stored before; both are kept.
    public static let conflict = Acknowledgement(rawValue: 8)
    /// The phone's clock is doubtful.
    public static let clock = Acknowledgement(rawValue: 16)
    /// Accuracy above 100 m.
    public static let lowAccuracy = Acknowledgement(rawValue: 32)
    /// An optional field was out of its range and is unknown now.
    public static let fieldDropped = Acknowledgement(rawValue: 128)
    /// It was sent more than once, for the answer to an earlier sending never came.
    public static let resent = Acknowledgement(rawValue: 256)

    /// What is said, as words for a log.
    var names: [String] {
        let all: [(Acknowledgement, String)] = [
            (.duplicate, "duplicate"), (.late, "late"), (.flagged, "flagged"),
            (.conflict, "conflict"), (.clock, "clock"), (.lowAccuracy, "low accuracy"),
            (.fieldDropped, "field dropped"), (.resent, "resent"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}

/// What became of one point.
public enum PointOutcome: Hashable, Sendable, CustomStringConvertible {
    /// On the server's device.
    case stored(Acknowledgement)
    /// The server can make nothing of it: rider, time or place are none. Not stored; sending it again
    /// does not help.
    case malformed
    /// The server will not have it, in its own words. Not stored, unless `mayBeStored`; sending it
    /// again helps only when the reason is gone.
    case refused(reason: String, mayBeStored: Bool)
    /// No answer within `deliveryTimeoutMs`, or before the client was shut down; or dropped from a full
    /// spool, or damaged in it. `mayBeStored`: it was sent at least once, or an earlier life may have
    /// sent it, so it may be there; sending it again is safe.
    case notDelivered(reason: String, mayBeStored: Bool)

    public var isStored: Bool { if case .stored = self { true } else { false } }

    /// As part of a sentence about the point.
    public var description: String {
        switch self {
        case .stored(let acknowledgement):
            acknowledgement.isEmpty
                ? "stored" : "stored (\(acknowledgement.names.joined(separator: ", ")))"
        case .malformed: "malformed"
        case .refused(let reason, _): "refused: \(reason)"
        case .notDelivered(let reason, let mayBeStored):
            "not delivered: \(reason)" + (mayBeStored ? "; it may be stored" : "")
        }
    }
}

/// What `append` gives for a point that it accepted.
public enum Receipt: Hashable, Sendable {
    /// On the server's device.
    case stored(Acknowledgement)
    /// On this machine's device, in the spool; it is delivered from there, also by the next client
    /// that opens the directory.
    case spooled
}

/// What became of the points of one call of `append(contentsOf:)`, by their place in it.
public struct BatchReceipt: Sendable {
    /// Points of the call.
    public let count: Int
    /// Those that are in the spool and neither delivered nor refused yet; `count` or less with a spool,
    /// 0 without.
    public internal(set) var spooled = 0
    /// Everything that is not simply `.stored([])` (or in the spool), by ascending index.
    public internal(set) var exceptions: [(index: Int, outcome: PointOutcome)] = []

    init(count: Int) { self.count = count }

    /// nil: the point is in the spool. Cost: a search among the exceptions.
    public subscript(index: Int) -> PointOutcome? {
        precondition(index >= 0 && index < count, "point \(index) of \(count)")
        var (low, high) = (0, exceptions.count)
        while low < high {
            let middle = (low + high) / 2
            if exceptions[middle].index < index { low = middle + 1 } else { high = middle }
        }
        if low < exceptions.count, exceptions[low].index == index { return exceptions[low].outcome }
        return spooled > 0 ? nil : .stored([])
    }

    /// Whether every point is on a device, the server's or this machine's.
    public var isComplete: Bool { exceptions.allSatisfy { $0.outcome.isStored } }
}
