import TachoCodec
import TachoGeo
import Testing

@testable import TachoStore

/// A key of family `geo` with its value.
struct GeoEntry: Equatable {
    var key: [UInt8]
    var value: [UInt8]

    static func pages(of rows: [GeoRow], run: UInt32) -> [GeoEntry] {
        var entries: [GeoEntry] = []
        let count = GeoPage.forEach(of: rows, run: run) { key, value in
            entries.append(GeoEntry(key: Array(key), value: Array(value)))
        }
        #expect(count == entries.count)
        return entries
    }

    func rows() throws(StoreError) -> [GeoRow] {
        let result = key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                Result { () throws(StoreError) in
                    var rows: [GeoRow] = []
                    try GeoPage.read(key: key, value: value) { rows.append($0) }
                    return rows
                }
            }
        }
        return try result.get()
    }
}

struct GeoRowTests {
    /// Fields near their limits and near each other, so that keys agree in part.
    private func row(_ random: inout SeededGenerator) -> GeoRow {
        func number<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type) -> T {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: T.min
            case 1: T.max
            case 2: T.random(in: 0...2, using: &random)
            default: T.random(in: .min ... .max, using: &random)
            }
        }
        let bucket = number(UInt32.self)
        let end = UInt32(GeoGrain(bucket: bucket).bucketMs)
        let first = UInt32.random(in: 0..<end, using: &random)
        let isWhole = Int.random(in: 0..<5, using: &random) == 0
        return GeoRow(
            bucket: bucket, cell: number(UInt64.self), rider: number(UInt32.self),
            range: number(UInt32.self), generation: number(UInt16.self),
            count: max(1, number(UInt16.self)), firstMs: isWhole ? 0 : first,
            lastMs: isWhole ? end - 1 : UInt32.random(in: first..<end, using: &random),
            isAnyFlagged: Bool.random(using: &random))
    }

    /// Rows of which many are in one place, sorted.
    private func run(_ count: Int, _ random: inout SeededGenerator) -> [GeoRow] {
        let places = (0..<5).map { _ in row(&random) }
        var rows = (0..<count).map { _ -> GeoRow in
            var row = row(&random)
            let place = places.randomElement(using: &random)!
            // Of one grain, or its times are beyond the bucket's end.
            if GeoGrain(bucket: row.bucket) == GeoGrain(bucket: place.bucket) {
                (row.bucket, row.cell) = (place.bucket, place.cell)
            }
            return row
        }
        GeoRow.sort(&rows)
        return rows
    }

    @Test func `rows read back from the pages they were written to`() throws {
        var random = SeededGenerator(seed: 1)
        for round in 0..<300 {
            let rows = run(Int.random(in: 1...40, using: &random), &random)
            let number = UInt32.random(in: .min ... .max, using: &random)
            let pages = GeoEntry.pages(of: rows, run: number)
            #expect(try pages.flatMap { try $0.rows() } == rows, "round \(round)")
            #expect(pages.count == Set(rows.map { [UInt64($0.bucket), $0.cell] }).count)
            for page in pages {
                #expect(page.key.withUnsafeBytes { GeoPage.run(ofKey: $0) } == number)
            }
        }
    }

    @Test(arguments: [127, 128, 129, 256, 1_000])
    func `many rows of a place are parts that follow each other`(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        let place = row(&random)
        var rows = (0..<count).map { number in
            var row = place
            row.rider = UInt32(number) * 3
            return row
        }
        rows.append(place)
        rows[count].cell = place.cell ^ 1
        GeoRow.sort(&rows)
        let pages = GeoEntry.pages(of: rows, run: 7)
        #expect(pages.count == (count + GeoPage.mostRows - 1) / GeoPage.mostRows + 1)
        #expect(try pages.flatMap { try $0.rows() } == rows)
        let keys = pages.map(\.key)
        #expect(zip(keys, keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
    }

    @Test func `rows are in the order of bucket, cell, rider, range and generation`() {
        var random = SeededGenerator(seed: 2)
        var rows = (0..<300).map { _ in row(&random) }
        func order(_ row: GeoRow) -> [UInt64] {
            [
                UInt64(row.bucket), row.cell, UInt64(row.rider), UInt64(row.range),
                UInt64(row.generation),
            ]
        }
        for a in rows {
            for b in rows {
                #expect(
                    (a < b) == order(a).lexicographicallyPrecedes(order(b)), "\(a) and \(b)")
            }
        }
        GeoRow.sort(&rows)
        let keys = GeoEntry.pages(of: rows, run: 1).map(\.key)
        #expect(zip(keys, keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
    }

    @Test(arguments: [0, 1, 511, 512, 513, 5_000])
    func `many rows are sorted as by comparing each with each`(count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        // Few cells and buckets of both grains, so that many rows differ in the end of their keys.
        let some = (0..<7).map { _ in row(&random) }
        var rows = (0..<count).map { _ -> GeoRow in
            var row = row(&random)
            if Bool.random(using: &random) { row.cell = some.randomElement(using: &random)!.cell }
            if Bool.random(using: &random) {
                row.bucket = some.randomElement(using: &random)!.bucket
            }
            return row
        }
        let expected = rows.sorted(by: <)
        GeoRow.sort(&rows)
        #expect(rows == expected, "seed \(count)")
        rows = Array(repeating: some[0], count: count)
        GeoRow.sort(&rows)
        #expect(rows == Array(repeating: some[0], count: count))
    }

    @Test func `a page cut inside a row, or with a byte behind the last one, is refused`() throws {
        var random = SeededGenerator(seed: 3)
        for round in 0..<50 {
            let rows = run(6, &random)
            for page in GeoEntry.pages(of: rows, run: 1) {
                let whole = try page.rows()
                var taken: [Int] = []
                for count in 0...page.value.count {
                    let cut = GeoEntry(key: page.key, value: Array(page.value[..<count]))
                    guard let some = try? cut.rows() else { continue }
                    #expect(some == Array(whole.prefix(some.count)), "round \(round), \(count)")
                    taken.append(some.count)
                }
                #expect(taken == Array(1...whole.count), "round \(round)")
                for key in [page.key + [0], Array(page.key.dropLast()), []] {
                    #expect(throws: StoreError.damaged("")) {
                        try GeoEntry(key: key, value: page.value).rows()
                    }
                }
                #expect(throws: StoreError.damaged("")) {
                    try GeoEntry(key: page.key, value: page.value + [0]).rows()
                }
            }
        }
    }

    /// A page's key in a bucket of that grain.
    private func key(_ grain: GeoGrain) -> [UInt8] {
        var key = [UInt8](repeating: 1, count: GeoPage.keyBytes)
        key[0] = grain == .fine ? 0x80 : 0x20
        return key
    }

    private func rows(_ key: [UInt8], _ numbers: [UInt64]) -> [GeoRow]? {
        var writer = ByteWriter()
        for number in numbers { writer.putVarint(number) }
        return try? GeoEntry(key: key, value: writer.bytes).rows()
    }

    @Test(arguments: GeoGrain.allCases)
    func `values no row can have are refused and those at the limits taken`(
        grain: GeoGrain
    ) throws {
        let key = key(grain)
        let end = UInt64(grain.bucketMs)
        func isTaken(_ head: UInt64, _ first: UInt64, _ span: UInt64) -> Bool {
            rows(key, [0, 0, 0, head, first, span]) != nil
        }
        #expect(isTaken(2, 0, 0))
        #expect(isTaken(131_071, 0, end - 1))
        #expect(isTaken(2, end - 1, 0))
        #expect(!isTaken(0, 0, 0))
        #expect(!isTaken(1, 0, 0))
        #expect(!isTaken(131_072, 0, 0))
        #expect(!isTaken(2, end, 0))
        #expect(!isTaken(2, 0, end))
        #expect(!isTaken(2, end - 1, 1))
        for number in [UInt64(1) << 32, 1 << 63, .max] {
            #expect(!isTaken(number, 0, 0) && !isTaken(2, number, 0) && !isTaken(2, 0, number))
        }
    }

    @Test func `riders, ranges and generations beyond their types are refused`() {
        let key = key(.fine)
        let fixes: [UInt64] = [2, 0, 0]
        let top = UInt64(UInt32.max)
        #expect(rows(key, [top, 0, 0] + fixes)?.first?.rider == .max)
        #expect(rows(key, [top, 0, 0] + fixes + [0, 0, 0] + fixes)?.count == 2)
        #expect(rows(key, [top, 0, 0] + fixes + [1, 0, 0] + fixes) == nil)
        #expect(rows(key, [top + 1, 0, 0] + fixes) == nil)
        // −1 and 2^32 − 1 are the same range.
        #expect(rows(key, [0, 1, 0] + fixes)?.first?.range == .max)
        #expect(rows(key, [0, top + 1, 0] + fixes) == nil)
        #expect(rows(key, [0, 0, 2 * 65_535] + fixes)?.first?.generation == .max)
        #expect(rows(key, [0, 0, 2 * 65_536] + fixes) == nil)
        #expect(rows(key, [0, 0, 1] + fixes) == nil)
    }

    @Test func `a row from before there were pages is read`() throws {
        var random = SeededGenerator(seed: 6)
        for round in 0..<300 {
            let row = row(&random)
            var key: [UInt8] = []
            func put(_ value: some FixedWidthInteger) {
                withUnsafeBytes(of: value.bigEndian) { key.append(contentsOf: $0) }
            }
            put(row.bucket)
            put(row.cell)
            put(row.rider)
            put(row.range)
            put(row.generation)
            var value = ByteWriter()
            value.putVarint(UInt64(row.count) << 1 | (row.isAnyFlagged ? 1 : 0))
            value.putVarint(UInt64(row.firstMs))
            value.putVarint(UInt64(row.lastMs - row.firstMs))
            let entry = GeoEntry(key: key, value: value.bytes)
            #expect(try entry.rows() == [row], "round \(round)")
            #expect(key.withUnsafeBytes { GeoPage.run(ofKey: $0) } == nil)
            for bytes in [Array(value.bytes.dropLast()), value.bytes + [0]] {
                #expect(throws: StoreError.damaged("")) {
                    try GeoEntry(key: key, value: bytes).rows()
                }
            }
        }
    }

    @Test(arguments: [(GeoGrain.fine, Int64(300_000)), (.coarse, 86_400_000)])
    func `buckets count down before 1970 and times ascend in them`(
        grain: GeoGrain, length: Int64
    ) {
        var random = SeededGenerator(seed: 4)
        let top = Fix.timeLimitMs - 1
        var times = (0..<500).map { _ in Int64.random(in: -top...top, using: &random) }
        times += [-top, -length - 1, -length, -length + 1, -1, 0, 1, length - 1, length, top]
        for ms in times {
            let (number, offset) = grain.bucket(ms)
            let start = (Int64(number) - grain.bucketOffset) * length
            #expect(start + Int64(offset) == ms, "\(ms)")
            #expect(offset < length, "\(ms)")
            #expect(GeoGrain(bucket: number) == grain, "\(ms)")
        }
    }

    @Test func `a chunk of two hours is told finely and a longer one coarsely`() {
        #expect(GeoGrain(spanMs: 0) == .fine)
        #expect(GeoGrain(spanMs: 7_200_000) == .fine)
        #expect(GeoGrain(spanMs: 7_200_001) == .coarse)
    }
}
