import TachoGeo

/// A cell of 50 m by about 50 m: rows of equal height, and in each degree of latitude columns of
/// the width that is 50 m there.
struct GridCell: Hashable, BitwiseCopyable {
    let row: Int32
    let column: Int32

    /// Height, 1e-7 degree: 50 m.
    static let heightE7: Int32 = 4_500
    /// Columns would run into each other at the poles.
    static let latLimitE7: Int32 = 850_000_000

    /// By whole degrees of latitude.
    private static let widthsE7: [Int32] = (0...90).map { degrees in
        let cosine = Distance.sineOfDegrees(90 - Double(min(degrees, 89)))
        return Int32((Double(heightE7) / cosine).rounded())
    }

    static func widthE7(at latE7: Int32) -> Int32 { widthsE7[Int(abs(latE7) / 10_000_000)] }

    init(latE7: Int32, lonE7: Int32) {
        row = Self.floor(latE7, Self.heightE7)
        column = Self.floor(lonE7, Self.widthE7(at: latE7))
    }

    private static func floor(_ value: Int32, _ unit: Int32) -> Int32 {
        value >= 0 ? value / unit : (value + 1) / unit - 1
    }

    var bits: UInt64 { UInt64(UInt32(bitPattern: row)) << 32 | UInt64(UInt32(bitPattern: column)) }
}

/// The first fix in a new cell, with the cell it came from.
struct CellEntry: BitwiseCopyable {
    var cell: GridCell
    var from: GridCell

    /// Half a cell from the last entry: who stands at a border enters nothing.
    private static let leastE7: Int64 = 2_250

    /// nil: still in the cell of the last entry, or too near to it.
    /// Cost: two comparisons as a rule, four divisions at an entry.
    @inline(__always)
    init?(latE7: Int32, lonE7: Int32, after lastLatE7: Int32, _ lastLonE7: Int32) {
        let north = Int64(latE7) - Int64(lastLatE7)
        let east = Self.wrapped(Int64(lonE7) - Int64(lastLonE7))
        if abs(north) < Self.leastE7 && abs(east) < Self.leastE7 { return nil }
        self.init(
            latE7: latE7, lonE7: lonE7, after: lastLatE7, lastLonE7, north: north, east: east)
    }

    private init?(
        latE7: Int32, lonE7: Int32, after lastLatE7: Int32, _ lastLonE7: Int32, north: Int64,
        east: Int64
    ) {
        let last = GridCell(latE7: lastLatE7, lonE7: lastLonE7)
        let cell = GridCell(latE7: latE7, lonE7: lonE7)
        if cell == last { return nil }
        let width = Int64(GridCell.widthE7(at: latE7))
        let east = east * Int64(GridCell.heightE7) / width
        if north * north + east * east < Self.leastE7 * Self.leastE7 { return nil }
        self.cell = cell
        from = last
    }

    private static func wrapped(_ delta: Int64) -> Int64 {
        if delta > 1_800_000_000 { return delta - 3_600_000_000 }
        return delta <= -1_800_000_000 ? delta + 3_600_000_000 : delta
    }
}
