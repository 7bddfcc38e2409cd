import CTacho
import TachoCodec
import TachoGeo

#if canImport(Glibc)
    import Glibc
#endif

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
    @inline(__always)
    func resolved(first: UInt64) -> UInt64 {
        raw >= 0 ? UInt64(raw) : first + UInt64(-1 - raw)
    }

    @inline(__always)
    mutating func resolve(first: UInt64) { raw = Int64(resolved(first: first)) }
}

/// The newest fixes of a rider that are not in a chunk yet: 24 bytes a fix as a rule.
///
/// Rows lie in pages of `TailPool`. What a row cannot say is beside it, and allocated only when the
/// first fix needs it: `side` when arrivals have gaps or a row has an extra, `extras` for those.
/// The slot that holds a tail owns its memory; `free` or `move` ends that.
struct Tail: BitwiseCopyable {
    /// Where the next row goes, if its page is there.
    private(set) var nextRow: UnsafeMutablePointer<FixRow>?
    private(set) var count: Int32 = 0
    private var extraCount: Int32 = 0
    /// Time of the first row, here because the row itself is a cache miss away.
    private(set) var firstTsMs: Int64 = 0
    var first = SequenceMark.known(0)
    var last = SequenceMark.known(0)
    private var firstArrival: UInt32 = 0
    /// Per row: arrival in the lower half, number of its extra + 1 (0: none) in the upper.
    private var side: UnsafeMutablePointer<UInt64>?
    private var extras: UnsafeMutablePointer<FixExtra>?
    private var pages: Pages = (0, 0, 0, 0, 0, 0, 0, 0)

    private typealias Pages = (
        UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32
    )

    /// A chunk holds at most so many fixes.
    static let limit = 256
    /// A main chunk spans at most so long, gaps included.
    static let spanMs: Int64 = 15 * 60_000
    private static let pageRows = Int32(TailPool.pageRows)
    /// Room for extras grows fourfold: 8, 32, 128, then one for every row.
    private static let fewestExtras: Int32 = 8
    private static let sideBytes = limit * MemoryLayout<UInt64>.stride

    var isEmpty: Bool { count == 0 }

    func tsMs(_ index: Int) -> Int64 { row(index).tsMs }

    private func row(_ index: Int) -> FixRow {
        precondition(index >= 0 && index < count)
        return pageRows(index / TailPool.pageRows)[index % TailPool.pageRows]
    }

    func arrival(_ index: Int) -> UInt32 {
        side.map { UInt32(truncatingIfNeeded: $0[index]) } ?? firstArrival + UInt32(index)
    }

    subscript(index: Int) -> TailEntry {
        TailEntry(stored: row(index).stored(extra(index)), arrival: arrival(index))
    }

    private func extra(_ index: Int) -> FixExtra {
        guard let side else { return .none }
        let number = side[index] >> 32
        return number == 0 ? .none : extras![Int(number) - 1]
    }

    /// Cost: one row's store as a rule. At most `limit` rows.
    @inline(__always)
    mutating func append(
        _ row: FixRow, _ extra: @autoclosure () -> FixExtra, arrival: UInt32,
        _ sequence: SequenceMark
    ) {
        if count % Self.pageRows == 0 { addPage() }
        if count == 0 {
            first = sequence
            firstArrival = arrival
            firstTsMs = row.tsMs
        }
        last = sequence
        nextRow!.pointee = row
        nextRow = nextRow! + 1
        if side != nil || row.hasExtra || arrival != firstArrival &+ UInt32(count) {
            note(row.hasExtra ? extra() : nil, arrival: arrival)
        }
        count += 1
    }

    /// Asks for where the next row goes, and what is beside it.
    @inline(__always)
    func prefetchNext() {
        guard let nextRow else { return }
        tacho_prefetch(nextRow)
        if let side { tacho_prefetch(side + Int(count)) }
        if let extras { tacho_prefetch(extras + Int(extraCount)) }
    }

    private mutating func addPage() {
        precondition(count < Self.limit, "a tail is closed before it is full")
        let page = TailPool.shared.take()
        withUnsafeMutableBytes(of: &pages) {
            $0.storeBytes(of: page, toByteOffset: Int(count / Self.pageRows) * 4, as: UInt32.self)
        }
        nextRow = TailPool.shared.rows(page)
    }

