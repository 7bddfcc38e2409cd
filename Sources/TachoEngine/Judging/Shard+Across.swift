import TachoGeo
import TachoIngest
import TachoStore

/// The end of a rider's way, up to the fix at which it was found to be like another.
struct Stretch {
    /// All fixes of the time.
    var fixes: [HistoryFix]
    /// That fix.
    var end: HistoryFix
    /// What is compared: fixes that came in order up to the end, whatever came late since.
    var way: [WayPoint]

    /// Whether a fix had been delivered when the end was.
    func wasThere(_ fix: HistoryFix) -> Bool {
        (fix.range, fix.arrival) <= (end.range, end.arrival)
    }
}

extension Shard {
    /// nil: the fix is not there any more, because its loss was accepted.
    /// Cost: ten minutes of tail and chunks, about 20 µs at a fix a second.
    func stretch(of rider: UInt32, upTo tsMs: Int64) throws(StoreError) -> Stretch? {
        guard Int(rider) / count < slots.count else { return nil }
        let fixes = try source(rider, slot(rider)).load(
            fromMs: tsMs - rules.thresholds.alikeMs, toMs: tsMs)
        // The first at its time: no other enters a chain.
        guard let end = fixes.first(where: { $0.tsMs == tsMs }) else { return nil }
        var stretch = Stretch(fixes: fixes, end: end, way: [])
        var newestMs = Int64.min
        let delivered = fixes.filter { stretch.wasThere($0) }.sorted {
            ($0.range, $0.arrival) < ($1.range, $1.arrival)
        }
        for fix in delivered where fix.tsMs > newestMs {
            guard RuleSet.isChained(codes: fix.stored.verdict.codes) else { continue }
            newestMs = fix.tsMs
            if WayPair.takes(fix.stored.fix, rules.thresholds) {
                stretch.way.append(WayPoint(fix.stored.fix))
            }
        }
        return stretch
    }

    /// The same; nil also where it cannot be read: it is compared with nothing then.
    func readableStretch(
        of rider: UInt32, upTo tsMs: Int64
    ) throws(StoreError) -> Stretch? {
        do throws(StoreError) {
            return try stretch(of: rider, upTo: tsMs)
        } catch {
            guard error.isOfStoredBytes else { throw error }
            return nil
        }
    }

    /// Compares a rider's way with another's, and marks what comes of it.
    mutating func compare(
        _ proposal: AcrossProposal, with other: [WayPoint], named name: [UInt8]
    ) throws(StoreError) -> Part {
        let part = Part(work: nil)
        pending.sweep()
        part.events.putEvent(.compared(proposal: proposal.number))
        guard let stretch = try readableStretch(of: proposal.rider, upTo: proposal.tsMs),
            let finding = AcrossRules.judge(
                WayPair(
                    own: stretch.way, other: other,
                    isSameRider: proposal.rider == proposal.other), rules.thresholds)
        else { return part }
        try mark(finding, stretch, proposal, name, part)
        return part
    }

    private mutating func mark(
        _ finding: AcrossFinding, _ stretch: Stretch, _ proposal: AcrossProposal,
        _ name: [UInt8], _ part: Part
    ) throws(StoreError) {
        let rider = proposal.rider
        let slot = slot(rider)
        var code = finding.code
        // In lockstep with a second one at the same place: three accounts, one ride.
        if code == .lockstep, stretch.end.current.codes & Code.lockstep.bit != 0,
            AcrossRules.isOn(.colocated, rules.thresholds)
        {
            code = .colocated
        }
        let added = AcrossRules.finding(code)
        var isChainChanged = false
        var ordinal: UInt16 = 0
        var verdict = stretch.end.current
        for (index, fix) in stretch.fixes.enumerated() {
            let isSameTime = index > 0 && stretch.fixes[index - 1].tsMs == fix.tsMs
            ordinal = isSameTime ? ordinal + 1 : 0
            let isEnd = ordinal == 0 && fix.tsMs == stretch.end.tsMs
            // What is for information is told of one fix, not of a ride.
            let isMeant = finding.code == .lockstep ? isEnd : fix.tsMs >= finding.firstMs
            guard isMeant, stretch.wasThere(fix), fix.current.codes & code.bit == 0 else {
                continue
            }
            var current = fix.current
            current.codes |= added.codes
            current.effect = max(current.effect, added.effect)
            if isEnd { verdict = current }
            amend(
                rider, slot, fix.tsMs, ordinal: ordinal, current, was: fix.current, .otherTrack,
                part)
            if ordinal == 0, slot.pointee.chain.addAcross(added, to: fix.tsMs) {
                isChainChanged = true
            }
            if fix.tsMs == slot.pointee.shownMs || fix.tsMs == slot.pointee.newestMs {
                slot.pointee.needsShownAgain = true
            }
        }
        if isChainChanged {
            part.events.putEvent(
                .chain(rider: rider, image: SlotImage.chain(slot.pointee.chain)))
        }
        raise(
            code.bit, verdict, stretch.end.tsMs, atRecvMs: stretch.end.stored.ruleRecvMs, rider,
            part
        ) { _ in
            AlertEvidence.across(stretch.end.stored, finding, source: name, proposal.otherMs)
        }
        if slot.pointee.needsShownAgain { try showAgain(rider, slot) }
        if slot.pointee.isLatestTouched {
            slot.pointee.isLatestTouched = false
            part.latest.append(Part.Latest(rider: rider, record: slot.pointee.latestRecord))
        }
    }
}
