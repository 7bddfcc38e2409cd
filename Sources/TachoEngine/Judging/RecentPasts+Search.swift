import CTacho
import TachoGeo

// Searching.
extension RecentPasts {
    typealias Place = PastHead.Place

    /// The first row not before a time; remembered until rows move.
    @inline(__always)
    private mutating func find(_ tsMs: Int64, in past: UInt32) -> Place {
        let head = heads[Int(past)]
        let place = near(tsMs, head) ?? bound(tsMs - 1, head)
        heads[Int(past)].soughtMs = tsMs
        heads[Int(past)].sought = place
        return place
    }

    /// The same if it is where the last search ended, or a row behind.
    @inline(__always)
    private func near(_ tsMs: Int64, _ head: PastHead) -> Place? {
        guard head.soughtMs != Int64.min, abs(tsMs - head.soughtMs) < Self.runMs else { return nil }
        var place = head.sought
        if tsMs >= head.soughtMs {
            guard let here = fix(at: place, head), here.tsMs < tsMs else { return place }
            place = next(Place(block: place.block, index: place.index + 1), head)
            guard let after = fix(at: place, head), after.tsMs < tsMs else { return place }
            return nil
        }
        if place == Place(block: 0, index: 0) { return place }
        guard place.index > 0 else { return nil }
        let before = fix(at: Place(block: place.block, index: place.index - 1), head)!
        return before.tsMs < tsMs ? place : nil
    }

    /// Times further apart are no run: to look there would only cost a line of memory.
    private static let runMs: Int64 = 60_000

    /// The place behind all rows up to a time.
    @inline(__always)
    private func bound(_ tsMs: Int64, _ head: PastHead) -> Place {
        guard head.count > 0 else { return Place(block: 0, index: 0) }
        let at = head.blockIndex(tsMs)
        let ref = head.refs![at]
        guard tsMs >= ref.firstMs else { return Place(block: Int32(at), index: 0) }
        guard ref.canHold(tsMs) else {
            return next(Place(block: Int32(at), index: ref.count), head)
        }
        let limit = UInt32(tsMs - ref.baseMs)
        let index = Self.bound(
            limit, in: blocks[ref.block], count: Int(ref.count), guess: head.guess(tsMs, in: at))
        return next(Place(block: Int32(at), index: Int32(index)), head)
    }

    /// The same place, at the start of the next block rather than behind the last row of one.
    @inline(__always)
    private func next(_ place: Place, _ head: PastHead) -> Place {
        place.index == head.refs![Int(place.block)].count && place.block + 1 < head.count
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
    func fix(at place: Place, _ head: PastHead) -> PastFix? {
        guard place.block < head.count else { return nil }
        let ref = head.refs![Int(place.block)]
        guard place.index < ref.count else { return nil }
        let row = blocks[ref.block][Int(place.index)]
        return PastFix(tsMs: ref.baseMs + Int64(row.sinceBaseMs), row: row)
    }

    /// The rows next to a time on both sides.
    @inline(__always)
    mutating func around(_ tsMs: Int64, in past: UInt32) -> PastAround {
        let place = find(tsMs, in: past)
        let head = heads[Int(past)]
        var told = PastAround()
        if let after = fix(at: place, head) {
            let second = next(Place(block: place.block, index: place.index + 1), head)
            told.after = Beside(
                tsMs: after.tsMs, place: after, isTwice: self.tsMs(at: second, head) == after.tsMs)
        }
        if let first = previous(place, head), let before = fix(at: first, head) {
            let second = previous(first, head)
            told.before = Beside(
                tsMs: before.tsMs, place: before,
                isTwice: second.map { self.tsMs(at: $0, head) == before.tsMs } ?? false)
        }
        return told
    }

    @inline(__always)
    private func previous(_ place: Place, _ head: PastHead) -> Place? {
        if place.index > 0 { return Place(block: place.block, index: place.index - 1) }
        guard place.block > 0 else { return nil }
        return Place(
            block: place.block - 1, index: head.refs![Int(place.block) - 1].count - 1)
    }

    /// nil: no row is there.
    @inline(__always)
    private func tsMs(at place: Place, _ head: PastHead) -> Int64? {
        guard place.block < head.count else { return nil }
        let ref = head.refs![Int(place.block)]
        guard place.index < ref.count else { return nil }
        return ref.baseMs + Int64(blocks[ref.block][Int(place.index)].sinceBaseMs)
    }

    /// Gives the first row at a time another verdict; false: there is none.
    mutating func amendRow(_ tsMs: Int64, _ verdict: Verdict, in past: UInt32) -> Bool {
        let place = find(tsMs, in: past)
        let head = heads[Int(past)]
        guard let found = fix(at: place, head), found.tsMs == tsMs else { return false }
        blocks[head.refs![Int(place.block)].block][Int(place.index)].set(verdict)
        return true
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
