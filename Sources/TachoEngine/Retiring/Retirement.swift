import Synchronization
import TachoCodec
import TachoStore

/// What is known of retired ranges beside their rows.
final class Retirement: Sendable {
    private struct State {
        var totals = RetiredTotals()
        /// Bytes of chunks that went since files were merged last, as in `GoneRow`.
        var gone: UInt64 = 0
        /// What operators were told last of a merge that has no room; nil: nothing.
        var obstacle: String?
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
        state.gone = try GoneRow.read(database)
        known = Mutex(state)
    }

    var state: (ranges: Int, points: UInt64, kept: [KeptRange]) {
        known.withLock { ($0.totals.ranges, $0.totals.points, $0.kept) }
    }

    /// Bytes of chunks that went since files were merged last.
    var gone: UInt64 { known.withLock { $0.gone } }

    /// A range that is retired now.
    func add(_ row: RetiredRow) {
        known.withLock { state in
            state.totals.add(row)
            state.gone += row.bytes
        }
    }

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

    /// Nothing retires by itself any more: nothing is kept from it, and it begins anew with other options.
    func stopped() {
        known.withLock { state in
            state.kept = []
            state.pause = 0
            state.notice = nil
        }
    }

    /// Whether it is time for a run that nobody asked for.
    func isDue() -> Bool {
        known.withLock { state in
            if state.pause > 0 { state.pause -= 1 }
            return state.pause == 0
        }
    }

    /// Whether what went is a third of what the family takes on disk.
    func isWorthMerging(of all: UInt64) -> Bool {
        known.withLock { $0.gone > 0 && $0.gone >= all / 3 }
    }

    /// Files were merged.
    func merged() {
        known.withLock { state in
            state.gone = 0
            state.obstacle = nil
        }
    }

    /// Why they were not. Returns what to tell operators, once.
    func note(obstacle: String) -> String? {
        known.withLock { state in
            defer { state.obstacle = obstacle }
            return state.obstacle == nil ? obstacle : nil
        }
    }
}

/// Bytes of chunks that went since files were merged last, in the row `gone` of family `meta`: without it
/// a server that is restarted more often than it retires a third would never merge.
enum GoneRow {
    static let key = Keys.meta("gone")

    static func bytes(_ gone: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(gone)
        return writer.bytes
    }

    /// 0 without a row.
    static func read(_ database: Database) throws(StoreError) -> UInt64 {
        guard let bytes = try database.get(.meta, key) else { return 0 }
        let gone: UInt64? = bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            guard let gone: UInt64 = try? reader.read(), reader.isAtEnd else { return nil }
            return gone
        }
        guard let gone else { throw .damaged("the row gone of family meta cannot be read") }
        return gone
    }
}
