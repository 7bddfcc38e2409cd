import TachoExplain
package import TachoGeo
import TachoIngest
import TachoStore

/// The answer to why a fix has its verdict.
package enum ExplanationAnswer: Sendable, Equatable {
    /// The explanations of all fixes of that time in the form that was asked for, UTF-8.
    case explained([UInt8])
    /// The rider has no fix of that time; nil: none at all.
    case noFix(nearestMs: Int64?)
    case unknownRider

    /// Why there is nothing to explain, as one line; nil: there is.
    package func refusal(rider: [UInt8], tsMs: Int64) -> String? {
        let name = String(decoding: rider, as: UTF8.self)
        switch self {
        case .explained: return nil
        case .unknownRider: return "no fix of rider \(name): check the name"
        case .noFix(nil): return "rider \(name) has no fix yet"
        case .noFix(let nearest?):
            let time = UTCTime.text(ms: Fix.clamped(tsMs))
            return "rider \(name) has no fix at \(time) (\(tsMs)); the nearest is at "
                + "\(UTCTime.text(ms: nearest)) (\(nearest))"
        }
    }
}

extension Fix {
    /// The nearest time that a fix can have, or one beyond, which none has.
    fileprivate static func clamped(_ tsMs: Int64) -> Int64 {
        min(max(tsMs, -timeLimitMs), timeLimitMs)
    }
}

extension Engine {
    /// Explains the verdicts of a rider's fixes at one time, the first stored one first, as of all
    /// writes answered before the call. `completion` runs on a thread of the engine.
    ///
    /// Cost: the chunks around the fix, all alerts since it came, and for a sealed fix its block
    /// and the index of its segment. `mayHear`: of which riders whoever asks may be told; of others
    /// neither evidence nor sentence has the name.
    package func explain(
        rider: [UInt8], tsMs: Int64, as form: ExplanationForm,
        mayHear: @escaping @Sendable ([UInt8]) -> Bool = { _ in true },
        completion: @escaping @Sendable (Result<ExplanationAnswer, ReadError>) -> Void
    ) {
        guard let number = rider.withUnsafeBytes({ riders.number(of: $0) }) else {
            return completion(.success(.unknownRider))
        }
        let inForce = rules.settings.thresholds
        let tsMs = Fix.clamped(tsMs)
        let (alerts, store, progress, control) = (alerts, store, progress, control)
        read(
            rider, unknown: .unknownRider,
            { source in
                let reader = CaseReader(source: source)
                let name = String(decoding: rider, as: UTF8.self)
                let rules = try RuleHistory(store.database, inForce: inForce)
                var found = try reader.cases(at: tsMs, rider: name, rules)
                guard !found.isEmpty else {
                    return .noFix(nearestMs: try reader.nearest(to: tsMs))
                }
                let now = progress.now
                let finder = PlaceFinder(
                    store: store, sealedRange: control.seals.lastRange,
                    openFirst: now.rangeFirst)
                let since = found.reduce(Int64.max) { min($0, $1.fix.stored.recvMs) }
                let raised = try alerts.of(rider: number, sinceMs: since)
                for index in found.indices {
                    let fix = found[index].fix
                    found[index].case.place = try finder.place(
                        of: fix, isInTail: reader.isInTail(fix), rider: rider)
                    found[index].case.alerts = Self.alerts(
                        raised, of: fix, among: found.count, mayHear)
                }
                return .explained(
                    Self.render(found.map { Self.explanation($0.case, inForce) }, form))
            }, completion)
    }

    package func explain(
        rider: [UInt8], tsMs: Int64, as form: ExplanationForm
    ) throws(ReadError) -> ExplanationAnswer {
        try waitFor { explain(rider: rider, tsMs: tsMs, as: form, completion: $0) }
    }

    /// Alerts about the fix, and for codes without one of their own the alert in whose 60 s they
    /// were counted. An alert names its fix by time alone: of several fixes of one time it is about
    /// those that have the code.
    private static func alerts(
        _ raised: [Alert], of fix: HistoryFix, among count: Int, _ mayHear: ([UInt8]) -> Bool
    ) -> [CaseAlert] {
        let codes = fix.stored.verdict.codes | fix.current.codes
        var found = raised.filter {
            $0.tsMs == fix.tsMs && (count == 1 || codes & $0.code.bit != 0)
        }
        let recvMs = fix.stored.ruleRecvMs
        for code in Code.allCases where fix.stored.verdict.codes & code.bit != 0 {
            guard !found.contains(where: { $0.code == code }) else { continue }
            let counting = raised.last {
                $0.code == code && $0.atRecvMs <= recvMs
                    && recvMs - $0.atRecvMs < AlertWindow.lengthMs
            }
            if let counting { found.append(counting) }
        }
        return found.map { alert in
            CaseAlert(
                code: alert.code.name, severity: alert.severity, tsMs: alert.tsMs,
                atRecvMs: alert.atRecvMs, count: alert.count,
                evidenceJSON: EvidenceSource.shown(alert.evidenceJSON, to: mayHear))
        }
    }

    /// By the rules of the time when the fix came, unless those in force now give its verdict and
    /// they do not: it may have been judged again since.
    private static func explanation(_ subject: Case, _ inForce: Thresholds) -> Explanation {
        let first = Explanation(subject)
        guard !first.isReproduced, subject.limits != inForce else { return first }
        var other = subject
        other.limits = inForce
        let second = Explanation(other)
        return second.isReproduced ? second : first
    }

    private static func render(
        _ explanations: [Explanation], _ form: ExplanationForm
    ) -> [UInt8] {
        switch form {
        case .json: Array(explanations.map(\.json).joined(separator: [UInt8(ascii: "\n")]))
        case .text: Array(explanations.map(\.text).joined(separator: "\n\n").utf8)
        case .svg: explanations[0].svg
        }
    }
}
