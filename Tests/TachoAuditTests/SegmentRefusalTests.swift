import TachoGeo
import Testing

@testable import TachoAudit

/// Every refusal has its case here: segments whose checksums are right and whose content is not.
@Suite struct SegmentRefusalTests {
    private static let good: [UInt8] = {
        var random = SeededRandom(seed: 21)
        var range = SampleRange(
            interval: Sample.interval(1...24),
            delivered: ["anna": Sample.drive(10, &random), "bert": Sample.drive(10, &random)])
        range.records = [
            ("anna", Sample.amendment(Sample.startMs, 0, 1, &random)),
            ("carl", Sample.amendment(Sample.startMs, 1, 2, &random)),
            ("", .acceptedLoss(21...24, ruleSet: 3)),
        ]
        return try! range.bytes()
    }()

    private func codes(
        deep: Bool = false, _ change: (inout Forgery) -> Void
    ) throws -> [SegmentError.Code] {
        var forgery = try Forgery(Self.good)
        change(&forgery)
        return SegmentCheck.run(.memory(forgery.bytes), deep: deep).findings.map(\.code)
    }

    @Test func `a forgery that changes nothing is sound`() throws {
        #expect(try codes(deep: true) { $0.header(HeaderLayout.points, UInt64(20)) } == [])
        #expect(try codes(deep: true) { $0.record(0, AmendmentLayout.kind, UInt8(1)) } == [])
    }

    @Test func `a file that is something else is refused`() {
        let text = Array(String(repeating: "rider,ts_ms,lat,lon\n", count: 50).utf8)
        let report = SegmentCheck.run(.memory(text), deep: false)
        #expect(report.findings.map(\.code) == [.notASegment])
        #expect(report.header == nil)
    }

    @Test func `an unknown major version is refused as unknown`() throws {
        let codes = try codes {
            $0.header(HeaderLayout.major, UInt16(2))
            $0.put(UInt16(2), FooterLayout.major, at: $0.bytes.count - FooterLayout.byteCount)
        }
        #expect(codes == [.unknownVersion])
        #expect(SegmentError(.unknownVersion, "").exit == .unknownVersion)
    }

    @Test func `a version that only one end states is damage`() throws {
        #expect(try codes { $0.header(HeaderLayout.major, UInt16(2)) } == [.versionsDisagree])
        #expect(try codes { $0.header(HeaderLayout.major, UInt16(0)) } == [.versionsDisagree])
    }

    @Test func `a block under another rider's name is found by its leaf`() throws {
        // "anna" becomes "Anna", and the table is still in order: only leaves can tell.
        let bytes = Self.good
        let names = try SegmentReader(source: .memory(bytes)).names
        let table = Int(names.count) * 4
        let codes = try codes { $0.name(byte: table, UInt8(ascii: "A")) }
        #expect(Set(codes) == [.blockLeaf])
        #expect(codes.count == 2, "anna's fixes, and the amendments that name anna")
    }

    @Test func `a segment of format 1 that says it is of format 0 is refused`() throws {
        let codes = try codes {
            $0.put(UInt16(0), FooterLayout.major, at: $0.bytes.count - FooterLayout.byteCount)
            $0.header(HeaderLayout.major, UInt16(0))
        }
        #expect(Set(codes) == [.blockLeaf])
    }

    @Test func `an unknown minor version is read, also with reserved bytes in use`() throws {
        let codes = try codes(deep: true) {
            $0.put(UInt16(5), FooterLayout.minor, at: $0.bytes.count - FooterLayout.byteCount)
            $0.put(UInt16(9), HeaderLayout.reserved1, at: 0)
            $0.header(HeaderLayout.minor, UInt16(5))
        }
        #expect(codes == [])
    }

    @Test(arguments: [
        HeaderLayout.blockChecksum, HeaderLayout.hash, HeaderLayout.tree, HeaderLayout.encryption,
    ])
    func `an unknown algorithm is refused as unknown`(field: Field) throws {
        #expect(try codes { $0.header(field, UInt8(9)) } == [.unknownAlgorithm])
        #expect(SegmentError(.unknownAlgorithm, "").exit == .unknownVersion)
    }

    @Test func `reserved bytes in use are refused`() throws {
        #expect(try codes { $0.header(HeaderLayout.reserved1, UInt16(1)) } == [.reservedNotZero])
        #expect(try codes { $0.header(HeaderLayout.reserved2, UInt32(1)) } == [.reservedNotZero])
        #expect(try codes { $0.footerByte(FooterLayout.reserved) } == [.reservedNotZero])
    }

