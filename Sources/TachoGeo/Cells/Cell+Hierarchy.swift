extension Cell {
    /// The cell of a coarser resolution, or its own, that this one is below: `cellToParent`. A cell
    /// lies in it but for its corners: seven hexagons are no hexagon.
    package func parent(at resolution: Int) throws(CellError) -> Cell {
        guard (0...Self.finestResolution).contains(resolution) else {
            throw .resolution(resolution)
        }
        guard resolution <= self.resolution else {
            throw .wrongWay(from: self.resolution, to: resolution)
        }
        return above(resolution)
    }

    /// The same, of a resolution that is known not to be finer. Cost: 1 ns.
    @inline(__always)
    func above(_ resolution: Int) -> Cell {
        let head = rawValue & ~(15 << 52) | UInt64(resolution) << 52
        return Cell(rawValue: head | CellDigits.unused(resolution: resolution))
    }

    /// How many cells of a finer resolution there are below: `cellToChildrenSize`.
    package func childCount(at resolution: Int) throws(CellError) -> Int {
        try check(finer: resolution)
        let seventh = Self.power(of: 7, resolution - self.resolution)
        // A pentagon has five hexagons and one pentagon below, at every step.
        return isPentagon ? 1 + 5 * (seventh - 1) / 6 : seventh
    }

    /// The cells of a finer resolution below, in the order of their ids: `cellToChildren`. Made one
    /// after another: there may be 4.7 · 10^12.
    package func children(at resolution: Int) throws(CellError) -> CellChildren {
        try check(finer: resolution)
        return CellChildren(of: self, at: resolution)
    }

    /// The one in the middle of them: `cellToCenterChild`.
    package func centreChild(at resolution: Int) throws(CellError) -> Cell {
        try check(finer: resolution)
        return Cell(
            baseCell: baseCell, digits: CellDigits(of: self), resolution: resolution)
    }

    private func check(finer resolution: Int) throws(CellError) {
        guard (0...Self.finestResolution).contains(resolution) else {
            throw .resolution(resolution)
        }
        guard resolution >= self.resolution else {
            throw .wrongWay(from: self.resolution, to: resolution)
        }
    }

    private static func power(of base: Int, _ exponent: Int) -> Int {
        (0..<exponent).reduce(1) { product, _ in product * base }
    }
}

/// The cells below one, ascending.
package struct CellChildren: Sequence, IteratorProtocol {
    private let parent: Cell
    private let resolution: Int
    private var digits: UInt64?
    private let count: UInt64

    fileprivate init(of parent: Cell, at resolution: Int) {
        self.parent = parent
        self.resolution = resolution
        digits = 0
        count = 1 << UInt64(3 * (resolution - parent.resolution))
    }

    package mutating func next() -> Cell? {
        guard var below = digits else { return nil }
        let shift = UInt64(3 * (15 - resolution))
        let cell = Cell(
            baseCell: parent.baseCell,
            digits: CellDigits(bits: CellDigits(of: parent).bits | below << shift),
            resolution: resolution)
        below = afterMissing(Self.withoutSevens(below + 1))
        digits = below < count ? below : nil
        return cell
    }

    /// The first number from `digits` on that has no seven among its octal digits.
    private static func withoutSevens(_ digits: UInt64) -> UInt64 {
        var digits = digits
        var position: UInt64 = 0
        while position < 45 {
            // Ones below a seven are zeros: it has just been counted up to.
            if digits >> position & 7 == 7 { digits += 1 << position }
            position += 3
        }
        return digits
    }

    /// Behind the part a pentagon lacks, if it begins here: digits that begin with k.
    private func afterMissing(_ below: UInt64) -> UInt64 {
        guard parent.isPentagon, CellDigits(bits: below).leading == CellDigits.k else {
            return below
        }
        return below + 1 << UInt64(63 - below.leadingZeroBitCount)
    }
}
