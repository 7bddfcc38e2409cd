/// A second reading of a packed batch, byte by byte from the page of formats (§13), without anything
/// of the server's reader but the names of its refusals.
struct PackedFrame {
    let frame: UnsafeRawBufferPointer
    private(set) var count = 0
    private(set) var defect: PackedDefect?
    private var riders = 0

    init(_ frame: UnsafeRawBufferPointer) {
        self.frame = frame
        defect = structure()
    }

    private mutating func structure() -> PackedDefect? {
        guard frame.count >= 12, frame[..<4].elementsEqual("TPUT".utf8) else { return .notPacked }
        if frame[4] != 0 { return .version(frame[4]) }
        if frame[5] != 0 { return .flags(frame[5]) }
        riders = Int(frame[6]) | Int(frame[7]) << 8
        count = Int(number(8, bytes: 4))
        var size = 12 + 36 * count + riders
        if size <= frame.count {
            for rider in 0..<riders { size += Int(frame[12 + 36 * count + rider]) }
        }
        if size != frame.count { return .length(expected: size, found: frame.count) }
        for row in 0..<count {
            if frame[12 + 36 * row + 33] != 0 { return .rowByte(row: row) }
            if rider(row) >= riders { return .rider(row: row) }
        }
        return nil
    }

    private func number(_ offset: Int, bytes: Int) -> UInt64 {
        var value: UInt64 = 0
        for byte in 0..<bytes { value |= UInt64(frame[offset + byte]) << UInt64(8 * byte) }
        return value
    }

    private func int32(_ row: Int, _ offset: Int) -> Int64 {
        Int64(Int32(bitPattern: UInt32(number(12 + 36 * row + offset, bytes: 4))))
    }

    private func ts(_ row: Int) -> Int64 {
        Int64(bitPattern: number(12 + 36 * row, bytes: 8))
    }

    private func rider(_ row: Int) -> Int { Int(number(12 + 36 * row + 34, bytes: 2)) }

    func name(_ row: Int) -> UnsafeRawBufferPointer {
        let lengths = 12 + 36 * count
        var start = lengths + riders
        for rider in 0..<rider(row) { start += Int(frame[lengths + rider]) }
        let end = start + Int(frame[lengths + rider(row)])
        return UnsafeRawBufferPointer(rebasing: frame[start..<end])
    }

    func malformed(_ row: Int) -> Malformed? {
        let (ts, limit) = (ts(row), Int64(1) << 47)
        if ts <= -limit || ts >= limit { return .tsOutOfRange }
        if !(-900_000_000...900_000_000).contains(int32(row, 8)) { return .latOutOfRange }
        if !(-1_800_000_000...1_800_000_000).contains(int32(row, 12)) { return .lonOutOfRange }
        return nil
    }

    func fix(_ row: Int) -> (Fix, isDropped: Bool) {
        var isDropped = false
        func field(_ offset: Int, _ range: ClosedRange<Int64>) -> Int32 {
            let value = int32(row, offset)
            if range.contains(value) { return Int32(value) }
            if value != Int64(Int32.min) { isDropped = true }
            return Int32.min
        }
        var fix = Fix(tsMs: ts(row), latE7: Int32(int32(row, 8)), lonE7: Int32(int32(row, 12)))
        fix.speedCms = field(16, 0...100_000)
        fix.headingCdeg = field(20, 0...36_000)
        if fix.headingCdeg == 36_000 && !Planted.keepsFullCircle { fix.headingCdeg = 0 }
        fix.accuracyDm = field(24, 0...1_000_000)
        fix.altitudeDm = field(28, -200_000...1_000_000)
        if let source = FixSource(rawValue: frame[12 + 36 * row + 32]) {
            fix.source = source
        } else {
            isDropped = true
        }
        return (fix, isDropped)
    }
}
