/// Sets of cells, written with as few cells as they need.
package enum CellSet {
    /// The same area with whole families replaced by the cell above: `compactCells`. The cells must be
    /// of one resolution, each once. Ascending by id of resolution and place.
    package static func compact(_ cells: [Cell]) throws(CellError) -> [Cell] {
        guard let first = cells.first else { return [] }
        var seen: Set<Cell> = []
        for cell in cells {
            guard cell.isValid else { throw .notACell(cell.rawValue) }
            guard cell.resolution == first.resolution else {
                throw .mixedResolutions(first.resolution, cell.resolution)
            }
            guard seen.insert(cell).inserted else { throw .overlap(cell) }
        }
        var done: [Cell] = []
        var level = cells
        for resolution in stride(from: first.resolution, to: 0, by: -1) {
            var families: [Cell: [Cell]] = [:]
            for cell in level { families[cell.above(resolution - 1), default: []].append(cell) }
            level = []
            for (parent, members) in families {
                if members.count == (parent.isPentagon ? 6 : 7) {
                    level.append(parent)
                } else {
                    done += members
                }
            }
        }
        return (done + level).sorted { $0.rawValue < $1.rawValue }
    }

    /// All cells of a resolution below those of a set: `uncompactCells`. None may be finer.
    package static func uncompact(
        _ cells: [Cell], to resolution: Int
    ) throws(CellError) -> [Cell] {
        var all: [Cell] = []
        for cell in cells {
            guard cell.isValid else { throw .notACell(cell.rawValue) }
            all += try cell.children(at: resolution)
        }
        return all
    }
}
