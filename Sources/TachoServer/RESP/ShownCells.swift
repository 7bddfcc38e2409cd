import TachoGeo

/// The H3 cells of the positions that were shown lately, so that a rider who is asked for more
/// often than he moves costs no look-up. Belongs to one event loop.
///
/// A place a rider, by the low bits of its number: 1 MiB. What a place holds is checked against the
/// position itself, so two riders in one place cost time, never a wrong cell.
final class ShownCells {
    private struct Entry: BitwiseCopyable {
        var latE7: Int32
        var lonE7: Int32
        var cell: UInt64
    }

    static let resolution = 9
    private static let places = 1 << 16
    /// Raw, so that a look-up per command asks nobody for access.
    private let entries = UnsafeMutablePointer<Entry>.allocate(capacity: places)

    init() {
        let origin = Cell.containing(Coordinate(latE7: 0, lonE7: 0), resolution: Self.resolution)
        entries.initialize(
            repeating: Entry(latE7: 0, lonE7: 0, cell: origin.rawValue), count: Self.places)
    }

    deinit { entries.deallocate() }

    /// The id of the cell the fix lies in. Cost: a few ns, or 160 ns when the rider has moved.
    func cell(of fix: Fix, rider: UInt32) -> UInt64 {
        let place = Int(rider) & (Self.places - 1)
        let known = entries[place]
        if known.latE7 == fix.latE7 && known.lonE7 == fix.lonE7 { return known.cell }
        let cell = Cell.containing(fix.coordinate, resolution: Self.resolution).rawValue
        entries[place] = Entry(latE7: fix.latE7, lonE7: fix.lonE7, cell: cell)
        return cell
    }
}
