import TachoGeo
import TachoIngest
import TachoStore

/// Amendments of one rider on their way to its judge.
final class RiderRecompute: Sendable {
    enum Basis: Sendable {
        /// Made from a copy; good as long as the rider stands as it did then.
        case copied(RiderStamp, [VerdictChange])
        /// To be made by the judge, from what it has: for a rider that never stands still.
        case live(RiderHistory)
    }

    enum Outcome: Sendable {
        case isDone
        /// The rider, or the rules, have changed meanwhile: nothing was done.
        case isStale
    }

    let rider: UInt32
    let thresholds: Thresholds
    let basis: Basis
    private let completion: @Sendable (Result<Outcome, RulesError>) -> Void

    init(
        rider: UInt32, thresholds: Thresholds, basis: Basis,
        completion: @escaping @Sendable (Result<Outcome, RulesError>) -> Void
    ) {
        self.rider = rider
        self.thresholds = thresholds
        self.basis = basis
        self.completion = completion
    }

    func complete(_ result: Result<Outcome, RulesError>) { completion(result) }
}

extension Shard {
    /// So many amendments become one part, a fraction of a group.
    private static let amendmentsPerPart = 4_096

    /// Appends what a recomputation found; nil: it is stale. No alert is raised: an alert is for
    /// who can still do something about it.
    mutating func recompute(_ work: RiderRecompute) throws(StoreError) -> [Part]? {
        guard rules.thresholds == work.thresholds else { return nil }
        admit(work.rider)
        let slot = slot(work.rider)
        let changes: [VerdictChange]
        switch work.basis {
        case .copied(let stamp, let found):
            guard RiderStamp(slot.pointee) == stamp else { return nil }
            changes = found
        case .live(let history):
            do {
                changes = try history.replay(source(work.rider, slot), RiderStamp(slot.pointee))
                    .changes
            } catch let error as StoreError {
                throw error
            } catch {
                // It has grown beyond what is replayed.
                return nil
            }
        }
        return try amend(changes, work.rider, slot)
    }

    private mutating func amend(
        _ changes: [VerdictChange], _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>
    ) throws(StoreError) -> [Part] {
        guard !changes.isEmpty else { return [] }
        pending.sweep()
        var parts: [Part] = []
        for start in stride(from: 0, to: changes.count, by: Self.amendmentsPerPart) {
            let part = Part(work: nil)
            for change in changes[start..<min(start + Self.amendmentsPerPart, changes.count)] {
                amend(
                    rider, slot, change.tsMs, ordinal: change.ordinal, change.after,
                    was: change.before, .rulesChanged, part)
            }
            parts.append(part)
        }
        try showAgain(rider, slot)
        slot.pointee.isLatestTouched = false
        // With the last of them: until then latest shows what it showed.
        parts[parts.count - 1].latest.append(
            Part.Latest(rider: rider, record: slot.pointee.latestRecord))
        return parts
    }
}
