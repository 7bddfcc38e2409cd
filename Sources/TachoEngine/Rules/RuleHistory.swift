import TachoGeo
import TachoIngest
import TachoStore

/// The numbers a directory's rules have compared with over time, to explain a verdict by those that
/// decided it.
struct RuleHistory {
    /// In force now.
    let inForce: Thresholds
    /// Stored sets with the times from which they were in force, oldest first.
    private var sets: [(sinceMs: Int64, limits: Thresholds)] = []

    /// Cost: a row a change of the rules; a seek if there was none.
    init(_ database: Database, inForce: Thresholds) throws(StoreError) {
        self.inForce = inForce
        for (_, row) in try RuleSetRow.all(database) {
            sets.append((row.sinceMs, try RuleSettingsImage.read(row.image).thresholds))
        }
    }

    /// Those that were in force at a time of the server's clock. Within a tenth of a second of a
    /// change it may be the other set: receipt times are rounded, and a set is in force a moment
    /// before it is committed.
    func limits(atMs: Int64) -> Thresholds {
        if let set = sets.last(where: { $0.sinceMs <= atMs }) { return set.limits }
        // Before the first one the program's own were.
        return sets.isEmpty ? inForce : Thresholds()
    }
}