    @Test func `an impossible header is refused`() throws {
        typealias L = HeaderLayout
        #expect(try codes { $0.header(L.segmentID, UInt64(0)) } == [.headerContent])
        #expect(try codes { $0.header(L.lastSequence, UInt64(0)) } == [.headerContent])
        #expect(try codes { $0.header(L.lastSequence, UInt64.max) } == [.headerContent])
        #expect(try codes { $0.header(L.minTsMs, Int64.max) } == [.headerContent])
        #expect(try codes { $0.header(L.maxRecvMs, Int64.min) } == [.headerContent])
        #expect(try codes { $0.header(L.blocks, UInt32(0)) } == [.headerContent])
        #expect(try codes { $0.header(L.riders, UInt32.max) } == [.headerContent])
        #expect(try codes { $0.header(L.otherRiders, UInt32.max) } == [.headerContent])
        #expect(try codes { $0.header(L.fileBytes, UInt64(0)) } == [.headerContent])
        let other = [UInt8](repeating: 1, count: 32)
        #expect(try codes { $0.header(L.previousSHA256, other) } == [.headerContent])
    }

    @Test func `sections that do not fill the file are refused`() throws {
        typealias L = FooterLayout
        #expect(try codes { $0.footer(L.leavesOffset, UInt64(0)) } == [.footerContent])
        #expect(try codes { $0.footer(L.indexOffset, UInt64.max) } == [.footerContent])
        #expect(try codes { $0.footer(L.namesOffset, UInt64(193)) } == [.footerContent])
        #expect(try codes { $0.footer(L.fileBytes, UInt64(1)) } == [.footerContent])
        let huge = try codes { $0.header(HeaderLayout.blocks, UInt32(1 << 31)) }
        #expect(huge.first == .footerContent)
    }

    @Test func `an impossible index is refused`() throws {
        typealias L = IndexLayout
        #expect(try codes { $0.index(0, L.kind, UInt8(7)) } == [.indexContent])
        #expect(try codes { $0.index(0, L.codec, UInt8(7)) } == [.indexContent])
        #expect(try codes { $0.index(0, L.count, UInt16(0)) } == [.indexContent])
        #expect(try codes { $0.index(0, L.count, UInt16(4_097)) } == [.indexContent])
        #expect(try codes { $0.index(0, L.reserved, UInt32(1)) } == [.indexContent])
        #expect(try codes { $0.index(0, L.storedBytes, UInt32(3)) } == [.indexContent])
        #expect(try codes { $0.index(0, L.storedBytes, UInt32.max) } == [.indexContent])
        #expect(try codes { $0.index(0, L.offset, UInt64(0)) } == [.indexContent])
        #expect(try codes { $0.index(1, L.rider, UInt32(2)) } == [.indexContent])
        #expect(try codes { $0.index(1, L.rider, UInt32(0)) } == [.indexContent])
        #expect(try codes { $0.index(2, L.rider, UInt32(0)) } == [.indexContent])
        #expect(try codes { $0.index(0, L.minTsMs, Int64.max) } == [.indexContent])
    }

    @Test func `impossible names are refused`() throws {
        // Three names of 4 bytes: ends 4, 8, 12, then the text.
        #expect(try codes { $0.name(byte: 0, 0) } == [.namesContent])
        #expect(try codes { $0.name(byte: 0, 200) } == [.namesContent])
        #expect(try codes { $0.name(byte: 8, 11) } == [.namesContent])
        #expect(try codes { $0.name(byte: 12, 0x0A) } == [.namesContent])
        #expect(try codes { $0.name(byte: 12, UInt8(ascii: "z")) } == [.namesContent])
        let twice = try codes {
            for (place, byte) in "bert".utf8.enumerated() { $0.name(byte: 20 + place, byte) }
        }
        #expect(twice == [.namesContent])
    }

    @Test func `a block that is not that of its index entry is refused`() throws {
        #expect(try codes { $0.index(0, IndexLayout.count, UInt16(9)) } == [.blockHeader])
        let rider = try codes { $0.block(0, offset: BlockLayout.rider.offset, [1]) }
        #expect(rider == [.blockHeader])
    }

    @Test func `an impossible block header is refused`() throws {
        typealias L = BlockLayout
        for (field, byte) in [
            (L.magic, 0), (L.kind, 3), (L.codec, 9), (L.count, 0), (L.payloadBytes, 1),
            (L.reserved, 1),
        ] as [(Field, UInt8)] {
            let codes = try codes { $0.block(1, offset: field.offset, [byte]) }
            #expect(codes == [.blockHeader], "\(field.name)")
        }
    }

    @Test func `a block that is not that of its leaf is refused`() throws {
        #expect(try codes { $0.leaf(1) } == [.blockLeaf])
    }

    @Test func `a root that is not the head over the leaves is refused`() throws {
        #expect(try codes { $0.footerByte(FooterLayout.root) } == [.root])
    }

