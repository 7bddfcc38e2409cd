import Testing

@testable import TachoAudit

@Suite struct TileTests {
    @Test func `paths are those of tlog-tiles`() {
        #expect(Tile(.level(0), index: 0, width: 256).path == "tile/0/000")
        #expect(Tile(.level(1), index: 1_234_067, width: 256).path == "tile/1/x001/x234/067")
        #expect(Tile(.entries, index: 273, width: 112).path == "tile/entries/273.p/112")
        #expect(Tile(.level(12), index: 1_000, width: 1).path == "tile/12/x001/000.p/1")
    }

    /// Both examples of the specification.
    @Test func `a tree of 70,000 and one of 256 have the tiles that the specification counts`() {
        let tiles = Tile.all(size: 70_000)
        func widths(_ level: Int) -> [Int] {
            tiles.filter { $0.content == .level(level) }.map(\.width)
        }
        #expect(widths(0) == [Int](repeating: 256, count: 273) + [112])
        #expect(widths(1) == [256, 17])
        #expect(widths(2) == [1])
        #expect(widths(3) == [])
        #expect(tiles.count { $0.content == .entries } == 274)
        #expect(
            Tile.all(size: 256).map(\.path) == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"])
    }

    @Test func `an append touches the tiles that grow and no others`() {
        for old in 0...600 as ClosedRange<UInt64> {
            for new in [old + 1, old + 3, old + 300] {
                let before = Set(Tile.all(size: old))
                let after = Set(Tile.all(size: new))
                let touched = Set(Tile.all(size: new, from: old))
                #expect(touched.isSubset(of: after), "\(old) to \(new)")
                #expect(after.subtracting(before).isSubset(of: touched), "\(old) to \(new)")
            }
        }
    }

    @Test func `bundles read back and refuse every cut`() {
        let entries: [[UInt8]] = [[1, 2, 3], [], [UInt8](repeating: 7, count: 300)]
        let bytes = EntryBundle.encode(entries)
        #expect(EntryBundle.decode(bytes, count: 3) == entries)
        #expect(EntryBundle.decode(bytes, count: 2) == nil)
        for count in 0..<bytes.count {
            #expect(EntryBundle.decode(Array(bytes[..<count]), count: 3) == nil, "\(count) bytes")
        }
    }
}
