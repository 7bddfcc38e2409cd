import Synchronization
import TachoCodec
import TachoGeo
import TachoStore

/// Fixes that will be one chunk: taken out of a tail, sorted, waiting for the committer to code
/// and write them. Until then readers and the judge find them here.
final class ClosedTail: @unchecked Sendable {
    let key: ChunkKey
    let kind: ChunkKind
    /// Sorted by time, then arrival; the memory is this object's.
    private let tail: Tail
    private let written = Atomic<Bool>(false)

    /// Takes the tail's memory over.
    init(key: ChunkKey, kind: ChunkKind, tail: Tail) {
        self.key = key
        self.kind = kind
        self.tail = tail
    }

    deinit {
        var tail = tail
        tail.free()
    }

    /// Good as long as this object is.
    var entries: TailView { TailView(tail: tail) }
    var firstMs: Int64 { tail.tsMs(0) }
    var lastMs: Int64 { tail.tsMs(Int(tail.count) - 1) }

    /// The chunk is in the database for readers that look from now on.
    var isWritten: Bool { written.load(ordering: .acquiring) }
    func markWritten() { written.store(true, ordering: .releasing) }

    /// Unpacks the fixes into columns; returns the bounds of their sequences. `partFirst`: the
    /// first sequence of the part that closed it.
    func fill(
        _ columns: inout ChunkColumns, partFirst: UInt64
    ) -> (first: UInt64, last: UInt64) {
        tail.fill(&columns)
        return (tail.first.resolved(first: partFirst), tail.last.resolved(first: partFirst))
    }
}

/// An amendment that is on its way into the database.
final class PendingAmendment: Sendable {
    let rider: UInt32
    let tsMs: Int64
    let ordinal: UInt16
    let verdict: Verdict
    let cause: AmendCause
    /// The fix that caused it.
    let sequence: SequenceMark
    private let written = Atomic<Bool>(false)

    init(
        rider: UInt32, tsMs: Int64, ordinal: UInt16, verdict: Verdict, cause: AmendCause,
        sequence: SequenceMark
    ) {
        self.rider = rider
        self.tsMs = tsMs
        self.ordinal = ordinal
        self.verdict = verdict
        self.cause = cause
        self.sequence = sequence
    }

    var isWritten: Bool { written.load(ordering: .acquiring) }
    func markWritten() { written.store(true, ordering: .releasing) }
}

/// What a shard has decided but the committer has not written yet, by rider.
struct PendingRows {
    private var tails: [UInt32: [ClosedTail]] = [:]
    private var amendments: [UInt32: [PendingAmendment]] = [:]
    private var sinceSweep = 0

    private static let sweepEvery = 4096

    mutating func add(_ tail: ClosedTail) {
        tails[tail.key.rider, default: []].append(tail)
        sinceSweep += 1
    }

    mutating func add(_ amendment: PendingAmendment) {
        amendments[amendment.rider, default: []].append(amendment)
        sinceSweep += 1
    }

    func tails(of rider: UInt32) -> [ClosedTail] { tails[rider] ?? [] }
    func amendments(of rider: UInt32) -> [PendingAmendment] { amendments[rider] ?? [] }

    /// Forgets what is written. Called between parts; `now`: also where looking costs a lot.
    mutating func sweep(now: Bool = false) {
        guard now || sinceSweep >= Self.sweepEvery || tails.count + amendments.count < 64 else {
            return
        }
        tails = tails.compactMapValues { list in
            let rest = list.filter { !$0.isWritten }
            return rest.isEmpty ? nil : rest
        }
        amendments = amendments.compactMapValues { list in
            // Only from the front: a later one must not go while an earlier one stays.
            let rest = Array(list.drop { $0.isWritten })
            return rest.isEmpty ? nil : rest
        }
        sinceSweep = 0
    }
}
