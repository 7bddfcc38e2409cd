import CTacho
import TachoCodec
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

    /// Of the last fix before the part: what has none of its own belongs to that.
    static let beforePart = SequenceMark(raw: Int64.min)

    /// The number, once the part's first is known.
    @inline(__always)
    func resolved(first: UInt64) -> UInt64 {
        if raw >= 0 { return UInt64(raw) }
        return raw == Int64.min ? first - 1 : first + UInt64(-1 - raw)
    }

    @inline(__always)
    mutating func resolve(first: UInt64) { raw = Int64(resolved(first: first)) }
}

/// The newest fixes of a rider that are not in a chunk yet: 24 bytes a fix as a rule.
///
/// Rows lie in pages of `TailPool`. What a row cannot say is beside it, in pages too, taken only when
/// the first fix needs it: the side when arrivals have gaps or a row has an extra, and the extras
/// that say more than a late fix's delay.
/// The slot that holds a tail owns its memory; `free` or `move` ends that.
struct Tail: BitwiseCopyable {
    // Pages first: few fixes need them.
    private var extraPages = TailPages()
    /// Per row a `SideWord`.
    private var sidePages = TailPages()
    private var pages = TailPages()
    /// The pool's memory, once there is a page: to ask the pool for it costs more than to reach it.
    private var memory: UnsafeMutableRawPointer!

    // What every fix needs.
    /// Where the next row goes, if its page is there.
    private(set) var nextRow: UnsafeMutablePointer<FixRow>?
    private(set) var count: Int32 = 0
    private var extraCount: Int32 = 0
    /// Time of the first row, here because the row itself is a cache miss away.
    private(set) var firstTsMs: Int64 = 0
    var first = SequenceMark.known(0)
    var last = SequenceMark.known(0)
    private var firstArrival: UInt32 = 0
    private var hasSide = false

    static let hotOffset = MemoryLayout<Tail>.offset(of: \.nextRow)!

    /// A chunk holds at most so many fixes.
    static let limit = 256
    /// A main chunk spans at most so long, gaps included.
    static let spanMs: Int64 = 15 * 60_000
    private static let pageRows = Int32(TailPool.pageRows)
    /// In a page, as many as rows and three times as many.
    private static let pageExtras = TailPool.pageBytes / MemoryLayout<FixExtra>.stride
    private static let pageSides = TailPool.pageBytes / MemoryLayout<SideWord>.stride

    var isEmpty: Bool { count == 0 }

    func tsMs(_ index: Int) -> Int64 { row(index).tsMs }

    func position(_ index: Int) -> (latE7: Int32, lonE7: Int32) {
        let row = row(index)
        return (row.latE7, row.lonE7)
    }

    private func row(_ index: Int) -> FixRow {
        precondition(index >= 0 && index < count)
        return pageRows(index / TailPool.pageRows)[index % TailPool.pageRows]
    }

    func arrival(_ index: Int) -> UInt32 {
        hasSide ? side(index).pointee.arrival : firstArrival + UInt32(index)
    }

    subscript(index: Int) -> TailEntry {
        TailEntry(stored: row(index).stored(extra(index)), arrival: arrival(index))
    }

    private func extra(_ index: Int) -> FixExtra {
        guard hasSide else { return .none }
        let word = side(index).pointee
        return word.hasExtraElsewhere ? extraPlace(word.extraNumber).pointee : word.extra
    }

    @inline(__always)
    private func side(_ index: Int) -> UnsafeMutablePointer<SideWord> {
        page(sidePages[index / Self.pageSides]).assumingMemoryBound(to: SideWord.self)
            + index % Self.pageSides
    }

    @inline(__always)
    private func extraPlace(_ number: Int) -> UnsafeMutablePointer<FixExtra> {
        page(extraPages[number / Self.pageExtras]).assumingMemoryBound(to: FixExtra.self)
            + number % Self.pageExtras
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
        if hasSide || row.hasExtra || arrival != firstArrival &+ UInt32(count) {
            if !hasSide { beginSide() }
            putSide(sideWord(row.hasExtra ? extra() : .none, arrival), at: Int(count))
        }
        count += 1
    }

