import Foundation
import TachoStore
import Testing

struct WatermarkTests {
    private let path = NSTemporaryDirectory() + "tacho-watermark-" + UUID().uuidString

    @Test func `a mark reads back equal`() {
        let mark = Watermark(
            counter: 7, group: 1 << 40, nextSequence: 99, hash: 0xFEED, isClean: true)
        #expect(mark.encoded().count == Watermark.byteCount)
        #expect(mark.encoded().withUnsafeBytes { Watermark($0) } == mark)
    }

    @Test func `a mark with any bit turned is none`() {
        let bytes = Watermark(counter: 7, group: 5, nextSequence: 99, hash: 3).encoded()
        for bit in 0..<bytes.count * 8 {
            var bad = bytes
            bad[bit / 8] ^= 1 << (bit % 8)
            #expect(bad.withUnsafeBytes { Watermark($0) } == nil, "bit \(bit)")
        }
        for count in 0..<bytes.count {
            #expect(Array(bytes[..<count]).withUnsafeBytes { Watermark($0) } == nil)
        }
    }

    @Test func `writes go to the slots in turn and the newer valid one counts`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try WatermarkFile.open(path, create: true)
        for group in 1...5 {
            try file.advance(to: Watermark(group: UInt64(group), nextSequence: 10))
        }
        #expect(try WatermarkFile.open(path, create: false).current.group == 5)
        // The newest slot is torn: the one before is still good.
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(bytes.count == 2 * WatermarkFile.blockBytes)
        bytes[WatermarkFile.blockBytes * (5 % 2) + 20] ^= 0xFF
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(try WatermarkFile.open(path, create: false).current.group == 4)
    }

    @Test func `without a valid slot or a file it is damage`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: StoreError.damaged("")) { try WatermarkFile.open(path, create: false) }
        try Data(repeating: 0, count: 8192).write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.damaged("")) { try WatermarkFile.open(path, create: false) }
    }
}
