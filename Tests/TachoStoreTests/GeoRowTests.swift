import TachoCodec
import TachoGeo
import Testing

@testable import TachoStore

extension GeoRow {
    func bytes() -> (key: [UInt8], value: [UInt8]) {
        var room = [UInt8](repeating: 0xEE, count: GeoRow.keyBytes + GeoRow.maxValueBytes)
        let count = room.withUnsafeMutableBytes { write(to: $0.baseAddress!) }
        return (
            Array(room[..<GeoRow.keyBytes]), Array(room[GeoRow.keyBytes..<GeoRow.keyBytes + count])
        )
    }

    init(key: [UInt8], value: [UInt8]) throws(StoreError) {
        let result = key.withUnsafeBytes { k in
            value.withUnsafeBytes { v in
                Result { () throws(StoreError) in try GeoRow(key: k, value: v) }
            }
        }
        self = try result.get()
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

    @Test func `a row reads back as it was written`() throws {
        var random = SeededGenerator(seed: 1)
        for round in 0..<3_000 {
            let row = row(&random)
            let (key, value) = row.bytes()
            #expect(value.count >= 3 && value.count <= GeoRow.maxValueBytes, "round \(round)")
            #expect(try GeoRow(key: key, value: value) == row, "round \(round)")
        }
    }

    @Test func `the order of rows is the order of their keys`() {
        var random = SeededGenerator(seed: 2)
        var rows = (0..<300).map { _ in row(&random) }
        for a in rows {
            for b in rows {
                let byKey = a.bytes().key.lexicographicallyPrecedes(b.bytes().key)
                #expect((a < b) == byKey, "\(a) and \(b)")
            }
        }
        GeoRow.sort(&rows)
        let keys = rows.map { $0.bytes().key }
        #expect(
            zip(keys, keys.dropFirst()).allSatisfy { a, b in !b.lexicographicallyPrecedes(a) })
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

    @Test func `a row cut anywhere or longer than it says is refused`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<50 {
            let (key, value) = row(&random).bytes()
            for count in 0..<key.count {
                #expect(throws: StoreError.damaged("")) {
                    try GeoRow(key: Array(key[..<count]), value: value)
                }
            }
            for count in 0..<value.count {
                #expect(throws: StoreError.damaged("")) {
                    try GeoRow(key: key, value: Array(value[..<count]))
                }
            }
            #expect(throws: StoreError.damaged("")) { try GeoRow(key: key + [0], value: value) }
            #expect(throws: StoreError.damaged("")) { try GeoRow(key: key, value: value + [0]) }
        }
    }

    @Test(arguments: GeoGrain.allCases)
    func `values no row can have are refused and those at the limits taken`(
        grain: GeoGrain
    ) throws {
        var key = [UInt8](repeating: 1, count: GeoRow.keyBytes)
        key[0] = grain == .fine ? 0x80 : 0x20
        let end = UInt64(grain.bucketMs)
        func isTaken(_ head: UInt64, _ first: UInt64, _ span: UInt64) -> Bool {
            var writer = ByteWriter()
            for number in [head, first, span] { writer.putVarint(number) }
            return (try? GeoRow(key: key, value: writer.bytes)) != nil
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
