import FormatSpec
import TachoCodec
import TachoGeo
import Testing

@testable import TachoStore

struct LandmarkRowTests {
    private func row(_ random: inout SeededGenerator) -> LandmarkRow {
        func near<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type) -> T {
            Bool.random(using: &random)
                ? T.random(in: 0...3, using: &random) : T.random(in: .min ... .max, using: &random)
        }
        let top = Fix.timeLimitMs - 1
        return LandmarkRow(
            day: near(UInt16.self),
            landmark: Landmark(
                hash: near(UInt64.self) & Landmark.hashMask, rider: near(UInt32.self),
                number: near(UInt32.self), tsMs: Int64.random(in: -top...top, using: &random),
                place: near(UInt32.self)))
    }

    private func read(_ key: [UInt8], _ value: [UInt8]) throws -> LandmarkRow {
        try key.withUnsafeBytes { k in
            try value.withUnsafeBytes { v in try LandmarkRow(key: k, value: v) }
        }
    }

    @Test func `a row reads back as it was written, and sorts as its key`() throws {
        var random = SeededGenerator(seed: 11)
        var rows = (0..<2_000).map { _ in row(&random) }
        for row in rows { #expect(try read(row.bytes.key, row.bytes.value) == row) }
        for row in rows {
            #expect((row < rows[0]) == row.bytes.key.lexicographicallyPrecedes(rows[0].bytes.key))
        }
        for index in rows.indices { rows[index].day = rows[0].day }
        let byKey = rows.sorted { $0.bytes.key.lexicographicallyPrecedes($1.bytes.key) }
        LandmarkRow.sort(&rows)
        #expect(rows.map(\.bytes.key) == byKey.map(\.bytes.key))
    }

    @Test func `a row of another length is refused`() {
        var random = SeededGenerator(seed: 12)
        let (key, value) = row(&random).bytes
        for count in 0..<key.count {
            #expect(throws: StoreError.self) { try read(Array(key[..<count]), value) }
        }
        for count in 0..<value.count {
            #expect(throws: StoreError.self) { try read(key, Array(value[..<count])) }
        }
        #expect(throws: StoreError.self) { try read(key + [0], value) }
    }

    @Test func `a row has the key and value the table says`() throws {
        let cells = try SpecPage(section: 6).rows("family").filter { $0[0] == "seen" }
        let page = try #require(cells.first)
        let row = LandmarkRow(
            day: 0x0102,
            landmark: Landmark(
                hash: 0x1112_1314_1516, rider: 0x2122_2324, number: 0x3132_3334, tsMs: 5,
                place: 0x4142_5152))
        #expect(page[1] == "day u16, hash u48, rider u32, number u32")
        #expect(
            row.bytes.key == [
                1, 2, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32,
                0x33, 0x34,
            ])
        #expect(page[2].hasPrefix("time + 2^47 in 6 bytes, latitude u16, longitude u16"))
        #expect(row.bytes.value == [5, 0, 0, 0, 0, 0x80, 0x52, 0x51, 0x42, 0x41])
    }

    @Test func `two places in one cell are near or not, also where their lower bits wrap`() {
        func landmark(_ latE7: Int32, _ lonE7: Int32) -> Landmark {
            Landmark(
                hash: 1, rider: 0, number: 1, tsMs: 0,
                place: Landmark.place(latE7: latE7, lonE7: lonE7))
        }
        for base in [0, 65_530, -65_540, 375_000_000, -1_800_000_000] as [Int32] {
            let one = landmark(base / 2, base)
            #expect(one.isNear(landmark(base / 2 + 10, base + 20), latE7: 10, lonE7: 20))
            #expect(one.isNear(landmark(base / 2 + 10, base), latE7: 10, lonE7: 0))
            #expect(!one.isNear(landmark(base / 2 + 11, base), latE7: 10, lonE7: 20))
            #expect(!one.isNear(landmark(base / 2, base + 21), latE7: 10, lonE7: 20))
        }
    }
}
