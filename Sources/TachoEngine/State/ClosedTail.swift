import Synchronization
import TachoCodec
import TachoGeo
import TachoStore

/// Memory of a tail that takes no more fixes, shared by the chunks it becomes.
final class TailMemory: @unchecked Sendable {
    let tail: Tail

    /// Takes the tail's memory over.
    init(_ tail: Tail) { self.tail = tail }

    deinit {
        var tail = tail
        tail.free()
    }
}

/// Fixes that will be one chunk: taken out of a tail, waiting for the committer to code and write
/// them. Until then readers and the judge find them here, in order of time, then arrival.
final class ClosedTail: @unchecked Sendable {
    let key: ChunkKey
    let kind: ChunkKind
    let firstMs: Int64
    let lastMs: Int64
    private let memory: TailMemory
    /// Rows of the tail in order; nil: all of them, as they lie.
    private let order: ArraySlice<UInt8>?
    private let written = Atomic<Bool>(false)

    init(key: ChunkKey, kind: ChunkKind, _ memory: TailMemory, order: ArraySlice<UInt8>?) {
        self.key = key
        self.kind = kind
        self.memory = memory
        self.order = order
        let tail = memory.tail
        firstMs = key.t0Ms
        lastMs = tail.tsMs(order.map { Int($0.last!) } ?? Int(tail.count) - 1)
    }

    var count: Int { order?.count ?? Int(memory.tail.count) }

    /// Calls `body` with the fixes whose times are in the bounds.
    func forEach(fromMs: Int64, toMs: Int64, _ body: (TailEntry) -> Void) {
        let tail = memory.tail
        var place = firstPlace(atOrAfter: fromMs)
        while place < count {
            let row = row(place)
            if tail.tsMs(row) > toMs { return }
            body(tail[row])
            place += 1
        }
    }

    /// Whether a fix whose time is in the bounds has a position that `test` takes.
    func hasPosition(fromMs: Int64, toMs: Int64, _ test: (Int32, Int32) -> Bool) -> Bool {
        let tail = memory.tail
        var place = firstPlace(atOrAfter: fromMs)
        while place < count {
            let row = row(place)
            if tail.tsMs(row) > toMs { return false }
            let (latE7, lonE7) = tail.position(row)
            if test(latE7, lonE7) { return true }
            place += 1
        }
        return false
    }

    /// The newest time that is not in a span; nil: all are.
    func newestMs(outside span: TimeSpan) -> Int64? {
        var place = count - 1
        while place >= 0 {
            let ms = memory.tail.tsMs(row(place))
            if !span.contains(ms) { return ms }
            place -= 1
        }
        return nil
    }

    private func row(_ place: Int) -> Int {
        order.map { Int($0[$0.startIndex + place]) } ?? place
    }

    private func firstPlace(atOrAfter ms: Int64) -> Int {
        partitionPoint(count) { memory.tail.tsMs(row($0)) < ms }
    }

    /// The chunk is in the database for readers that look from now on.
    var isWritten: Bool { written.load(ordering: .acquiring) }
    func markWritten() { written.store(true, ordering: .releasing) }

    /// Unpacks the fixes into columns; returns the bounds of their sequences. `partFirst`: the
    /// first sequence of the part that closed it.
    func fill(
        _ columns: inout ChunkColumns, partFirst: UInt64
    ) -> (first: UInt64, last: UInt64) {
        let tail = memory.tail
        if let order { tail.fill(&columns, order: order) } else { tail.fill(&columns) }
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

    func forEachTail(_ body: (ClosedTail) -> Void) {
        for list in tails.values { for tail in list { body(tail) } }
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
