import FormatSpec
import TachoStore
import Testing

/// References to segments against the table and the example of `format-spec.md` §6.1, and against
/// damaged bytes.
struct SegmentReferenceTests {
    private static let example = SegmentReference(
        block: 12, offset: 123_456, storedBytes: 9_876, blockCount: 1_200, fixes: 240..<495,
        lastMs: 1_767_229_199_000, leaf: Array(0..<32))

    private func read(_ bytes: [UInt8]) throws(StoreError) -> SegmentReference {
        try bytes.withUnsafeBytes { raw in
            Result { () throws(StoreError) in try SegmentReference.read(raw) }
        }.get()
    }

    @Test func `the table of a reference adds up to its size`() throws {
        var next = 0
        for row in try SpecPage(subsection: "6.1").rows("offset | size") {
            #expect(Int(row[0]) == next, "\(row)")
            next += try #require(Int(row[1]))
            if row[2] != "bytes" { #expect(Int(row[2].dropFirst())! == Int(row[1])! * 8) }
        }
        #expect(next == SegmentReference.byteCount)
    }

    @Test func `the example of the page is the reference it describes`() throws {
        let bytes = try SpecPage(section: 6).hex()
        #expect(Self.example.encoded() == bytes)
        #expect(try read(bytes) == Self.example)
        let last = try bytes.withUnsafeBytes { try SegmentReference.lastMs($0) }
        #expect(last == Self.example.lastMs)
    }

    @Test func `fields that are as large as they may be come back`() throws {
        let large = SegmentReference(
            block: .max, offset: .max, storedBytes: .max, blockCount: .max, fixes: 65_534..<65_535,
            lastMs: -140_737_488_355_327, leaf: Array(repeating: 0xFF, count: 32))
        #expect(try read(large.encoded()) == large)
    }

    @Test func `a reference that was cut, grew or has a bit turned is refused`() throws {
        let bytes = Self.example.encoded()
        for count in 0..<bytes.count {
            #expect(throws: StoreError.damaged("")) { try read(Array(bytes[..<count])) }
        }
        #expect(throws: StoreError.damaged("")) { try read(bytes + [0]) }
        for bit in 0..<bytes.count * 8 {
            var broken = bytes
            broken[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: StoreError.damaged(""), "bit \(bit)") { try read(broken) }
        }
    }

    @Test func `fixes beyond the block, or none, are refused`() {
        for fixes in [0..<0, 1_000..<1_201] {
            var broken = Self.example
            broken.fixes = fixes
            #expect(throws: StoreError.damaged("")) { try read(broken.encoded()) }
        }
    }

    @Test func `a chunk is not taken for a reference, nor one for the other`() {
        #expect(Self.example.encoded().withUnsafeBytes { SegmentReference.isOne($0) })
        for bytes in [Array("TCHK".utf8), [], Array("TRE".utf8)] {
            #expect(!bytes.withUnsafeBytes { SegmentReference.isOne($0) })
        }
    }

    @Test func `rows of retired ranges sort by range`() {
        let keys = [UInt32(1), 2, 255, 256, .max].map { Keys.retired($0) }
        for index in 1..<keys.count {
            #expect(keys[index - 1].lexicographicallyPrecedes(keys[index]))
        }
        #expect(keys[0] == Array("retired/".utf8) + [0, 0, 0, 1])
    }
}
