import TachoCodec
import TachoGeo
import TachoStore

/// What one shard made of one batch: the events for the journal and the rows derived from them,
/// with sequences still relative to the part.
final class Part: @unchecked Sendable {
    let work: BatchWork?
    /// Events in order; `format-spec.md` §7.
    var events = ByteWriter()
    /// Fixes among the events.
    var points = 0
    var closed: [ClosedTail] = []
    var amendments: [PendingAmendment] = []
    var alerts: [AlertHit] = []
    /// What readers may see once the part is durable.
    var latest: [(rider: UInt32, record: LatestRecord)] = []
    /// Sequence of the first fix; set when the part is handed to the committer.
    var firstSequence: UInt64 = 0

    init(work: BatchWork?) { self.work = work }

    var isEmpty: Bool { events.count == 0 }
}
