package import TachoGeo
import TachoIngest
import TachoStore

/// What `tacho risk` asks.
package struct RiskQuery: Sendable {
    /// These riders, also those without alerts; nil: all that have some.
    package var riders: [[UInt8]]?
    /// Millionths; nil: the floor, or everything where riders are named.
    package var minE6: Int32?
    package var limit = 1_000
    /// Unix ms; nil: now.
    package var atMs: Int64?

    package init() {}

    /// Riders with less are not listed unless named.
    package static let floorE6: Int32 = 10_000
}

/// A rider's risk at a moment, and what it is made of; see `RiskScore`.
package struct RiskEntry: Sendable, Hashable {
    package struct Share: Sendable, Hashable {
        package var code: Code
        package var severity: String
        package var alerts: Int
        package var riskE6: Int32
        package var lastAtRecvMs: Int64
    }

    package var rider: [UInt8]
    /// Millionths.
    package var riskE6: Int32
    /// Since when two different warnings within ten minutes ask for a look; nil: they do not.
    package var caseSinceMs: Int64?
    package var alerts: Int
    package var shares: [Share]

    init(_ rider: [UInt8], _ score: RiskScore) {
        self.rider = rider
        riskE6 = score.riskE6
        caseSinceMs = score.caseSinceMs
        alerts = score.alerts
        shares = score.shares.map { share in
            Share(
                code: share.code, severity: share.severity.name, alerts: share.alerts,
                riskE6: share.riskE6, lastAtRecvMs: share.lastAtRecvMs)
        }
    }
}

/// Risk at a moment: the greatest first, of equals by name.
package struct RiskReport: Sendable, Hashable {
    package var atMs: Int64
    package var entries: [RiskEntry]
}

extension Engine {
    /// `completion` runs on a thread of the engine. Cost: some ms when all 262,144 alerts that are
    /// remembered count; a moment further back than memory reads all alerts, about 1 µs each.
    package func risk(
        _ query: RiskQuery, completion: @escaping @Sendable (Result<RiskReport, ReadError>) -> Void
    ) {
        readAlerts(completion) { [self] () throws(StoreError) in
            let atMs = query.atMs ?? options.nowMs()
            let named = query.riders.map { names in
                Set(names.compactMap { name in name.withUnsafeBytes { riders.number(of: $0) } })
            }
            let minE6 = query.minE6 ?? (named == nil ? RiskQuery.floorE6 : 0)
            let scores = try scores(of: named, atMs: atMs)
            var entries: [RiskEntry] = []
            for (rider, score) in scores where score.riskE6 >= minE6 {
                entries.append(RiskEntry(riders.name(of: rider), score))
            }
            entries.sort { a, b in
                a.riskE6 != b.riskE6
                    ? a.riskE6 > b.riskE6 : a.rider.lexicographicallyPrecedes(b.rider)
            }
            return RiskReport(atMs: atMs, entries: Array(entries.prefix(query.limit)))
        }
    }

    package func risk(_ query: RiskQuery) throws(ReadError) -> RiskReport {
        try waitFor { risk(query, completion: $0) }
    }

    private func scores(
        of named: Set<UInt32>?, atMs: Int64
    ) throws(StoreError) -> [(rider: UInt32, score: RiskScore)] {
        if let scores = book.scores(of: named.map { Array($0) }, atMs: atMs) { return scores }
        let hits = try alerts.riskHits(atMs: atMs)
        let all = named ?? Set(hits.keys)
        return all.map { rider in (rider, RiskScore.of(hits[rider] ?? [], atMs: atMs)) }
    }
}
