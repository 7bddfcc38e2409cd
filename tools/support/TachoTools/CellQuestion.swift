package import TachoGeo

/// A question about cells as people write it: a position, or a word, a cell and what the word needs.
package enum CellQuestion: Equatable {
    case position(CellQuery)
    case about(Word, Cell, Int)
    case set(Word, [Cell], Int)

    /// Named as in H3: `cellToParent` and so on.
    package enum Word: String, CaseIterable, Sendable {
        case parent, children, centreChild = "centre-child"
        case disk, ring, neighbours, centre, boundary, area
        case distance, path, compact, uncompact

        /// What follows the word.
        package var usage: String {
            switch self {
            case .parent, .children, .centreChild: "\(rawValue) CELL RES"
            case .disk, .ring: "\(rawValue) CELL K"
            case .neighbours, .centre, .boundary, .area: "\(rawValue) CELL"
            case .distance, .path: "\(rawValue) CELL CELL"
            case .compact: "compact CELL…"
            case .uncompact: "uncompact RES CELL…"
            }
        }
    }

    /// More would not fit into a line anybody reads.
    package static let mostCells = 1_000_000

    package init(fields: [String]) throws(CellQuery.Defect) {
        guard let word = fields.first.flatMap(Word.init(rawValue:)) else {
            guard fields.count == 3 else {
                throw CellQuery.Defect(
                    message: "\(fields.count) fields, expected three: lat lon res")
            }
            self = .position(
                try CellQuery(lat: fields[0], lon: fields[1], resolution: fields[2]))
            return
        }
        let rest = fields.dropFirst()
        switch word {
        case .parent, .children, .centreChild, .disk, .ring:
            guard rest.count == 2 else { throw Self.expected(word) }
            self = .about(word, try Self.cell(fields[1]), try Self.number(fields[2]))
        case .neighbours, .centre, .boundary, .area:
            guard rest.count == 1 else { throw Self.expected(word) }
            self = .about(word, try Self.cell(fields[1]), 0)
        case .distance, .path:
            guard rest.count == 2 else { throw Self.expected(word) }
            self = .set(word, try Self.cells(rest), 0)
        case .compact:
            self = .set(word, try Self.cells(rest), 0)
        case .uncompact:
            guard let first = rest.first else { throw Self.expected(word) }
            self = .set(word, try Self.cells(rest.dropFirst()), try Self.number(first))
        }
    }

    /// One line. Cells stand in the order of their ids.
    package func answer() throws(CellQuery.Defect) -> String {
        do {
            switch self {
            case .position(let query): return query.cell.hex
            case .about(let word, let cell, let number):
                return try Self.answer(word, cell, number)
            case .set(.distance, let cells, _):
                guard let steps = try cells[0].distance(to: cells[1]) else {
                    throw CellQuery.Defect(message: "the two are too far apart to count")
                }
                return String(steps)
            case .set(.path, let cells, _):
                guard let steps = try cells[0].distance(to: cells[1]) else {
                    throw CellQuery.Defect(message: "the two are too far apart to count")
                }
                guard steps < Self.mostCells else { throw Self.tooMany }
                guard let path = try cells[0].path(to: cells[1]) else {
                    throw CellQuery.Defect(
                        message: "a pentagon lies between the two: there is no straight line")
                }
                return path.map(\.hex).joined(separator: " ")
            case .set(let word, let cells, let number):
                return Self.text(
                    word == .compact
                        ? try CellSet.compact(cells) : try CellSet.uncompact(cells, to: number))
            }
        } catch let error as CellError {
            throw CellQuery.Defect(message: error.description)
        } catch let defect as CellQuery.Defect {
            throw defect
        } catch {
            preconditionFailure("cells throw no other error: \(error)")
        }
    }

    private static func answer(_ word: Word, _ cell: Cell, _ number: Int) throws -> String {
        switch word {
        case .parent: return try cell.parent(at: number).hex
        case .centreChild: return try cell.centreChild(at: number).hex
        case .children:
            guard try cell.childCount(at: number) <= mostCells else { throw tooMany }
            return text(Array(try cell.children(at: number)))
        case .disk, .ring:
            // 3 k (k + 1) + 1 cells.
            guard number <= 576 else { throw tooMany }
            return text(word == .disk ? try cell.disk(number) : try cell.ring(number))
        case .neighbours: return text(cell.neighbours)
        case .centre:
            let (lat, lon) = cell.centreDegrees
            return "\(lat) \(lon)"
        case .boundary:
            return cell.boundaryDegrees.map { "\($0.lat) \($0.lon)" }.joined(separator: " ")
        case .area: return "\(cell.areaSquareMetres)"
        case .distance, .path, .compact, .uncompact: preconditionFailure("a set's")
        }
    }

    private static var tooMany: CellQuery.Defect {
        CellQuery.Defect(message: "more than \(mostCells) cells")
    }

    private static func text(_ cells: [Cell]) -> String {
        cells.sorted { $0.rawValue < $1.rawValue }.map(\.hex).joined(separator: " ")
    }

    private static func expected(_ word: Word) -> CellQuery.Defect {
        CellQuery.Defect(message: "expected \(word.usage)")
    }

    private static func cells(_ texts: ArraySlice<String>) throws(CellQuery.Defect) -> [Cell] {
        var cells: [Cell] = []
        for text in texts { cells.append(try cell(text)) }
        return cells
    }

    private static func cell(_ text: String) throws(CellQuery.Defect) -> Cell {
        guard let cell = Cell(hex: text) else {
            throw CellQuery.Defect(message: "\(text) is not a cell of H3")
        }
        return cell
    }

    private static func number(_ text: String) throws(CellQuery.Defect) -> Int {
        let number = Array(text.utf8).withUnsafeBytes { Decimal.integer($0) }
        guard let number else { throw CellQuery.Defect(message: "\(text) is not a number") }
        return Int(number)
    }
}
