/// What a writer is told about each report: bits that may be combined. `stored` has none.
package struct ReplyMask: OptionSet, Hashable, Sendable, BitwiseCopyable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let stored = ReplyMask([])
    /// Identical to a stored fix; nothing was stored. Carries no other bit.
    package static let duplicate = ReplyMask(rawValue: 1)
    /// Older than the newest accepted or flagged fix of the rider when it arrived.
    package static let late = ReplyMask(rawValue: 2)
    /// The effect is not accept.
    package static let flagged = ReplyMask(rawValue: 4)
    /// A different fix was stored at that (rider, time) before.
    package static let conflict = ReplyMask(rawValue: 8)
    /// TS_FUTURE, TS_PAST or TS_STEP.
    package static let clock = ReplyMask(rawValue: 16)
    /// Accuracy above 100 m.
    package static let lowAccuracy = ReplyMask(rawValue: 32)
    /// Malformed, not stored.
    package static let malformed = ReplyMask(rawValue: 64)
    /// An optional field was dropped.
    package static let fieldDropped = ReplyMask(rawValue: 128)
}
