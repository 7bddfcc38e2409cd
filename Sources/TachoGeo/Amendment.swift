/// Why a stored verdict was changed afterwards.
package enum AmendCause: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// A later fix decided an open candidate: confirmed or given up.
    case candidateDecided = 1
    /// A fix that arrived late changed what its neighbours in time are compared with.
    case lateNeighbour = 2
    /// Acknowledged points were lost and the loss was accepted; `tsMs` and `ordinal` are 0.
    case acceptedLoss = 3
    /// The fix was found in another track: of another rider, or of the rider's own past.
    case otherTrack = 4
    /// History was judged again with other rules, because an operator asked for it.
    case rulesChanged = 5

    package var name: String {
        switch self {
        case .candidateDecided: "candidate-decided"
        case .lateNeighbour: "late-neighbour"
        case .acceptedLoss: "accepted-loss"
        case .otherTrack: "other-track"
        case .rulesChanged: "rules-changed"
        }
    }
}

/// A verdict changed afterwards: appended, never written over the first.
package struct Amendment: Hashable, Sendable, BitwiseCopyable {
    /// The rider's number in this store.
    package var rider: UInt32
    /// The fix that is amended: its time, and its place among the fixes of that (rider, time).
    package var tsMs: Int64
    package var ordinal: UInt16
    /// Sequence of the fix whose arrival caused the change; decides the range it belongs to.
    package var sequence: UInt64
    /// The verdict from now on.
    package var verdict: Verdict
    package var ruleSet: UInt16
    package var cause: AmendCause

    package init(
        rider: UInt32, tsMs: Int64, ordinal: UInt16, sequence: UInt64, verdict: Verdict,
        ruleSet: UInt16, cause: AmendCause
    ) {
        self.rider = rider
        self.tsMs = tsMs
        self.ordinal = ordinal
        self.sequence = sequence
        self.verdict = verdict
        self.ruleSet = ruleSet
        self.cause = cause
    }
}
