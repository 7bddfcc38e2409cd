import Synchronization
import TachoGeo

/// Which riders are where now: the riders of each cell of about 280 m, as latest shows them.
///
/// Filled by the committer with what it publishes, so a look-up sees what `T.GET` sees. Positions are
/// not in it, only who is in which cell: a rider that stays in one costs a comparison. 20 B a rider
/// and up to 64 B a cell.
final class LiveGrid: Sendable {
    private let state = Mutex(State())

    /// Every change happens inside: a part's riders are moved under one hold of the lock.
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    /// Riders in the cells that a rectangle touches, in no order; nil: there would be more cells to
    /// look at than are occupied, so that asking all riders is quicker.
    func riders(in boxes: [Box]) -> [UInt32]? { state.withLock { $0.riders(in: boxes) } }

    /// All riders that are anywhere.
    var all: [UInt32] { state.withLock { $0.all } }

    /// How many riders are anywhere.
    var count: Int { state.withLock { $0.count } }

    /// Memory held.
    var bytes: Int { state.withLock { $0.bytes } }

    struct State: Sendable {
        /// Of each rider.
        private var squares: [LiveSquare] = []
        /// Neighbours in the list of a cell, number + 1; 0: none.
        private var links: [Links] = []
        private var heads = LiveHeads()
        private(set) var count = 0

        private struct Links: BitwiseCopyable {
            var before: UInt32 = 0
            var after: UInt32 = 0
        }

        var bytes: Int {
            squares.capacity * MemoryLayout<LiveSquare>.stride
                + links.capacity * MemoryLayout<Links>.stride + heads.bytes
        }

        var all: [UInt32] {
            squares.indices.lazy.filter { squares[$0].isSomewhere }.map { UInt32($0) }
        }

        /// Cost: 3 ns where the rider stays in its cell, otherwise about 70.
        @inline(__always)
        mutating func place(_ rider: UInt32, latE7: Int32, lonE7: Int32) {
            if Int(rider) < squares.count
                && squares[Int(rider)].holds(latE7: latE7, lonE7: lonE7)
            {
                return
            }
            move(rider, to: LiveCell(latE7: latE7, lonE7: lonE7))
        }

        mutating func remove(_ rider: UInt32) {
            if Int(rider) < squares.count { move(rider, to: nil) }
        }

        private mutating func move(_ rider: UInt32, to cell: LiveCell?) {
            let index = Int(rider)
            while squares.count <= index {
                squares.append(.nowhere)
                links.append(Links())
            }
            if squares[index].isSomewhere {
                unlink(index)
                count -= 1
            }
            squares[index] = cell.map { LiveSquare($0) } ?? .nowhere
            guard let cell else { return }
            count += 1
            let first = heads.replace(cell, with: rider + 1)
            links[index] = Links(before: 0, after: first)
            if first > 0 { links[Int(first) - 1].before = rider + 1 }
        }

        private mutating func unlink(_ index: Int) {
            let (before, after) = (links[index].before, links[index].after)
            if after > 0 { links[Int(after) - 1].before = before }
            if before > 0 {
                links[Int(before) - 1].after = after
            } else if after > 0 {
                _ = heads.replace(squares[index].cell, with: after)
            } else {
                heads.remove(squares[index].cell)
            }
        }

        func riders(in boxes: [Box]) -> [UInt32]? {
            let spans = boxes.map { LiveSpan(CoarseBox($0)) }
            guard spans.reduce(0, { $0 + $1.cellsAtMost }) <= max(64, heads.count) else {
                return nil
            }
            var found: [UInt32] = []
            for (index, span) in spans.enumerated() {
                let before = spans[..<index]
                span.forEachCell { cell in
                    // Two rectangles may meet in one cell.
                    if before.contains(where: { $0.has(cell) }) { return }
                    var next = heads.first(of: cell)
                    while next > 0 {
                        found.append(next - 1)
                        next = links[Int(next) - 1].after
                    }
                }
            }
            return found
        }
    }
}

/// A cell of the grid: a row of 0.0025° and, within it, a column about as wide in metres.
struct LiveCell: Hashable, BitwiseCopyable, Sendable {
    let row: Int32
    let column: Int32

