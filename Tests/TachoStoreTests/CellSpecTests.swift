import FormatSpec
import Foundation
import TachoGeo
import Testing

/// `format-spec.md` §14 against the cells that are built.
struct CellSpecTests {
    /// A row of the layout: its bits, and the values it may have.
    private struct Part {
        var low: UInt64
        var width: UInt64
        var values: ClosedRange<UInt64>

        init(_ row: [String]) throws {
            let ends = row[0].split(separator: "–").compactMap { UInt64($0) }
            low = try #require(ends.first)
            width = try #require(UInt64(row[1]))
            #expect(try #require(ends.last) == low + width - 1, "\(row)")
            let bounds = row[2].split(separator: "…").compactMap { UInt64($0) }
            values = try #require(bounds.first)...(try #require(bounds.last))
        }

        func value(of id: UInt64) -> UInt64 { id >> low & (1 << width - 1) }
    }

    @Test func `the layout of an id is 64 bits, the highest first`() throws {
        let parts = try SpecPage(section: 14).rows("bits").map { try Part($0) }
        #expect(parts.count == 6)
        var next: UInt64 = 64
        for part in parts {
            #expect(part.low + part.width == next)
            next = part.low
        }
        #expect(next == 0)
    }

    @Test func `ids of the code keep to the layout, and no others are valid`() throws {
        let parts = try SpecPage(section: 14).rows("bits").map { try Part($0) }
        for resolution in 0...15 {
            let cell = Cell.containing(
                Coordinate(latE7: 375_000_000, lonE7: 1_270_000_000), resolution: resolution)
            #expect(parts[3].value(of: cell.rawValue) == UInt64(resolution))
            #expect(parts[4].value(of: cell.rawValue) == UInt64(cell.baseCell))
            for part in parts.dropLast() {
                #expect(part.values.contains(part.value(of: cell.rawValue)))
                let beyond = part.values.upperBound + 1
                guard beyond < 1 << part.width else { continue }
                let bits = cell.rawValue & ~((1 << part.width - 1) << part.low) | beyond << part.low
                #expect(!Cell(rawValue: bits).isValid, "\(part) at resolution \(resolution)")
            }
        }
    }

    @Test func `the example of a cell is what it says`() throws {
        let page = try SpecPage(section: 14)
        let id = page.hex().reduce(0) { $0 << 8 | UInt64($1) }
        let cell = Cell(rawValue: id)
        var said: [String: String] = [:]
        for row in page.rows("part") { said[row[0]] = row[1] }
        #expect(page.hex().count == 8)
        #expect(cell.isValid)
        #expect(said["text"] == cell.hex)
        #expect(said["resolution"] == "\(cell.resolution)")
        #expect(said["base cell"] == "\(cell.baseCell)")
        let digits = (1...9).map { "\(id >> (45 - 3 * $0) & 7)" }
        #expect(said["digits"] == digits.joined(separator: " "))
        let position = Coordinate(latE7: 375_000_000, lonE7: 1_270_000_000)
        #expect(cell == Cell.containing(position, resolution: 9))
    }

    @Test func `the pentagons are those listed`() throws {
        let page = try SpecPage(section: 14)
        let line = try #require(page.line(holding: "are pentagons"))
        let sentence = try #require(line.components(separatedBy: "Base cells ").last)
        let listed = sentence.components(separatedBy: " are pentagons")[0]
            .split { !$0.isNumber }.compactMap { UInt64($0) }
        let pentagons = (0..<122 as Range<UInt64>).filter {
            Cell(rawValue: 1 << 59 | $0 << 45 | (1 << 45 - 1)).isPentagon
        }
        #expect(listed == pentagons)
    }
}