    @Test func `columns that do not decode are found by a deep check`() throws {
        let change: (inout Forgery) -> Void = {
            $0.block(0, offset: BlockLayout.byteCount, [UInt8](repeating: 0xFF, count: 12))
        }
        #expect(try codes(change) == [])
        let deep = try codes(deep: true, change)
        #expect(deep == [.blockColumns] || deep == [.unknownAlgorithm])
    }

    @Test func `times that are not those of the index are found by a deep check`() throws {
        let codes = try codes(deep: true) {
            let entry = $0.index[0]
            $0.index(0, IndexLayout.maxTsMs, entry.tsBounds.maxMs + 1)
        }
        #expect(codes == [.blockOrder])
    }

    @Test func `times of amendments that are not those of the index are found`() throws {
        let codes = try codes { $0.index(2, IndexLayout.minTsMs, Sample.startMs - 1) }
        #expect(codes == [.blockOrder])
    }

    @Test func `a block of a rider after one that is not full is refused`() throws {
        // Both riders become one: block 1 follows block 0, which has 10 fixes.
        let codes = try codes {
            $0.index(1, IndexLayout.minTsMs, $0.index[0].tsBounds.maxMs)
            $0.index(1, IndexLayout.maxTsMs, Int64.max)
            $0.index(1, IndexLayout.rider, UInt32(0))
        }
        #expect(codes == [.indexContent])
    }

    @Test func `receipt times that are not those of the header are found by a deep check`() throws {
        let change: (inout Forgery) -> Void = { $0.header(HeaderLayout.minRecvMs, Int64(5)) }
        #expect(try codes(change) == [])
        #expect(try codes(deep: true, change) == [.counts])
    }

    @Test func `impossible records are refused`() throws {
        typealias L = AmendmentLayout
        #expect(try codes { $0.record(0, L.kind, UInt8(9)) } == [.amendment])
        #expect(try codes { $0.record(0, L.cause, UInt8(9)) } == [.amendment])
        #expect(try codes { $0.record(0, L.cause, UInt8(3)) } == [.amendment])
        #expect(try codes { $0.record(0, L.effect, UInt8(4)) } == [.amendment])
        #expect(try codes { $0.record(0, L.flags, UInt8(2)) } == [.amendment])
        #expect(try codes { $0.record(0, L.rider, UInt32(3)) } == [.amendment])
        #expect(try codes { $0.record(0, L.rider, UInt32.max) } == [.amendment])
        #expect(try codes { $0.record(0, L.reserved, UInt32(1)) } == [.amendment])
        #expect(try codes { $0.record(0, L.firstSequence, UInt64(0)) } == [.amendment])
        #expect(try codes { $0.record(0, L.lastSequence, UInt64(2)) } == [.amendment])
        #expect(try codes { $0.record(2, L.lastSequence, UInt64(25)) } == [.amendment])
        #expect(try codes { $0.record(2, L.lastSequence, UInt64(20)) } == [.amendment])
        #expect(try codes { $0.record(2, L.codes, UInt64(1)) } == [.amendment])
        #expect(try codes { $0.record(2, L.cause, UInt8(1)) } == [.amendment])
        #expect(try codes { $0.record(2, L.rider, UInt32(0)) } == [.amendment])
    }

    @Test func `counts that are not those of the header are refused`() throws {
        #expect(try codes { $0.header(HeaderLayout.points, UInt64(21)) } == [.counts])
        #expect(try codes { $0.header(HeaderLayout.amendments, UInt64(4)) } == [.counts])
        #expect(try codes { $0.header(HeaderLayout.lostPoints, UInt64(3)) } == [.counts])
        #expect(try codes { $0.header(HeaderLayout.minTsMs, Int64(3)) } == [.counts])
    }

    @Test func `an interval that points and losses do not fill is a gap`() throws {
        let codes = try codes { $0.header(HeaderLayout.lastSequence, UInt64(25)) }
        #expect(codes == [.sequenceGap])
        #expect(SegmentError(.sequenceGap, "").exit == .incomplete)
    }

    @Test func `errors are equal by code`() {
        #expect(SegmentError(.cut, "a", block: 1) == SegmentError(.cut, "b"))
        #expect(SegmentError(.cut, "a") != SegmentError(.counts, "a"))
    }

    @Test func `blocks and records cut at every byte are refused`() throws {
        let reader = try SegmentReader(source: .memory(Self.good))
        for (block, entry) in reader.index.enumerated() {
            let location = BlockLocation(segmentID: 1, block: block, offset: entry.offset)
            let stored = Array(Self.good[Int(entry.offset)..<Int(entry.bytes.upperBound)])
            for count in stored.indices {
                #expect(throws: SegmentError(.blockHeader, ""), "\(count) bytes of \(block)") {
                    try stored[..<count].withUnsafeBytes {
                        _ = try StoredBlock.check($0, at: location)
                    }
                }
            }
        }
    }
}
