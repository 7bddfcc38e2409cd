import TachoStore

/// A rider's history at one moment, taken by the judge for a reader on another thread: the tails
/// copied, the database held by a snapshot.
final class HistoryCopy: @unchecked Sendable {
    private let main: Tail
    private let late: Tail
    private let source: HistorySource

    /// `snapshot`: taken since the judge last changed anything; nil takes one.
    init(_ live: HistorySource, at snapshot: Snapshot? = nil) {
        main = live.main.tail.copy()
        late = live.late.tail.copy()
        var source = live
        source.main = TailView(tail: main)
        source.late = TailView(tail: late)
        source.snapshot = snapshot ?? live.database.snapshot()
        source.scratch = ChunkScratch()
        self.source = source
    }

    deinit {
        var (main, late) = (main, late)
        main.free()
        late.free()
    }

    /// The source is good inside `body` only.
    func withSource<R, E: Error>(
        _ body: (HistorySource) throws(E) -> R
    ) throws(E) -> R { try body(source) }
}
