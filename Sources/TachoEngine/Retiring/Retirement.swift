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
        /// What operators were told last; nil: nothing is wrong.
        var notice: String?
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

    /// Notes what a run that nobody asked for left. Returns what to tell operators: of the first
    /// range that stays, once and not with each run.
    func note(_ result: Result<RetireReport, RetireError>) -> String? {
        known.withLock { state in
            let notice: String?
            switch result {
            case .success(let report):
                state.kept = report.kept
                notice = report.kept.first.map {
                    "range \($0.segment) stays in the database: \($0.reason)"
                }
            case .failure(let error): notice = "no range leaves the database: \(error)"
            }
            state.pause = notice == nil ? 0 : Self.pauseAfterKept
            defer { state.notice = notice }
            return notice == state.notice ? nil : notice
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
