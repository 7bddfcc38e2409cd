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
        /// Entries of the streams `orders` and `verdicts`.
        var orders: UInt64 = 0
        var lastOrder: AlertID?
        var verdicts: UInt64 = 0
        var lastVerdict: AlertID?
        var amendments: UInt64 = 0

        /// A commit time that no entry of a stream has passed.
        func commitMs(nowMs: Int64) -> Int64 {
            [lastAlert, lastOrder, lastVerdict].reduce(max(nowMs, 0)) { max($0, $1?.ms ?? 0) }
        }

        /// The n of a stream's next entry at that commit time.
        static func nextN(after last: AlertID?, atMs ms: Int64) -> UInt32 {
            last.map { $0.ms == ms ? $0.n + 1 : 0 } ?? 0
        }

        /// What a start would have to replay.
        var journalBytes: Int { journalAppended - journalReleased }
    }

    private let state: Mutex<State>

    init(_ state: State) { self.state = Mutex(state) }

    var now: State { state.withLock { $0 } }
    func update(_ body: (inout sending State) -> Void) { state.withLock { body(&$0) } }
}
