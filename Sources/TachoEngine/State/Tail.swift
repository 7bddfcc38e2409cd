import TachoGeo

/// A fix in a tail: as it will be in its chunk, with its place in arrival. The verdict is the one
/// decided on arrival; readers lay amendments over it.
struct TailEntry: BitwiseCopyable {
    var stored: StoredFix
    /// How many fixes of the rider had arrived in this range before it.
    var arrival: UInt32
}

/// A sequence that may not be known yet: a fix gets its number when its part is handed to the
/// committer. Until then it is its index in the part.
struct SequenceMark: BitwiseCopyable {
    private var raw: Int64

    static func index(_ index: Int) -> SequenceMark { SequenceMark(raw: -1 - Int64(index)) }
    static func known(_ sequence: UInt64) -> SequenceMark { SequenceMark(raw: Int64(sequence)) }

    /// The number, once the part's first is known.
    func resolved(first: UInt64) -> UInt64 {
        raw >= 0 ? UInt64(raw) : first + UInt64(-1 - raw)
    }

    mutating func resolve(first: UInt64) { raw = Int64(resolved(first: first)) }
}

/// The newest fixes of a rider that are not in a chunk yet. A slab of its own that grows by
/// doubling up to `limit`; the slot that holds it frees it.
struct Tail: BitwiseCopyable {
    private(set) var entries: UnsafeMutablePointer<TailEntry>?
    private(set) var count: Int32 = 0
    private var capacity: Int32 = 0
    var first = SequenceMark.known(0)
    var last = SequenceMark.known(0)

    /// A chunk holds at most so many fixes.
    static let limit = 256
    /// A main chunk spans at most so long, gaps included.
    static let spanMs: Int64 = 15 * 60_000
    private static let firstCapacity: Int32 = 4

    var isEmpty: Bool { count == 0 }

    subscript(index: Int) -> TailEntry {
        get { entries![index] }
        nonmutating set { entries![index] = newValue }
    }

    var buffer: UnsafeBufferPointer<TailEntry> {
        UnsafeBufferPointer(start: entries, count: Int(count))
    }

    mutating func append(_ entry: TailEntry, _ sequence: SequenceMark) {
        if count == capacity { grow() }
        entries![Int(count)] = entry
        if count == 0 { first = sequence }
        last = sequence
        count += 1
    }

    /// Takes everything out and frees the memory.
    mutating func drain() -> [TailEntry] {
        let all = Array(buffer)
        entries?.deallocate()
        self = Tail()
        return all
    }

    private mutating func grow() {
        let size = max(Self.firstCapacity, capacity * 2)
        let bigger = UnsafeMutablePointer<TailEntry>.allocate(capacity: Int(size))
        if let entries {
            bigger.update(from: entries, count: Int(count))
            entries.deallocate()
        }
        entries = bigger
        capacity = size
    }
}
