import TachoCodec
import TachoGeo
import TachoStore

/// What one shard made of one batch: the events for the journal and the rows derived from them,
/// with sequences still relative to the part.
final class Part: @unchecked Sendable {
    struct Latest: BitwiseCopyable {
        var rider: UInt32
        var record: LatestRecord
    }

    /// The same as most are: the newest fix is shown and has no extra. A quarter of the memory.
    struct LatestRow: BitwiseCopyable {
        var rider: UInt32
        var row: FixRow
    }

    private(set) var work: BatchWork?
    /// Events in order; `format-spec.md` §7.
    let events: EventBuffer
    var closed: [ClosedTail] = []
    var amendments: [PendingAmendment] = []
    var alerts: [AlertHit] = []
    var recurrences: [CodeRecurrence] = []
    /// Told on the stream `verdicts`; in the journal behind `events`.
    var verdicts = VerdictRuns()
    /// Fixes that were stored with a code.
    var codedPoints = 0
    /// What readers may see once the part is durable.
    var latest: [Latest] = []
    /// Of other riders.
    var latestRows: [LatestRow] = []
    /// Sequence of the first fix; set when the part is handed to the committer.
    var firstSequence: UInt64 = 0

    /// Room is taken for so many plain fixes; more is grown into.
    init(work: BatchWork?, fixes: Int = 0) {
        self.work = work
        events = EventBuffer(capacity: fixes * (FixEvent.baseByteCount + 3) + 64)
    }

    deinit { events.free() }

    /// The writer was answered: what he sent is not needed any more.
    func letGoOfWork() { work = nil }

    /// Fixes among the events.
    var points: Int { events.points }

    /// Fixes that came as they happened.
    var livePoints: Int { work?.batch.isImport == true ? 0 : points }

    var isEmpty: Bool { events.count == 0 }
}
