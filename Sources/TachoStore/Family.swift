/// The column families of a data directory; `format-spec.md` §6 gives keys and values.
package enum Family: Int, CaseIterable, Sendable {
    case unused = 0
    case track
    case ranges
    case latest
    case tails
    case riders
    case amend
    case amendLog
    case alerts
    case meta
    case geo
    case seen
    case across
    case fences
    case groups
    case orders
    case verdicts

    package var name: String {
        switch self {
        case .unused: "default"
        case .track: "track"
        case .ranges: "ranges"
        case .latest: "latest"
        case .tails: "tails"
        case .riders: "riders"
        case .amend: "amend"
        case .amendLog: "amend_log"
        case .alerts: "alerts"
        case .meta: "meta"
        case .geo: "geo"
        case .seen: "seen"
        case .across: "across"
        case .fences: "fences"
        case .groups: "groups"
        case .orders: "orders"
        case .verdicts: "verdicts"
        }
    }

    /// Large values that are written once are not worth a large memtable; small rows are. Places
    /// come as sorted runs of some 4 MB, landmarks of 13: with less than that each run has a memtable
    /// to itself, and is only ever put behind the last row.
    var writeBufferMiB: Int {
        switch self {
        case .track: 32
        case .seen: 8
        case .unused, .meta, .geo, .orders: 4
        default: 16
        }
    }
}
