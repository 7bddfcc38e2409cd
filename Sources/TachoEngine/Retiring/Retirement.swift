import Synchronization
import TachoStore

/// What is known of retired ranges beside their rows.
final class Retirement: Sendable {
    private struct State {
        var totals = RetiredTotals()
        /// Bytes of chunks that went since files were merged last.
        var gone: UInt64 = 0
        /// Of the last run.
        var kept: [KeptRange] = []
        /// So many looks are passed over.
        var pause = 0
    }

    /// After a run that had to leave ranges: their files are not to be read again each minute.
    private static let pauseAfterKept = 10

    private let known: Mutex<State>

    init(_ database: Database) throws(StoreError) {
        var state = State()
        for row in try RetiredRow.all(database).values { state.totals.add(row) }
        known = Mutex(state)
    }

    var state: (ranges: Int, points: UInt64, kept: [KeptRange]) {
        known.withLock { ($0.totals.ranges, $0.totals.points, $0.kept) }
    }

    func add(_ row: RetiredRow) { known.withLock { $0.totals.add(row) } }

    func note(kept: [KeptRange]) {
        known.withLock { state in
            state.kept = kept
            state.pause = kept.isEmpty ? 0 : Self.pauseAfterKept
        }
    }

    /// Whether it is time for a run that nobody asked for.
    func isDue() -> Bool {
        known.withLock { state in
            if state.pause > 0 { state.pause -= 1 }
            return state.pause == 0
        }
    }

    /// Notes what went, and whether it is a third of what the family takes on disk. True begins anew.
    func isWorthMerging(gone: UInt64, of all: UInt64) -> Bool {
        known.withLock { state in
            state.gone += gone
            guard state.gone >= all / 3 else { return false }
            state.gone = 0
            return true
        }
    }
}
