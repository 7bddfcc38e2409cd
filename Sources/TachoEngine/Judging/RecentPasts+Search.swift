import CTacho
import TachoGeo

// Searching.
extension RecentPasts {
    /// A row by its block in the list and its place there, which may be just behind the last.
    struct Place: BitwiseCopyable {
        var block: Int
        var index: Int
    }

    /// The place behind all rows up to a time.
    @inline(__always)
    func bound(_ tsMs: Int64, in past: UInt32) -> Place {
        let head = heads[Int(past)]
        guard head.count > 0 else { return Place(block: 0, index: 0) }
        let at = head.blockIndex(tsMs)
        let ref = head.refs![at]
        guard tsMs >= ref.firstMs else { return Place(block: at, index: 0) }
        guard ref.canHold(tsMs) else { return next(Place(block: at, index: Int(ref.count)), head) }
        let limit = UInt32(tsMs - ref.baseMs)
        let index = Self.bound(
            limit, in: blocks[ref.block], count: Int(ref.count), guess: head.guess(tsMs, in: at))
        return next(Place(block: at, index: index), head)
    }

    /// The same place, at the start of the next block rather than behind the last row of one.
    @inline(__always)
    private func next(_ place: Place, _ head: PastHead) -> Place {
        place.index == Int(head.refs![place.block].count) && place.block + 1 < Int(head.count)
            ? Place(block: place.block + 1, index: 0) : place
    }

    /// How many of the rows are not above a limit: around the guess first, which is often right to
    /// a few rows and so to a line of memory.
    @inline(__always)
    static func bound(
        _ limit: UInt32, in rows: UnsafeMutablePointer<PastRow>, count: Int, guess: Int
    ) -> Int {
        // Rows before `low` are within the limit, rows from `high` on are not.
        var (low, high) = (0, count)
        var step = 3
        if rows[guess].sinceBaseMs <= limit {
            low = guess + 1
            while low + step < high {
                if rows[low + step].sinceBaseMs > limit {
                    high = low + step
                    break
                }
                low += step + 1
                step *= 2
            }
        } else {
            high = guess
            while high - step > low {
                if rows[high - step].sinceBaseMs <= limit {
                    low = high - step + 1
                    break
                }
                high -= step
                step *= 2
            }
        }
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].sinceBaseMs <= limit { low = middle + 1 } else { high = middle }
        }
        return low
    }

    @inline(__always)
    func fix(at place: Place, in past: UInt32) -> PastFix? {
        let head = heads[Int(past)]
        guard place.block < Int(head.count) else { return nil }
        let ref = head.refs![place.block]
        guard place.index < Int(ref.count) else { return nil }
        let row = blocks[ref.block][place.index]
        return PastFix(tsMs: ref.baseMs + Int64(row.sinceBaseMs), row: row)
    }

    /// Calls `body` with up to two rows before a time and two from it on.
    @inline(__always)
    func around(_ tsMs: Int64, in past: UInt32, _ body: (PastFix) -> Void) {
        let head = heads[Int(past)]
        let here = bound(tsMs - 1, in: past)
        var place = here
        for _ in 0..<2 {
            if place.index == 0 {
                if place.block == 0 { break }
                place.block -= 1
                place.index = Int(head.refs![place.block].count)
            }
            place.index -= 1
            if let found = fix(at: place, in: past) { body(found) }
        }
        place = here
        for _ in 0..<2 {
            guard let found = fix(at: place, in: past) else { break }
            body(found)
            place = next(Place(block: place.block, index: place.index + 1), head)
        }
    }

    // A late fix reaches its neighbours over four lines of memory, each known from the one before.
    // The loop over a batch asks for them in three steps, fixes ahead of the one being judged.

    @inline(__always)
    func prefetchHead(_ past: UInt32) { tacho_prefetch(heads + Int(past)) }

    @inline(__always)
    func prefetchList(_ past: UInt32) { heads[Int(past)].prefetchList() }

    @inline(__always)
    func prefetchRows(_ tsMs: Int64, _ past: UInt32) {
        let head = heads[Int(past)]
        guard head.count > 0 else { return }
        let at = head.blockIndex(tsMs)
        let row = blocks[head.refs![at].block] + head.guess(tsMs, in: at)
        tacho_prefetch(row)
        // The line before as well: a guess is rarely right to the row.
        tacho_prefetch(row - 4)
    }
}
