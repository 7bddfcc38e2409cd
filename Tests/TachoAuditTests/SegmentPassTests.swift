import Synchronization
import Testing

@testable import TachoAudit

/// A check reads each byte once, in pieces that blocks do not know of.
@Suite struct SegmentPassTests {
    /// Some MiB: blocks lie across the borders of pieces.
    private static let good: [UInt8] = {
        let bytes = try! Sample.range(seed: 91, riders: 40, points: 9_000).bytes()
        precondition(bytes.count > 2 * SegmentSource.pieceBytes)
        return bytes
    }()

    private func check(
        _ bytes: [UInt8], deep: Bool = false
    ) throws -> [(codes: [SegmentError.Code], blocks: [Int?], sha256: [UInt8])] {
        let directory = try TemporaryDirectory()
        try directory.write(bytes, as: 1)
        return [
            SegmentCheck.run(.memory(bytes), deep: deep),
            SegmentCheck.run(.memory(bytes), deep: deep, hashesBeside: true),
            SegmentCheck.run(try SegmentSource(path: directory.segment(1)), deep: deep),
            SegmentCheck.run(
                try SegmentSource(path: directory.segment(1)), deep: deep, hashesBeside: true),
        ].map { ($0.findings.map(\.code), $0.findings.map(\.block), $0.sha256) }
    }

    @Test(arguments: [false, true])
    func `a segment of many pieces is sound and has its hash, also hashed beside`(
        deep: Bool
    ) throws {
        let hash = Self.good.withUnsafeBytes { Digest.of($0) }
        for one in try check(Self.good, deep: deep) {
            #expect(one.codes == [])
            #expect(one.sha256 == hash)
        }
    }

    @Test func `a bit is found in blocks that lie in two pieces`() throws {
        let index = try SegmentReader(source: .memory(Self.good)).index
        let piece = UInt64(SegmentSource.pieceBytes)
        let across = index.indices.filter {
            index[$0].bytes.contains(piece) || index[$0].bytes.contains(2 * piece)
        }
        #expect(across.count == 2)
        for block in [0] + across + [index.count - 1] {
            for place in [index[block].bytes.lowerBound + 40, index[block].bytes.upperBound - 1] {
                var bytes = Self.good
                bytes[Int(place)] ^= 1
                let hash = bytes.withUnsafeBytes { Digest.of($0) }
                for one in try check(bytes) {
                    #expect(one.codes == [.blockChecksum])
                    #expect(one.blocks == [block])
                    #expect(one.sha256 == hash)
                }
            }
        }
    }

    @Test func `without a footer the blocks are found from each other, piece by piece`() throws {
        var bytes = Self.good
        let index = try SegmentReader(source: .memory(bytes)).index
        bytes[bytes.count - FooterLayout.byteCount + 3] ^= 1
        bytes[Int(index[index.count - 2].offset) + 50] ^= 1
        let hash = bytes.withUnsafeBytes { Digest.of($0) }
        for one in try check(bytes) {
            #expect(one.codes == [.footerChecksum, .blockChecksum])
            #expect(one.blocks == [nil, index.count - 2])
            #expect(one.sha256 == hash)
        }
    }

    /// A header that only the file's hash gives away, which is set right while the file is read.
    @Test(arguments: 1...9)
    func `a file that changes while it is read does not pass`(read: Int) throws {
        let directory = try TemporaryDirectory()
        let good = try Sample.range(seed: 92, riders: 3, points: 50).bytes()
        var forgery = try Forgery(good)
        forgery.header(HeaderLayout.ruleSet, UInt16(99))
        let footer = good.count - FooterLayout.byteCount
        try directory.write(Array(forgery.bytes[..<footer]) + Array(good[footer...]), as: 1)
        let path = directory.segment(1)
        let reads = Mutex(0)
        let file = try AuditFile(path: path) {
            let count = reads.withLock { count in
                count += 1
                return count
            }
            if count == read + 1 { try! FileBytes.write(good, path) }
            return true
        }
        let report = SegmentCheck.run(.file(file), deep: false)
        #expect(report.header?.interval.ruleSet == 99)
        #expect(report.findings.map(\.code) == [.fileHash])
    }

    @Test func `a file that cannot be read any more is told first, then what it costs`() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.good, as: 1)
        let reads = Mutex(0)
        let file = try AuditFile(path: directory.segment(1)) {
            reads.withLock { count in
                count += 1
                // Both ends, three sections, one piece.
                return count <= 6
            }
        }
        let index = try SegmentReader(source: .memory(Self.good)).index
        let unread = index.count { $0.bytes.upperBound > UInt64(SegmentSource.pieceBytes) }
        for beside in [false, true] {
            reads.withLock { $0 = 0 }
            let report = SegmentCheck.run(.file(file), deep: false, hashesBeside: beside)
            #expect(Set(report.findings.map(\.code)) == [.inputOutput])
            #expect(report.findings.count == 1 + unread)
            #expect(report.sha256 == [] && report.root == [])
        }
    }
}