    static let nowhere = LiveCell(row: .min, column: .min)
    /// 278 m.
    static let heightE7: Int32 = 25_000

    /// By whole degrees of latitude; the last ones as wide as at 89°.
    private static let widthsE7: [Int32] = (0...90).map { degrees in
        let cosine = Distance.sineOfDegrees(90 - Double(min(degrees, 89)))
        return Int32((Double(heightE7) / cosine).rounded())
    }

    private init(row: Int32, column: Int32) { (self.row, self.column) = (row, column) }

    @inline(__always)
    init(latE7: Int32, lonE7: Int32) {
        self.init(row: Self.row(latE7), lonE7: lonE7)
    }

    @inline(__always)
    init(row: Int32, lonE7: Int32) {
        self.init(row: row, column: Self.floor(lonE7, Self.widthE7(row: row)))
    }

    static func row(_ latE7: Int32) -> Int32 { floor(latE7, heightE7) }

    /// Every position of a row has one width: degrees are whole numbers of rows.
    @inline(__always)
    static func widthE7(row: Int32) -> Int32 {
        let degrees = row >= 0 ? row / 400 : (-1 - row) / 400
        return widthsE7[Int(min(degrees, 90))]
    }

    @inline(__always)
    private static func floor(_ value: Int32, _ unit: Int32) -> Int32 {
        value >= 0 ? value / unit : (value + 1) / unit - 1
    }

    static func columns(row: Int32, from west: Int32, to east: Int32) -> ClosedRange<Int32> {
        let width = widthE7(row: row)
        return floor(west, width)...floor(east, width)
    }

    func sibling(column: Int32) -> LiveCell { LiveCell(row: row, column: column) }
}

/// Where a cell lies, so that nothing is divided to know whether a position is in it.
struct LiveSquare: BitwiseCopyable, Sendable {
    private let southE7: Int32
    private let westE7: Int32
    /// 0: nowhere.
    private let widthE7: Int32

    static let nowhere = LiveSquare(southE7: 0, westE7: 0, widthE7: 0)

    private init(southE7: Int32, westE7: Int32, widthE7: Int32) {
        (self.southE7, self.westE7, self.widthE7) = (southE7, westE7, widthE7)
    }

    init(_ cell: LiveCell) {
        let width = LiveCell.widthE7(row: cell.row)
        self.init(
            southE7: cell.row * LiveCell.heightE7, westE7: cell.column * width, widthE7: width)
    }

    var isSomewhere: Bool { widthE7 != 0 }

    var cell: LiveCell { LiveCell(latE7: southE7, lonE7: westE7) }

    /// Differences are below 2^32, so that wrapped ones stand for themselves.
    @inline(__always)
    func holds(latE7: Int32, lonE7: Int32) -> Bool {
        UInt32(bitPattern: latE7 &- southE7) < UInt32(LiveCell.heightE7)
            && UInt32(bitPattern: lonE7 &- westE7) < UInt32(bitPattern: widthE7)
    }
}

/// The cells that a rectangle touches.
private struct LiveSpan {
    let rows: ClosedRange<Int32>
    let west: Int32
    let east: Int32

    init(_ box: CoarseBox) {
        rows = LiveCell.row(box.minLatE7)...LiveCell.row(box.maxLatE7)
        (west, east) = (box.minLonE7, box.maxLonE7)
    }

    /// As many as there would be if all rows were as wide as the one with most.
    var cellsAtMost: Int {
        let least = min(
            LiveCell.widthE7(row: rows.lowerBound), LiveCell.widthE7(row: rows.upperBound),
            rows.contains(0) ? LiveCell.heightE7 : .max)
        return rows.count * Int((Int64(east) - Int64(west)) / Int64(least) + 2)
    }

    func has(_ cell: LiveCell) -> Bool {
        rows.contains(cell.row)
            && LiveCell.columns(row: cell.row, from: west, to: east).contains(cell.column)
    }

    func forEachCell(_ body: (LiveCell) -> Void) {
        for row in rows {
            let first = LiveCell(row: row, lonE7: west)
            for column in LiveCell.columns(row: row, from: west, to: east) {
                body(first.sibling(column: column))
            }
        }
    }
}
