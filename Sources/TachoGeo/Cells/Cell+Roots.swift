extension Cell {
    /// The 122 cells of resolution 0, ascending: `getRes0Cells`.
    package static let roots: [Cell] = (0..<122).map {
        Cell(baseCell: $0, digits: CellDigits(bits: 0), resolution: 0)
    }

    /// The 12 pentagons of a resolution, ascending: `getPentagons`. Their middles are the vertices of
    /// the icosahedron.
    package static func pentagons(at resolution: Int) throws(CellError) -> [Cell] {
        var pentagons: [Cell] = []
        for root in roots where root.isPentagon {
            pentagons.append(try root.centreChild(at: resolution))
        }
        return pentagons
    }
}
