import Foundation
import Testing

@testable import TachoAudit

/// A sealed segment of at least 64 KiB and what verification says about every way to change it.
/// With TACHO_FULL=1 every single bit is flipped; otherwise one bit of every byte and a sample.
@Suite struct SegmentDamageTests {
    static let isFull = ProcessInfo.processInfo.environment["TACHO_FULL"] == "1"

    static let good: [UInt8] = {
        var riders = 8
        while true {
            let bytes = try! Sample.range(seed: 77, riders: riders, points: 300).bytes()
            if bytes.count >= 65_536 { return bytes }
            riders += 1
        }
    }()

    @Test func `every flipped bit is found`() {
        var bytes = Self.good
        #expect(bytes.count >= 65_536 && bytes.count < 80_000)
        #expect(SegmentCheck.run(.memory(bytes), deep: false).isSound)
        var missed: [Int] = []
        func flip(_ bit: Int) {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if SegmentCheck.run(.memory(bytes), deep: false).isSound { missed.append(bit) }
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        let seed: UInt64 = 4_711
        var random = SeededRandom(seed: seed)
        if Self.isFull {
            for bit in 0..<bytes.count * 8 { flip(bit) }
        } else {
            for byte in bytes.indices { flip(byte * 8 + Int.random(in: 0..<8, using: &random)) }
            for _ in 0..<20_000 { flip(Int.random(in: 0..<bytes.count * 8, using: &random)) }
        }
        #expect(missed == [], "seed \(seed)")
        #expect(SegmentCheck.run(.memory(bytes), deep: false).isSound)
    }

    @Test func `every flipped bit outside the payloads is found, each by its own refusal`() throws {
        var bytes = Self.good
        let reader = try SegmentReader(source: .memory(bytes))
        let last = reader.index[reader.index.count - 1].bytes.upperBound
        var counts: [String: Int] = [:]
        let places =
            Array(0..<HeaderLayout.byteCount + BlockLayout.byteCount)
            + Array(Int(last)..<bytes.count)
        for bit in places.flatMap({ $0 * 8..<$0 * 8 + 8 }) {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let report = SegmentCheck.run(.memory(bytes), deep: false)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(report.findings.first?.exit == .damage, "bit \(bit)")
            counts[report.findings.first?.code.rawValue ?? "none", default: 0] += 1
        }
        let expected: Set<String> = [
            "not_a_segment", "versions_disagree", "header_checksum", "block_header",
            "block_checksum", "leaves_checksum", "index_checksum", "names_checksum",
            "footer_checksum", "footer_magic",
        ]
        #expect(Set(counts.keys) == expected)
    }

    @Test func `every truncation is found and called a cut`() {
        let bytes = Self.good
        for count in bytes.indices {
            let report = SegmentCheck.run(.memory(Array(bytes[..<count])), deep: false)
            let code = count < HeaderLayout.byteCount ? SegmentError.Code.cutHeader : .cut
            #expect(report.findings.map(\.code) == [code], "cut to \(count) bytes")
            #expect(report.findings.first?.exit == .incomplete, "cut to \(count) bytes")
        }
    }

    @Test func `readers refuse every cut without a crash`() throws {
        let bytes = try Sample.range(seed: 3, riders: 2, points: 20).bytes()
        for count in bytes.indices {
            #expect(throws: SegmentError.self, "cut to \(count) bytes") {
                try SegmentReader(source: .memory(Array(bytes[..<count])))
            }
        }
    }

    @Test func `bytes behind the end are found`() {
        let report = SegmentCheck.run(.memory(Self.good + [0]), deep: false)
        #expect(report.findings.map(\.code) == [.trailingBytes])
    }

    @Test func `two exchanged blocks of equal length are found by their place`() throws {
        // Two riders with the same fixes: their blocks differ in rider and place only.
        var random = SeededRandom(seed: 9)
        let drive = Sample.drive(50, &random)
        let range = SampleRange(
            interval: Sample.interval(1...100), delivered: ["a": drive, "b": drive])
        var bytes = try range.bytes()
        let index = try SegmentReader(source: .memory(bytes)).index
        #expect(index[0].storedBytes == index[1].storedBytes)
        let first = Array(bytes[Int(index[0].offset)..<Int(index[0].bytes.upperBound)])
        let second = Array(bytes[Int(index[1].offset)..<Int(index[1].bytes.upperBound)])
        bytes.replaceSubrange(
            Int(index[0].offset)..<Int(index[1].bytes.upperBound), with: second + first)
        let report = SegmentCheck.run(.memory(bytes), deep: false)
        #expect(report.findings.map(\.code) == [.blockChecksum, .blockChecksum])
        #expect(report.findings.map(\.block) == [0, 1])
        #expect(report.findings[1].bytes == index[1].bytes)
    }

    @Test func `checking goes on after a broken block`() throws {
        var bytes = Self.good
        let index = try SegmentReader(source: .memory(bytes)).index
        for block in [0, 2, 5] { bytes[Int(index[block].offset) + 30] ^= 1 }
        let report = SegmentCheck.run(.memory(bytes), deep: false)
        #expect(report.findings.map(\.block) == [0, 2, 5])
        let message = report.findings[1].message(file: "00000001.seg")
        let range = index[2].bytes
        #expect(
            message.hasPrefix(
                "00000001.seg: block 2: bytes \(range.lowerBound)-\(range.upperBound): "))
    }

    @Test func `blocks are still checked when index or footer are broken`() throws {
        let good = Self.good
        let reader = try SegmentReader(source: .memory(good))
        let blocksEnd = Int(reader.index[reader.index.count - 1].bytes.upperBound)
        let indexStart = blocksEnd + reader.index.count * 32 + 4
        for place in [indexStart + 5, good.count - FooterLayout.byteCount + 3] {
            var bytes = good
            bytes[place] ^= 1
            bytes[Int(reader.index[3].offset) + 40] ^= 1
            let report = SegmentCheck.run(.memory(bytes), deep: false)
            #expect(report.findings.count == 2)
            #expect(report.findings.last?.block == 3)
        }
    }
}