    /// Writes what is beside the row that is being appended.
    private mutating func note(_ extra: FixExtra?, arrival: UInt32) {
        if side == nil {
            let fresh = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.limit)
            TailPool.shared.count(besideBytes: Self.sideBytes)
            for index in 0..<Int(count) { fresh[index] = UInt64(firstArrival) + UInt64(index) }
            side = fresh
        }
        var number: UInt64 = 0
        if let extra {
            if extraCount == Self.extraRoom(extraCount) { growExtras() }
            extras![Int(extraCount)] = extra
            extraCount += 1
            number = UInt64(extraCount)
        }
        side![Int(count)] = UInt64(arrival) | number << 32
    }

    /// How many extras there is memory for when there are so many.
    private static func extraRoom(_ count: Int32) -> Int32 {
        if count == 0 { return 0 }
        var room = fewestExtras
        while room < count { room *= 4 }
        return min(room, Int32(limit))
    }

    private mutating func growExtras() {
        let before = Self.extraRoom(extraCount)
        let room = Self.extraRoom(extraCount + 1)
        let stride = MemoryLayout<FixExtra>.stride
        guard let grown = realloc(extras, Int(room) * stride) else { fatalError("out of memory") }
        extras = grown.assumingMemoryBound(to: FixExtra.self)
        TailPool.shared.count(besideBytes: Int(room - before) * stride)
    }

    /// Calls `body` with the index of every row whose time is in the bounds. Cost: 1 ns a row.
    @inline(__always)
    func scan(fromMs: Int64, toMs: Int64, _ body: (Int) -> Void) {
        var index = 0
        while index < Int(count) {
            let end = min(index + TailPool.pageRows, Int(count))
            let rows = pageRows(index / TailPool.pageRows)
            for i in index..<end
            where rows[i - index].tsMs >= fromMs && rows[i - index].tsMs <= toMs {
                body(i)
            }
            index = end
        }
    }

    /// The first index whose time is not below `ms`, in a tail that is in order of time.
    func firstIndex(atOrAfter ms: Int64) -> Int {
        var (low, high) = (0, Int(count))
        while low < high {
            let middle = (low + high) / 2
            if tsMs(middle) < ms { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Unpacks all rows into columns.
    func fill(_ columns: inout ChunkColumns) {
        let all = Int(count)
        columns.makeRoom(for: all)
        columns.count = all
        let at = columns.at
        var index = 0
        while index < all {
            let end = min(index + TailPool.pageRows, all)
            let rows = pageRows(index / TailPool.pageRows)
            if side == nil {
                at.set(
                    rows, count: end - index, at: index,
                    firstArrival: firstArrival &+ UInt32(index))
            } else {
                for i in index..<end {
                    at.set(i, rows[i - index], extra(i), arrival: arrival(i))
                }
            }
            index = end
        }
    }

    /// Unpacks all rows into columns, in another order.
    func fill(_ columns: inout ChunkColumns, order: [Int]) {
        columns.makeRoom(for: order.count)
        columns.count = order.count
        let at = columns.at
        for (place, index) in order.enumerated() {
            at.set(place, row(index), extra(index), arrival: arrival(index))
        }
    }

    private func pageRows(_ number: Int) -> UnsafeMutablePointer<FixRow> {
        TailPool.shared.rows(
            withUnsafeBytes(of: pages) { $0.load(fromByteOffset: number * 4, as: UInt32.self) })
    }

    /// Hands the memory over to the returned tail; this one is empty.
    mutating func move() -> Tail {
        defer { self = Tail() }
        return self
    }

    /// A copy with memory of its own.
    func copy() -> Tail { part(Array(0..<Int(count))[...]) }

    /// A tail of its own with the entries at `indices`, in that order; the marks are this one's.
    func part(_ indices: ArraySlice<Int>) -> Tail {
        var other = Tail()
        for index in indices {
            other.append(row(index), extra(index), arrival: arrival(index), last)
        }
        other.first = first
        other.last = last
        return other
    }

    /// Indices in order of time, then arrival: a tail is filled in order of arrival.
    func sortedIndices() -> [Int] {
        // Time from −2^47 up and the index in one word, which sorts many times faster than rows do.
        var words: [UInt64] = []
        words.reserveCapacity(Int(count))
        scan(fromMs: Int64.min, toMs: Int64.max) { index in
            let time = UInt64(bitPattern: tsMs(index) &+ Fix.timeLimitMs)
            words.append(time << Self.indexBits | UInt64(index))
        }
        words.sort()
        return words.map { Int($0 & (1 << Self.indexBits - 1)) }
    }

    private static let indexBits: UInt64 = 16

    mutating func free() {
        let used = Int((count + Self.pageRows - 1) / Self.pageRows)
        if used > 0 {
            withUnsafeBytes(of: pages) { raw in
                TailPool.shared.give(raw.bindMemory(to: UInt32.self).prefix(used))
            }
        }
        if side != nil {
            let extraBytes = Int(Self.extraRoom(extraCount)) * MemoryLayout<FixExtra>.stride
            TailPool.shared.count(besideBytes: -Self.sideBytes - extraBytes)
        }
        side?.deallocate()
        Glibc.free(extras)
        self = Tail()
    }
}

/// Walks a tail's entries; good as long as the tail's memory is.
struct TailView: RandomAccessCollection {
    let tail: Tail
    var startIndex: Int { 0 }
    var endIndex: Int { Int(tail.count) }
    subscript(index: Int) -> TailEntry { tail[index] }
}
