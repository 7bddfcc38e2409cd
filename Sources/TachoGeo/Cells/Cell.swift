/// A cell of H3, the hexagonal grid of the Earth: 122 base cells, 12 of them pentagons, each divided
/// into 7 (a pentagon into 6) fifteen times over. Ids are those of H3 version 4.
///
/// Layout: `format-spec.md`, section 14. Order of ids is order of base cells, then of digits, so the
/// cells inside a coarser one are neighbours in a sorted table.
/// Source: h3geo.org, "H3 Index Representations" and "Coordinate Systems".
@frozen
package struct Cell: Hashable, Sendable, BitwiseCopyable {
    package let rawValue: UInt64

    /// Trusts the bits: `isValid` tells whether they are a cell's.
    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The finest resolution: 0.9 m², against 4.4 million km² at resolution 0.
    package static let finestResolution = 15

    /// 0…15.
    @inlinable
    package var resolution: Int { Int(rawValue >> 52 & 15) }

    /// 0…121.
    package var baseCell: Int { Int(rawValue >> 45 & 127) }

    /// Whether the cell has five neighbours: the middle of a pentagonal base cell.
    package var isPentagon: Bool {
        Self.isPentagon(baseCell: baseCell) && CellDigits(of: self).bits == 0
    }

    /// Whether the bits are a cell's: mode 1, reserved bits 0, a base cell that exists, digits
    /// 0…6 down to the resolution and 7 below it, and none in the part that a pentagon lacks.
    package var isValid: Bool {
        guard rawValue >> 59 == 1, rawValue >> 56 & 7 == 0, baseCell < 122 else { return false }
        let unused = CellDigits.unused(resolution: resolution)
        guard rawValue & unused == unused else { return false }
        let digits = CellDigits(of: self)
        guard !digits.hasSeven else { return false }
        return !(Self.isPentagon(baseCell: baseCell) && digits.leading == CellDigits.k)
    }

    static func isPentagon(baseCell: Int) -> Bool {
        let (low, high) = CellTables.pentagons
        return (baseCell < 64 ? low >> UInt64(baseCell) : high >> UInt64(baseCell - 64)) & 1 == 1
    }

    init(baseCell: Int, digits: CellDigits, resolution: Int) {
        rawValue =
            1 << 59 | UInt64(resolution) << 52 | UInt64(baseCell) << 45 | digits.bits
            | CellDigits.unused(resolution: resolution)
    }
}