    /// Asks for where the next row goes, and what is beside it.
    @inline(__always)
    func prefetchNext() {
        guard let nextRow else { return }
        tacho_prefetch(nextRow)
        guard hasSide else { return }
        tacho_prefetch(side(Int(count)))
        if extraCount > 0 { tacho_prefetch(extraPlace(Int(extraCount))) }
    }

    private mutating func addPage() {
        precondition(count < Self.limit, "a tail is closed before it is full")
        let number = TailPool.shared.take()
        pages[Int(count / Self.pageRows)] = number
        memory = TailPool.shared.base
        nextRow = page(number).assumingMemoryBound(to: FixRow.self)
    }

    @inline(__always)
    private func page(_ number: UInt32) -> UnsafeMutableRawPointer {
        memory + Int(number) * TailPool.pageBytes
    }

    private mutating func beginSide() {
        hasSide = true
        for index in 0..<Int(count) {
            putSide(SideWord(arrival: firstArrival + UInt32(index)), at: index)
        }
    }

    @inline(__always)
    private mutating func sideWord(_ extra: FixExtra, _ arrival: UInt32) -> SideWord {
        if let steps = extra.delayAlone, let word = SideWord(arrival: arrival, steps: steps) {
            return word
        }
        return keep(extra, arrival)
    }

    private mutating func keep(_ extra: FixExtra, _ arrival: UInt32) -> SideWord {
        let place = Int(extraCount)
        if place % Self.pageExtras == 0 {
            extraPages[place / Self.pageExtras] = TailPool.shared.take()
        }
        extraPlace(place).pointee = extra
        extraCount += 1
        return SideWord(arrival: arrival, extraNumber: place)
    }

    @inline(__always)
    private mutating func putSide(_ word: SideWord, at index: Int) {
        if index % Self.pageSides == 0 {
            sidePages[index / Self.pageSides] = TailPool.shared.take()
        }
        side(index).pointee = word
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
        partitionPoint(Int(count)) { tsMs($0) < ms }
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
            if !hasSide {
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

    /// Unpacks rows into columns, in another order.
    func fill(_ columns: inout ChunkColumns, order: ArraySlice<UInt8>) {
        columns.makeRoom(for: order.count)
        columns.count = order.count
        let at = columns.at
        var place = 0
        for index in order {
            let index = Int(index)
            at.set(place, row(index), extra(index), arrival: arrival(index))
            place += 1
        }
    }

    private func pageRows(_ number: Int) -> UnsafeMutablePointer<FixRow> {
        page(pages[number]).assumingMemoryBound(to: FixRow.self)
    }

    /// Hands the memory over to the returned tail; this one is empty.
    mutating func move() -> Tail {
        defer { self = Tail() }
        return self
    }

    /// A copy with memory of its own.
    func copy() -> Tail {
        var other = Tail()
        for index in 0..<Int(count) {
            other.append(row(index), extra(index), arrival: arrival(index), last)
        }
        other.first = first
        other.last = last
        return other
    }

    /// Indices in order of time, then arrival: a tail is filled in order of arrival.
    func sortedIndices() -> [UInt8] {
        // Time from −2^47 up and the index in one word, which sorts many times faster than rows do.
        var words: [UInt64] = []
        words.reserveCapacity(Int(count))
        scan(fromMs: Int64.min, toMs: Int64.max) { index in
            let time = UInt64(bitPattern: tsMs(index) &+ Fix.timeLimitMs)
            words.append(time << 8 | UInt64(index))
        }
        words.sort()
        return words.map { UInt8(truncatingIfNeeded: $0) }
    }

    mutating func free() {
        pages.give(Int(count), perPage: TailPool.pageRows)
        if hasSide { sidePages.give(Int(count), perPage: Self.pageSides) }
        extraPages.give(Int(extraCount), perPage: Self.pageExtras)
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
