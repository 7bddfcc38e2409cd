import TachoGeo
import TachoIngest

extension Explanation {
    /// The verdict in words that a rider can read: one sentence, and one more for each further
    /// code, for what changed after arrival, and for what differs when it is recomputed.
    package var sentence: String {
        var parts = codes.isEmpty ? [accepted] : told
        if let changed { parts.append(changed) }
        if let differing {
            parts.append(
                "Recomputed over the fixes stored around it, with the thresholds of today, "
                    + "the verdict is \(differing.text).")
        }
        return parts.joined(separator: " ")
    }

    private var told: [String] {
        codes.enumerated().map { place, code in
            var figures = figures(code)
            // The way has been told.
            if place > 0 { figures.anchorMs = nil }
            let phrase = Phrases.phrase(code, figures)
            let lead = place == 0 ? Self.lead(subject.current.effect) : "Also"
            let title = phrase?.title ?? "a finding of a later version"
            let counted = counting(code).map { alert in
                "counted in the alert about the fix at "
                    + UTCTime.text(ms: alert.tsMs, beside: subject.stored.fix.tsMs)
            }
            let detail = Figures.joined(phrase?.detail, counted)
            return "\(lead) \(title) (\(code))" + (detail.map { ": \($0)." } ?? ".")
        }
    }

    private static func lead(_ effect: Effect) -> String {
        switch effect {
        case .accept: "Accepted and noted as"
        case .flag: "Flagged as"
        case .hold: "Held as"
        case .quarantine: "Set aside as"
        }
    }

    /// A fix without any code.
    private var accepted: String {
        if subject.current.effect != .accept {
            return "\(Self.lead(subject.current.effect)) a position without a code."
        }
        if let first {
            let apart = Distance.onSphere(first.coordinate, subject.stored.fix.coordinate)
            return "Accepted beside another position of the same time, which came first: "
                + "\(Wording.metres(apart)) from it."
        }
        guard let trace else { return "Accepted." }
        let figures = figures("CANDIDATE")
        guard let way = figures.way, let leg = trace.leg else {
            return "Accepted as the rider's first position: there was nothing before to compare "
                + "it with."
        }
        guard trace.outcome != .confirmed else {
            let others = subject.limits.confirmations
            return "Accepted, because \(others) fixes in a row agree on the place: \(way), where "
                + "\(Wording.metres(leg.reachM)) are believable for "
                + "\(Wording.vehicle(subject.stored.vehicle))."
        }
        return "Accepted: \(way); "
            + "up to \(Wording.metres(leg.reachM)) are believable for "
            + "\(Wording.vehicle(subject.stored.vehicle))."
    }

    /// What it was at first, if that changed, and why.
    private var changed: String? {
        guard subject.stored.verdict.text != subject.current.text else { return nil }
        let cause: String
        switch subject.amendments.last?.cause {
        case .candidateDecided?: cause = "later fixes decided"
        case .lateNeighbour?: cause = "a fix that arrived late lies beside it in time"
        case .otherTrack?: cause = "another track was found to be like this one"
        case .rulesChanged?: cause = "history was judged again with other rules"
        case .acceptedLoss?, nil: cause = "it was amended"
        }
        return "On arrival the verdict was \(subject.stored.verdict.text); since then \(cause)."
    }

    /// Who, when, where, what; the sentence; where the bytes are.
    package var text: String {
        let fix = subject.stored.fix
        return """
            \(subject.rider)  \(UTCTime.text(ms: fix.tsMs))  \(Self.degrees(fix.latE7)) \
            \(Self.degrees(fix.lonE7))  \(subject.current.text)
            \(sentence)
            \(placeText) Rule set \(ruleSet), thresholds \(thresholdsText).
            """
    }

    var ruleSet: UInt16 { RuleSet.version }
    var thresholdsText: String { Thresholds.text(subject.limits.hash64) }

    private var placeText: String {
        let place = subject.place
        switch place.holder {
        case .journal: return "Stored in the journal, range \(place.range), not sealed yet."
        case .hot: return "Stored in the database, range \(place.range), not sealed yet."
        case .segment:
            if let at = place.segment {
                return "Sealed in segment \(at.id) (\(at.file)), block \(at.block), index "
                    + "\(at.index)."
            }
            return "Sealed in segment \(place.range), whose file cannot tell where: "
                + "\(place.problem ?? "it has no such fix")."
        }
    }

    static func degrees(_ e7: Int32) -> String {
        var out: [UInt8] = []
        Decimal.append(Int64(e7), decimals: 7, trimmed: false, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
