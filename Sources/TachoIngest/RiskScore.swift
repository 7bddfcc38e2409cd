package import TachoGeo

/// One alert as the risk score sees it. Later hits of its 60 s are not counted again.
package struct RiskHit: Hashable, Sendable, BitwiseCopyable {
    /// Receipt time when it was decided, ms.
    package var atRecvMs: Int64
    /// The alert's id: the order of hits at one time.
    package var idMs: Int64
    package var idN: UInt32
    package var code: Code
    package var severity: Severity
    /// False: people took it back.
    package var counts: Bool

    package init(
        atRecvMs: Int64, idMs: Int64, idN: UInt32, code: Code, severity: Severity,
        counts: Bool = true
    ) {
        self.atRecvMs = atRecvMs
        self.idMs = idMs
        self.idN = idN
        self.code = code
        self.severity = severity
        self.counts = counts
    }

    /// The order in which a score takes hits.
    package static func precedes(_ a: RiskHit, _ b: RiskHit) -> Bool {
        (a.atRecvMs, a.idMs, a.idN) < (b.atRecvMs, b.idMs, b.idN)
    }
}

/// How much a rider's alerts of the last hours ask for a look, 0 to 1: r = 1 − Π (1 − w · d), over
/// alerts that nobody took back, w by severity and d by age. For people to sort by; nothing in this
/// program acts on it.
///
/// d = 1 / (1 + x + x²/2) with x = age / 30 min, and 0 from 6 h on. Sums, products and quotients of
/// IEEE doubles in a fixed order: the same bits on every machine.
package struct RiskScore: Hashable, Sendable {
    /// What the alerts of one code come to alone.
    package struct Share: Hashable, Sendable {
        package var code: Code
        /// The strongest of its alerts.
        package var severity: Severity
        package var alerts: Int
        package var riskE6: Int32
        package var lastAtRecvMs: Int64
    }

    /// Millionths.
    package var riskE6: Int32
    /// Two different codes of severity warn came within 10 min: when the first such pair of the last
    /// 6 h was complete. nil: no pair.
    package var caseSinceMs: Int64?
    package var alerts: Int
    /// The weightiest first, of equals the lower number.
    package var shares: [Share]

    package static let tauMs: Int64 = 30 * 60_000
    package static let horizonMs: Int64 = 6 * 3_600_000
    package static let caseMs: Int64 = 10 * 60_000
    /// Receipt times are rounded up in steps of 64 ms: a hit may lie so far ahead of the clock.
    package static let aheadMs: Int64 = 64

    package static func weight(_ severity: Severity) -> Double {
        switch severity {
        case .none: 0
        case .info: 0.15
        case .warn: 0.4
        case .crit: 0.9
        }
    }

    /// What is left of a weight after `ageMs`; a hit slightly ahead of the clock is new.
    package static func decay(ageMs: Int64) -> Double {
        if ageMs >= horizonMs { return 0 }
        let x = Double(max(ageMs, 0)) / Double(tauMs)
        return 1 / (1 + x + 0.5 * x * x)
    }

    /// Whether a hit of that time has a part in the score at `atMs`.
    package static func isSeen(_ recvMs: Int64, atMs: Int64) -> Bool {
        recvMs < atMs + aheadMs && atMs - recvMs < horizonMs
    }

    /// The score at a moment. `hits` are those of one rider, in the order of `RiskHit.precedes`;
    /// others than those that are seen then do not matter. Cost: a few ns a hit.
    package static func of(_ hits: some Sequence<RiskHit>, atMs: Int64) -> RiskScore {
        var score = RiskScore(riskE6: 0, caseSinceMs: nil, alerts: 0, shares: [])
        var rest = 1.0
        var rests: [Double] = []
        var pair = WarnPair()
        for hit in hits where hit.counts && isSeen(hit.atRecvMs, atMs: atMs) {
            let left = 1 - weight(hit.severity) * decay(ageMs: atMs - hit.atRecvMs)
            rest *= left
            score.alerts += 1
            if let index = score.shares.firstIndex(where: { $0.code == hit.code }) {
                rests[index] *= left
                score.shares[index].add(hit)
            } else {
                rests.append(left)
                score.shares.append(Share(hit))
            }
            if hit.severity == .warn && pair.completes(hit) && score.caseSinceMs == nil {
                score.caseSinceMs = hit.atRecvMs
            }
        }
        score.riskE6 = millionths(1 - rest)
        for index in rests.indices { score.shares[index].riskE6 = millionths(1 - rests[index]) }
        score.shares.sort { a, b in
            a.riskE6 != b.riskE6 ? a.riskE6 > b.riskE6 : a.code.rawValue < b.code.rawValue
        }
        return score
    }

    private static func millionths(_ risk: Double) -> Int32 { Int32((risk * 1e6).rounded()) }
}

extension RiskScore.Share {
    fileprivate init(_ hit: RiskHit) {
        self.init(
            code: hit.code, severity: hit.severity, alerts: 1, riskE6: 0,
            lastAtRecvMs: hit.atRecvMs)
    }

    fileprivate mutating func add(_ hit: RiskHit) {
        alerts += 1
        lastAtRecvMs = hit.atRecvMs
        if hit.severity.rawValue > severity.rawValue { severity = hit.severity }
    }
}

/// The newest warning, and the newest of another code than its: enough to see whether the next one
/// makes a pair of two codes.
private struct WarnPair {
    private var newest: RiskHit?
    private var other: RiskHit?

    mutating func completes(_ hit: RiskHit) -> Bool {
        defer {
            if let newest, newest.code != hit.code { other = newest }
            newest = hit
        }
        guard let partner = newest?.code != hit.code ? newest : other else { return false }
        return hit.atRecvMs - partner.atRecvMs <= RiskScore.caseMs
    }
}
