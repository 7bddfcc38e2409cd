import TachoCodec
import TachoGeo
import TachoIngest

/// Why a stored fix has the verdict it has: recomputed from the fixes around it, and told by the
/// evidence that its alerts carry.
package struct Explanation: Sendable {
    let subject: Case
    /// How the chain judged it; nil: it never entered the chain, or its past is too far back.
    let trace: Retrace?
    /// The fix before it in time, whatever its verdict.
    let previous: Fix?
    /// The first fix of its time, if it is not that itself.
    let first: Fix?

    package init(_ subject: Case) {
        self.subject = subject
        let fix = subject.stored.fix
        previous = subject.track.last { $0.fix.tsMs < fix.tsMs }?.fix
        first =
            subject.ordinal > 0
            ? subject.track.first { $0.fix.tsMs == fix.tsMs && $0.ordinal == 0 }?.fix : nil
        trace = Self.isChained(subject) ? Self.trace(subject) : nil
    }

    /// Whether enough of the past is there; otherwise the caller should read more of it.
    package static func isComplete(_ subject: Case) -> Bool {
        !isChained(subject) || subject.reachesFirst || trace(subject) != nil
    }

    private static func isChained(_ subject: Case) -> Bool {
        subject.ordinal == 0 && RuleSet.isChained(codes: subject.current.codes)
    }

    private static func trace(_ subject: Case) -> Retrace? {
        var window: [ChainEntry] = []
        var index: Int?
        for one in subject.track
        where one.ordinal == 0 && RuleSet.isChained(codes: one.current.codes) {
            if one.fix.tsMs == subject.stored.fix.tsMs { index = window.count }
            window.append(
                ChainEntry(fix: one.fix, vehicle: one.vehicle, verdict: one.current))
        }
        guard let index else { return nil }
        return Retrace.run(
            window: window, index: index, reachesFirst: subject.reachesFirst, subject.limits)
    }

    /// The chain gives the stored verdict again.
    package var isReproduced: Bool { differing == nil }

    /// The verdict that the chain gives today, if that is not the stored one: with other thresholds
    /// than those that judged, or fixes that are gone. Codes of other rules are not its own.
    var differing: Verdict? {
        guard let trace else { return nil }
        let (now, stored) = (trace.verdict, subject.current)
        let isSame =
            (now.codes ^ stored.codes) & Chain.codes == 0
            && (now.codes & Chain.codes == 0 || now.effect == stored.effect)
        return isSame ? nil : now
    }

    /// The centre and radius of what was believable: the reach around the anchor, or the accuracies
    /// around the first fix of the time.
    var reach: (centre: Coordinate, radiusM: Double)? {
        if let anchor = trace?.anchor, let leg = trace?.leg {
            return (anchor.coordinate, leg.reachM)
        }
        return first.map {
            ($0.coordinate, ClockConflict.limitM($0, subject.stored.fix, subject.limits))
        }
    }

    /// Codes in the order in which they are told: those that explain the effect first.
    var codes: [String] {
        let quiet: Set<String> = ["LOWACC", "WHITE_JITTER", "ALT_JUMP", "LOCKSTEP"]
        let names = (0..<64).filter { subject.current.codes & (1 << UInt64($0)) != 0 }
            .map { Code.names[$0] ?? "CODE\($0)" }
        return names.filter { !quiet.contains($0) } + names.filter { quiet.contains($0) }
    }

    /// What is known for a sentence about one code.
    func figures(_ code: String) -> Figures {
        let stored = subject.stored
        var figures = Figures(
            fix: stored.fix, recvMs: stored.ruleRecvMs, vehicle: stored.vehicle,
            limits: subject.limits)
        if let anchor = trace?.anchor, let leg = trace?.leg, let trace {
            figures.anchorMs = anchor.tsMs
            figures.distanceM = leg.distanceM
            figures.dtMs = leg.dtMs
            figures.speedMps = leg.speedMps
            figures.outcome = trace.outcome
            figures.decidedByMs = trace.decidedBy?.tsMs
            // A TELEPORT that stayed held was one at once.
            figures.isImmediate = trace.isImmediate && trace.outcome != .confirmed
            let known = Code.allCases.first { $0.name == code }
            if let known, Chain.codes & known.bit != 0 {
                figures.limitM = leg.limitM(
                    of: known, vehicle: stored.vehicle, isImmediate: figures.isImmediate,
                    subject.limits)
            }
        } else if let first {
            figures.distanceM = Distance.onSphere(first.coordinate, stored.fix.coordinate)
            figures.limitM = ClockConflict.limitM(first, stored.fix, subject.limits)
        }
        figures.take(evidence(code))
        return figures
    }

    private func evidence(_ code: String) -> JSONValue? {
        subject.alerts.last { $0.code == code && $0.tsMs == subject.stored.fix.tsMs }
            .flatMap { try? JSONValue.read(Array($0.evidenceJSON.utf8)) }
    }

    /// The alert about another fix that counts this one.
    func counting(_ code: String) -> CaseAlert? {
        subject.alerts.last { $0.code == code && $0.tsMs != subject.stored.fix.tsMs }
    }
}

extension Figures {
    /// What the alert measured, which cannot be recomputed from the fixes around.
    fileprivate mutating func take(_ evidence: JSONValue?) {
        guard let evidence else { return }
        statistic = evidence["statistic"]?.text
        value = evidence["value"]?.number
        limit = evidence["limit"]?.number
        run = evidence["run"]?.number
        otherRider = evidence["source"]?["rider"]?.text ?? evidence["source_rider"]?.text
        let at = evidence["source"]?["ts_ms"]?.number ?? evidence["source_ts_ms"]?.number
        otherMs = at.flatMap { Int64(exactly: $0) }
    }
}
