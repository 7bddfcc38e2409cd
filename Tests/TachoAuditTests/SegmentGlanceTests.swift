import Foundation
import TachoCodec
import TachoGeo
import Testing

@testable import TachoAudit

/// Reading a few riders of a segment sees what reading all of it sees.
@Suite struct SegmentGlanceTests {
    private func glance(_ bytes: [UInt8]) throws -> SegmentGlance {
        let source = SegmentSource.memory(bytes)
        let header = try SegmentReader.header(of: source)
        let footer = try SegmentReader.footer(of: source, header)
        let names = try SegmentNames(source, header, footer)
        return try SegmentGlance(source, header, footer, names: names)
    }

    @Test(arguments: UInt64(1)...20)
    func `riders, blocks, fixes and records are those of the whole reader`(seed: UInt64) throws {
        let bytes = try Sample.range(seed: seed, riders: 9, points: 5_000).bytes()
        let (reader, glance) = (try SegmentReader(source: .memory(bytes)), try glance(bytes))
        var buffer: [UInt8] = []
        var ours = ChunkColumns()
        var theirs = ChunkColumns()
        for rider in 0..<reader.riderCount {
            let name = reader.names.name(rider)
            #expect(try glance.names.indexWithPoints(name) == rider, "seed \(seed)")
            #expect(try glance.names.name(rider) == name)
            let blocks = reader.blocks(ofRider: rider)
            #expect(try glance.blocks(ofRider: rider) == blocks, "seed \(seed)")
            for block in blocks {
                #expect(try glance.entry(block) == reader.index[block])
                try reader.readFixes(block: block, buffer: &buffer, into: &theirs)
                try glance.readFixes(block: block, buffer: &buffer, into: &ours)
                #expect(ours.count == theirs.count)
                for i in 0..<ours.count { #expect(ours.at.fix(i) == theirs.at.fix(i)) }
            }
        }
        for name in ["", "a", "rider-", "zz-only-amended", "zzz"] {
            #expect(try glance.names.indexWithPoints(Array(name.utf8)) == nil)
        }
        #expect(try glance.amendmentBlocks() == reader.amendmentBlocks)
        for block in reader.amendmentBlocks {
            #expect(try glance.readRecords(block: block) == (try reader.readRecords(block: block)))
        }
    }

    /// What `reading` says of each damaged copy, by code.
    private func code(_ bytes: [UInt8], rider: Int) -> SegmentError.Code? {
        do {
            let glance = try glance(bytes)
            var buffer: [UInt8] = []
            var fixes = ChunkColumns()
            _ = try glance.names.indexWithPoints(Array("8".utf8))
            for block in try glance.blocks(ofRider: rider) {
                try glance.readFixes(block: block, buffer: &buffer, into: &fixes)
            }
            return nil
        } catch {
            return (error as? SegmentError)?.code
        }
    }

    @Test func `every damaged bit of what is read is found, and no other is looked at`() throws {
        let good = try SegmentSpecTests.example().bytes()
        #expect(code(good, rider: 1) == nil)
        // The other rider's block and the amendments; leaves are read for the root.
        let unread = [192..<265, 326..<446]
        for place in good.indices {
            for bit in 0..<8 {
                var bytes = good
                bytes[place] ^= 1 << bit
                let found = code(bytes, rider: 1) != nil
                let isUnread = unread.contains { $0.contains(place) }
                // The footer's SHA-256 is under its checksum, so it is read.
                #expect(found != isUnread, "byte \(place), bit \(bit)")
            }
        }
    }

    @Test func `a segment cut anywhere is refused`() throws {
        let good = try SegmentSpecTests.example().bytes()
        for count in good.indices {
            #expect(code(Array(good[..<count]), rider: 1) != nil, "cut at \(count)")
        }
    }

    @Test(arguments: UInt64(1)...200)
    func `forged indexes and names never stop the program`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var forgery = try Forgery(Sample.range(seed: seed % 5, riders: 5, points: 30).bytes())
        let start = Int(try footer(forgery.bytes).indexOffset)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let end = forgery.bytes.count - FooterLayout.byteCount
            let place = Int.random(in: start..<end, using: &random)
            forgery.bytes[place] = UInt8.random(in: 0...255, using: &random)
        }
        try reseal(&forgery.bytes)
        for rider in 0..<5 { _ = code(forgery.bytes, rider: rider) }
    }

    private func footer(_ bytes: [UInt8]) throws -> SegmentFooter {
        let source = SegmentSource.memory(bytes)
        return try SegmentReader.footer(of: source, try SegmentReader.header(of: source))
    }

    /// Makes the checksums of index and names right again.
    private func reseal(_ bytes: inout [UInt8]) throws {
        let footer = try footer(bytes)
        let sections = [
            Int(footer.indexOffset)..<Int(footer.namesOffset),
            Int(footer.namesOffset)..<Int(footer.offset),
        ]
        for section in sections {
            let body = section.lowerBound..<section.upperBound - 4
            let crc = bytes[body].withUnsafeBytes { CRC32C.checksum($0) }
            withUnsafeBytes(of: crc.littleEndian) {
                bytes.replaceSubrange(body.upperBound..<section.upperBound, with: $0)
            }
        }
    }
}
