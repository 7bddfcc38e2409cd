import Foundation
import TachoGeo
import Testing

/// Cases that `tools/cells/generate.py` asked H3 4.5.0 for.
struct CellCase {
    var latDegrees: Double
    var lonDegrees: Double
    var resolution: Int
    var hex: String
    var centre: (lat: Double, lon: Double)?

    static func all() throws -> [CellCase] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/cells.csv")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map
        {
            let field = $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            var one = CellCase(
                latDegrees: try #require(Double(field[0])),
                lonDegrees: try #require(Double(field[1])),
                resolution: try #require(Int(field[2])), hex: field[3])
            if let lat = Double(field[4]), let lon = Double(field[5]) { one.centre = (lat, lon) }
            return one
        }
    }
}

@Suite struct CellTests {
    /// Valid cells of all shapes: half of them in the 12 pentagons, with many zeros among the digits.
    private func anyCell(_ random: inout Seeded) -> Cell {
        let pentagons: [UInt64] = [4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117]
        while true {
            let resolution = UInt64.random(in: 0...15, using: &random)
            let base =
                Bool.random(using: &random)
                ? pentagons.randomElement(using: &random)! : .random(in: 0...121, using: &random)
            let zeros = UInt64.random(in: 0...15, using: &random)
            var bits = 1 << 59 | resolution << 52 | base << 45
            for r: UInt64 in 1...15 {
                let digit = r <= zeros ? 0 : UInt64.random(in: 0...6, using: &random)
                bits |= (r > resolution ? 7 : digit) << (45 - 3 * r)
            }
            if Cell(rawValue: bits).isValid { return Cell(rawValue: bits) }
        }
    }

    @Test func `positions of the fixtures lie in the cells H3 puts them in`() throws {
        let cases = try CellCase.all()
        #expect(cases.count > 3_000)
        #expect(Set(cases.map(\.resolution)) == Set(0...15))
        for one in cases {
            let cell = Cell.containing(
                latDegrees: one.latDegrees, lonDegrees: one.lonDegrees, resolution: one.resolution)
            #expect(cell.hex == one.hex, "\(one)")
            #expect(cell.isValid, "\(one)")
        }
    }

    @Test func `a stored position lies where its decimal degrees do`() throws {
        for one in try CellCase.all() {
            let (lat, lon) = (one.latDegrees * 1e7, one.lonDegrees * 1e7)
            let position = Coordinate(latE7: Int32(lat.rounded()), lonE7: Int32(lon.rounded()))
            let isStorable =
                Double(position.latE7) / 1e7 == one.latDegrees
                && Double(position.lonE7) / 1e7 == one.lonDegrees
            guard isStorable else { continue }
            let cell = Cell.containing(position, resolution: one.resolution)
            #expect(cell.hex == one.hex, "\(one)")
        }
    }

    @Test func `middles are H3's to 1e-12 rad`() throws {
        var seen = 0
        for one in try CellCase.all() {
            guard let expected = one.centre else { continue }
            let centre = try #require(Cell(hex: one.hex)).centreRadians
            let perDegree = Double.pi / 180
            #expect(abs(centre.lat - expected.lat * perDegree) < 1e-12, "\(one)")
            #expect(abs(centre.lon - expected.lon * perDegree) < 1e-12, "\(one)")
            seen += 1
        }
        #expect(seen > 800)
    }

    @Test func `the middle of a cell lies in it`() {
        let seed: UInt64 = 5
        var random = Seeded(seed)
        for n in 0..<20_000 {
            let cell = anyCell(&random)
            let (lat, lon) = cell.centreRadians
            let found = Cell.containing(
                latRadians: lat, lonRadians: lon, resolution: cell.resolution)
            #expect(found == cell, "seed \(seed), cell \(n)")
        }
    }

    @Test func `hexadecimal text comes back as the same cell`() {
        let seed: UInt64 = 6
        var random = Seeded(seed)
        for n in 0..<5_000 {
            let cell = anyCell(&random)
            #expect(cell.hex.utf8.count == 15)
            #expect(Cell(hex: cell.hex) == cell, "seed \(seed), cell \(n)")
            #expect(Cell(hex: cell.hex.uppercased()) == cell, "seed \(seed), cell \(n)")
        }
    }

    @Test func `text that is no cell is refused`() {
        let good = "8930e1d9b37ffff"
        #expect(Cell(hex: good) != nil)
        for cut in 0..<good.utf8.count {
            #expect(Cell(hex: good.prefix(cut)) == nil, "\(good.prefix(cut))")
        }
        let bad = [
            "+" + good, "-" + good, " " + good, good + " ", "0x" + good, good + "f",
            "00" + good, good + "\u{0}", "８930e1d9b37ffff", "8930e1d9b37fffg",
        ]
        for text in bad { #expect(Cell(hex: text) == nil, "\(text)") }
    }

    @Test func `each part of an id is checked`() {
        let good: UInt64 = 0x0893_0e1d_9b37_ffff
        #expect(Cell(rawValue: good).isValid)
        var wrong: [String: UInt64] = [
            "the top bit": good | 1 << 63,
            "no mode": good & ~(15 << 59),
            "the mode of an edge": good ^ 3 << 59,
            "a base cell 122": good & ~(127 << 45) | 122 << 45,
            "a seven among the digits": good | 7 << 27,
            "an unused digit of 6": good ^ 1,
            "a finer resolution": good + 1 << 52,
            "the direction a pentagon lacks": Self.lackingDirection,
        ]
        for bit: UInt64 in 56...58 { wrong["reserved bit \(bit)"] = good | 1 << bit }
        for (name, bits) in wrong { #expect(!Cell(rawValue: bits).isValid, "\(name)") }
    }

    /// Base cell 24, resolution 2, digits 0 and 1.
    private static let lackingDirection: UInt64 =
        1 << 59 | 2 << 52 | 24 << 45 | 1 << 39 | (1 << 39 - 1)

    @Test func `a pentagon has one child fewer`() {
        for base: UInt64 in 0..<122 {
            let head = 1 << 59 | base << 45 as UInt64
            let whole = Cell(rawValue: head | (1 << 45 - 1))
            let children = (0..<8 as Range<UInt64>).map {
                Cell(rawValue: head | 1 << 52 | $0 << 42 | (1 << 42 - 1))
            }
            #expect(whole.isValid)
            #expect(children.filter(\.isValid).count == (whole.isPentagon ? 6 : 7), "\(whole)")
            #expect(children[0].isPentagon == whole.isPentagon)
            #expect(!children[4].isPentagon)
        }
        let pentagons = (0..<122 as Range<UInt64>).filter {
            Cell(rawValue: 1 << 59 | $0 << 45 | (1 << 45 - 1)).isPentagon
        }
        #expect(pentagons == [4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117])
    }

    @Test func `the parts of an id of Seoul`() {
        let cell = Cell.containing(
            Coordinate(latE7: 375_000_000, lonE7: 1_270_000_000), resolution: 9)
        #expect(cell.hex == "8930e1d9b37ffff")
        #expect("\(cell)" == "8930e1d9b37ffff")
        #expect(cell.resolution == 9)
        #expect(cell.baseCell == 24)
        #expect(!cell.isPentagon)
        let centre = cell.centre
        #expect(Cell.containing(centre, resolution: 9) == cell)
    }
}
