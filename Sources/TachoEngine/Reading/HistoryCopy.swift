import TachoStore

/// A rider's history at one moment, taken by the judge for a reader on another thread: the tails
/// copied, the database held by a snapshot.
final class HistoryCopy: @unchecked Sendable {
    private let main: [TailEntry]
    private let late: [TailEntry]
    private let source: HistorySource

    init(_ live: HistorySource) {
        main = Array(live.main)
        late = Array(live.late)
        var source = live
        source.snapshot = live.database.snapshot()
        self.source = source
    }

    /// The pointers in the source are good inside `body` only.
    func withSource<R>(_ body: (HistorySource) throws -> R) rethrows -> R {
        try main.withUnsafeBufferPointer { main in
            try late.withUnsafeBufferPointer { late in
                var source = source
                source.main = main
                source.late = late
                return try body(source)
            }
        }
    }
}
