/// The cells of a track's positions, one after the other: as long as a position is inside the last
/// cell (`CellInset`), the answer is that cell.
///
/// The result is always `Cell.containing`'s. Cost: 2 ns inside the last cell, 150 when a new one is
/// entered; about 10 on average for a courier at 1 Hz and resolution 9. One walker can serve the
/// tracks of many riders in turn.
package struct CellWalker: Sendable, BitwiseCopyable {
    package let resolution: Int
    @usableFromInline var last: Cell
    @usableFromInline var inset: CellInset

    /// Resolution 0…15.
    package init(resolution: Int) {
        precondition((0...Cell.finestResolution).contains(resolution), "resolutions are 0…15")
        self.resolution = resolution
        last = Cell(rawValue: 0)
        inset = .empty
    }

    /// The cell of the walker's resolution a stored position lies in.
    @inlinable
    @inline(__always)
    package mutating func cell(latE7: Int32, lonE7: Int32) -> Cell {
        if inset.contains(latE7: latE7, lonE7: lonE7) { return last }
        return move(to: Coordinate(latE7: latE7, lonE7: lonE7))
    }

    /// A new inside only for a new cell: where the position is on the rim of the last one, what is
    /// known of it still serves those after it.
    @usableFromInline
    mutating func move(to position: Coordinate) -> Cell {
        let at = CellLocator.locate(position, resolution: resolution)
        let cell = Cell(at, resolution: resolution)
        if cell != last {
            last = cell
            inset = CellInset(at, resolution: resolution)
        }
        return cell
    }
}
