import TachoGeo
import TachoIngest
import TachoStore

/// Fixes that only evidence needs: looked up when an alert opens, never per fix.
extension Shard {
    /// How far back the fix before one is looked for: after a longer gap rules about motion start
    /// anew.
    private static let previousWithinMs: Int64 = 20_000

    /// The trusted fix before one in time; nil: none within 20 s, or it cannot be read, which the
    /// next read that a verdict depends on will tell.
    /// Cost: as a rule a walk through the open tail; otherwise a seek and a decode, 30 µs.
    func previous(of fix: Fix, _ rider: UInt32) -> Fix? {
        let before = try? source(rider, slot(rider)).load(
            fromMs: fix.tsMs - Self.previousWithinMs, toMs: fix.tsMs - 1)
        return before?.last { $0.current.isTrusted }?.stored.fix
    }

    /// The first fix stored at a time, and how many there are beside one that was just stored.
    func first(at tsMs: Int64, _ rider: UInt32) -> (fix: Fix, others: Int)? {
        guard let all = try? source(rider, slot(rider)).load(fromMs: tsMs, toMs: tsMs),
            all.count > 1
        else { return nil }
        return (all[0].stored.fix, all.count - 1)
    }

    /// Of the fix that was stored last.
    func evidenceContext(_ rider: UInt32, decidedBy: Fix?) -> EvidenceContext {
        let slot = slot(rider)
        return EvidenceContext(
            decidedBy: decidedBy, range: slot.pointee.range,
            arrival: slot.pointee.arrivals &- 1, thresholds: thresholdsHash)
    }
}
