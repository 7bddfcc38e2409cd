import Synchronization
import TachoGeo
import TachoStore

/// How far the journal is durable, for the watermark and for statistics.
final class Progress: Sendable {
    struct State: Sendable {
        var group: UInt64
        var nextSequence: UInt64
        var hash: UInt64
        var range: UInt32
        var rangeFirst: UInt64
        /// Bytes of groups since the start, those replayed at the start included.
        var journalAppended = 0
        /// How many of them a checkpoint made superfluous.
        var journalReleased = 0
        var alerts = 0
        var lastAlert: AlertID?
        var amendments: UInt64 = 0

        /// What a start would have to replay.
        var journalBytes: Int { journalAppended - journalReleased }
    }

    private let state: Mutex<State>

    init(_ state: State) { self.state = Mutex(state) }

    var now: State { state.withLock { $0 } }
    func update(_ body: (inout sending State) -> Void) { state.withLock { body(&$0) } }
}
