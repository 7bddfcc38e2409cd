package import TachoGeo

/// What an amendment block holds, in order of sequence.
package enum AuditRecord: Equatable, Sendable {
    /// A verdict changed after it was stored. `rider` is the index of the name in the segment.
    case amendment(Amendment)
    /// Acknowledged points that were lost, by sequence, the loss accepted by the operator.
    case acceptedLoss(ClosedRange<UInt64>, ruleSet: UInt16)

    /// Kinds as stored.
    static let amendmentKind: UInt8 = 1
    static let lossKind: UInt8 = 2

    /// The first sequence the record is about; what the records are ordered by.
    var sequence: UInt64 {
        switch self {
        case .amendment(let amendment): amendment.sequence
        case .acceptedLoss(let interval, _): interval.lowerBound
        }
    }

    func append(to out: inout [UInt8]) {
        typealias L = AmendmentLayout
        var record = RecordBuilder(count: L.byteCount)
        switch self {
        case .amendment(let amendment):
            record.put(Self.amendmentKind, L.kind)
            record.put(amendment.cause.rawValue, L.cause)
            record.put(amendment.verdict.effect.rawValue, L.effect)
            record.put(amendment.verdict.isTrusted ? UInt8(1) : 0, L.flags)
            record.put(amendment.ordinal, L.ordinal)
            record.put(amendment.ruleSet, L.ruleSet)
            record.put(amendment.rider, L.rider)
            record.put(amendment.sequence, L.firstSequence)
            record.put(amendment.sequence, L.lastSequence)
            record.put(amendment.tsMs, L.tsMs)
            record.put(amendment.verdict.codes, L.codes)
        case .acceptedLoss(let interval, let ruleSet):
            record.put(Self.lossKind, L.kind)
            record.put(AmendCause.acceptedLoss.rawValue, L.cause)
            record.put(ruleSet, L.ruleSet)
            record.put(SegmentFormat.noRider, L.rider)
            record.put(interval.lowerBound, L.firstSequence)
            record.put(interval.upperBound, L.lastSequence)
        }
        out += record.bytes
    }

    /// Reads a record; nil when it is none: unknown numbers, or values in fields that must be 0.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> AuditRecord? {
        typealias L = AmendmentLayout
        let view = RecordView(bytes, count: L.byteCount)
        let first: UInt64 = view.get(L.firstSequence)
        let last: UInt64 = view.get(L.lastSequence)
        let flags: UInt8 = view.get(L.flags)
        guard view.isZero(L.reserved), first <= last, flags <= 1,
            let cause = AmendCause(rawValue: view.get(L.cause)),
            let effect = Effect(rawValue: view.get(L.effect))
        else { return nil }
        let rider: UInt32 = view.get(L.rider)
        if view.get(L.kind) == lossKind {
            let rest = [L.effect, L.flags, L.ordinal, L.tsMs, L.codes]
            guard cause == .acceptedLoss, rider == SegmentFormat.noRider,
                rest.allSatisfy(view.isZero)
            else { return nil }
            return .acceptedLoss(first...last, ruleSet: view.get(L.ruleSet))
        }
        guard view.get(L.kind) == amendmentKind, cause != .acceptedLoss, first == last,
            rider != SegmentFormat.noRider
        else { return nil }
        return .amendment(
            Amendment(
                rider: rider, tsMs: view.get(L.tsMs), ordinal: view.get(L.ordinal),
                sequence: first,
                verdict: Verdict(
                    codes: view.get(L.codes), effect: effect, isTrusted: flags == 1),
                ruleSet: view.get(L.ruleSet), cause: cause))
    }
}
