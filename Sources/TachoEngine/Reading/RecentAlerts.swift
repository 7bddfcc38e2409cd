import Synchronization
import TachoGeo
import TachoStore

/// Alerts that are durable in the journal and not in the database yet: who reads alerts looks here
/// too, first. Empty most of the time.
final class RecentAlerts: Sendable {
    private struct State {
        /// By id, ascending.
        var entries: [(id: AlertID, group: UInt64, row: [UInt8])] = []
        /// Hits of windows, by the window's key.
        var windows: [[UInt8]: (group: UInt64, count: UInt32)] = [:]
    }

    private let state = Mutex(State())

    func add(_ group: DerivedGroup) {
        guard group.parts.contains(where: { !$0.alerts.isEmpty }) else { return }
        state.withLock { state in
            for part in group.parts {
                var n = part.firstAlert.n
                for hit in part.alerts {
                    state.windows[DerivedRows.windowKey(hit)] = (group.group, hit.windowCount)
                    guard hit.opensWindow else { continue }
                    let id = AlertID(ms: part.firstAlert.ms, n: n)
                    state.entries.append((id, group.group, AlertRow.bytes(hit)))
                    n += 1
                }
            }
        }
    }

    /// The database has all rows of groups up to that one.
    func forget(upTo group: UInt64) {
        state.withLock { state in
            if state.entries.isEmpty && state.windows.isEmpty { return }
            state.entries.removeAll { $0.group <= group }
            state.windows = state.windows.filter { $0.value.group > group }
        }
    }

    /// Taken before the database is read: what moves there in between is then seen twice, never
    /// not at all.
    func now() -> (entries: [(id: AlertID, row: [UInt8])], windows: [[UInt8]: UInt32]) {
        state.withLock { state in
            (state.entries.map { ($0.id, $0.row) }, state.windows.mapValues { $0.count })
        }
    }
}
