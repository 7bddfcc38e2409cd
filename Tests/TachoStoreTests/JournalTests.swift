import Foundation
import TachoCodec
import TachoGeo
import Testing

@testable import TachoStore

@Suite(.serialized)
struct JournalTests {
    private func bytes(_ count: Int, _ value: UInt8 = 7) -> [UInt8] {
        [UInt8](repeating: value, count: count)
    }

    @Test func `a header reads back equal and with any bit turned is none`() {
        let header = JournalFileHeader(number: 12, firstGroup: 1 << 40)
        let encoded = header.encoded()
        #expect(encoded.count == JournalFileHeader.byteCount)
        #expect(encoded.withUnsafeBytes { JournalFileHeader($0) } == header)
        for bit in 0..<encoded.count * 8 {
            var bad = encoded
            bad[bit / 8] ^= 1 << (bit % 8)
            #expect(bad.withUnsafeBytes { JournalFileHeader($0) } == nil, "bit \(bit)")
        }
        for count in 0..<encoded.count {
            #expect(Array(encoded[..<count]).withUnsafeBytes { JournalFileHeader($0) } == nil)
        }
    }

    @Test func `the file of version 1 is read for ever and written the same`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let golden = root.appending(path: "Fixtures/journal/v1/two-groups.jnl")
        let data = try Data(contentsOf: golden)
        let header = JournalFileHeader(number: 3, firstGroup: 41)
        #expect(data.withUnsafeBytes { JournalFileHeader($0) } == header)
        var written = [UInt8]()
        var hash: UInt64 = 0x1122_3344_5566_7788
        var groups: [UInt64] = []
        let reader = JournalFileReader(path: golden.path, isDirect: false)
        try reader.forEach { frame throws(StoreError) in
            groups.append(frame.header.group)
            guard frame.header.previousHash == hash else { throw .damaged("does not follow") }
            hash = frame.hash
            var events = GroupReader(frame.body)
            guard case .rider = try events.next() else { throw .damaged("no rider") }
            let buffer = GroupBuffer(capacity: 64)
            buffer.append(frame.body)
            _ = buffer.finish(frame.header)
            written += Array(buffer.output(beginning: groups.count == 1 ? header : nil))
            return true
        }
        #expect(groups == [41, 42])
        #expect(hash == 0xBAAD_0996_F022_1E73)
        #expect(written == Array(data))
    }

    @Test func `a last group cut anywhere is a torn end and nothing else`() throws {
        let test = try TestJournal(fileBytes: 64 << 10)
        for size in [10, 5000, 60] { try test.append(bytes(size)) }
        let end = try #require(try test.extent().end)
        test.close()
        let file = try #require(try test.files().last)
        let whole = try Data(contentsOf: URL(fileURLWithPath: file.path))
        let start = end.offset - GroupBuffer.blockBytes
        // Zeros behind the cut, as in a file of fixed size, and an end of the file, as by damage.
        for count in 0..<64 + 60 + 4 {
            for isShort in [false, true] {
                var cut = whole.prefix(start + count)
                if !isShort { cut += Data(count: whole.count - cut.count) }
                // A checksum may end in zeros: then nothing was cut.
                if cut == whole { continue }
                try cut.write(to: URL(fileURLWithPath: file.path))
                let extent = try test.extent()
                #expect(extent.group == 2, "cut at \(count)")
                #expect(extent.damage == nil, "cut at \(count)")
                #expect(extent.end?.offset == start, "cut at \(count)")
                #expect(
                    try test.extent(watermark: test.watermark(3)).isShort(of: test.watermark(3)))
            }
        }
    }

    @Test func `any bit turned is a torn end in the last group and damage before it`() throws {
        let test = try TestJournal(fileBytes: 64 << 10)
        for size in [30, 20] { try test.append(bytes(size)) }
        test.close()
        let file = try #require(try test.files().last)
        let whole = try Data(contentsOf: URL(fileURLWithPath: file.path))
        for (group, size) in [(1, 30), (2, 20)] {
            let start = group * GroupBuffer.blockBytes
            for bit in 0..<(64 + size + 4) * 8 {
                var bad = whole
                bad[start + bit / 8] ^= 1 << (bit % 8)
                try bad.write(to: URL(fileURLWithPath: file.path))
                let extent = try test.extent()
                #expect(extent.group == UInt64(group - 1), "bit \(bit)")
                #expect((extent.damage != nil) == (group == 1), "bit \(bit)")
            }
        }
    }

    @Test func `a torn group is written again over its place and old bytes do no harm`() throws {
        let test = try TestJournal(fileBytes: 64 << 10)
        for size in [10, 30_000] { try test.append(bytes(size)) }
        test.forgetLast()
        try test.reopen {
            let file = try #require(try test.files().last)
            try test.change(file) { $0[2 * GroupBuffer.blockBytes + 100] ^= 1 }
        }
        try test.append(bytes(50))
        try test.append(bytes(60))
        try test.reopen()
        #expect(try test.replayed() == test.bodies)
        #expect(try test.files().count == 1)
    }

    @Test func `old groups in a file that is used again are passed over`() throws {
        let test = try TestJournal(fileBytes: 32 << 10)
        for _ in 0..<5 {
            for _ in 0..<20 { try test.append(bytes(10)) }
            test.release(upTo: test.bodies.count - 2)
            usleep(20_000)
        }
        let file = try #require(try test.files().last)
        #expect(file.number > 5)
        let groups = try allGroups(file)
        #expect(groups.contains { $0 < UInt64(test.released) }, "no old group was left: \(groups)")
        try test.reopen()
        #expect(try test.extent().damage == nil)
        #expect(try test.replayed() == Array(test.bodies[test.released...]))
    }

    private func allGroups(_ file: JournalFile) throws -> [UInt64] {
        var groups: [UInt64] = []
        try JournalFileReader(path: file.path, isDirect: false).forEach {
            frame throws(StoreError) in
            groups.append(frame.header.group)
            return true
        }
        return groups
    }

    @Test func `a file that is missing, halved or without header is told, or does no harm`() throws
    {
        let test = try TestJournal(fileBytes: 32 << 10)
        for _ in 0..<40 { try test.append(bytes(100)) }
        test.close()
        let files = try test.files()
        #expect(files.count > 4)
        let mark = test.watermark(40)
        for (index, file) in files.enumerated() {
            let whole = try Data(contentsOf: URL(fileURLWithPath: file.path))
            try test.change(file) { $0 = $0.prefix($0.count / 2) }
            #expect(try test.extent(watermark: mark).isShort(of: mark), "half of file \(index)")
            try test.change(file) { $0 = Data(count: 4096) + whole[4096...] }
            #expect(try test.extent(watermark: mark).isShort(of: mark) == false)
            #expect(try test.extent(watermark: mark).group == 40, "header of file \(index)")
            try FileManager.default.removeItem(atPath: file.path)
            let extent = try test.extent(watermark: mark)
            #expect(extent.isShort(of: mark), "file \(index) gone")
            // All but the last show it by themselves, however old the watermark.
            #expect((extent.damage != nil) == (index < files.count - 1), "file \(index) gone")
            try whole.write(to: URL(fileURLWithPath: file.path))
        }
        #expect(try test.extent(watermark: mark).group == 40)
    }

    @Test func `a file somebody keeps by another name is written to no more`() throws {
        let test = try TestJournal(fileBytes: 32 << 10)
        try test.append(bytes(10))
        let file = try #require(try test.files().last)
        let kept = test.path + "/evidence"
        try test.reopen { try FileManager.default.linkItem(atPath: file.path, toPath: kept) }
        let before = try Data(contentsOf: URL(fileURLWithPath: kept))
        for _ in 0..<30 { try test.append(bytes(20)) }
        test.release(upTo: 30)
        usleep(50_000)
        #expect(try Data(contentsOf: URL(fileURLWithPath: kept)) == before)
        try test.reopen()
        #expect(try test.replayed() == Array(test.bodies[30...]))
    }

    @Test func `a journal cut behind a group ends there and takes its successor anew`() throws {
        let test = try TestJournal(fileBytes: 32 << 10)
        for _ in 0..<20 { try test.append(bytes(100)) }
        test.close()
        let place = NSTemporaryDirectory() + "tacho-cut-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: place) }
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: test.path, toPath: place + "/journal")
        let (directory, _) = try DataDirectory.open(place, create: true)
        var end: JournalEnd?
        try JournalWalk(directory: place + "/journal", isDirect: false).forEach(from: 1) {
            frame, file throws(StoreError) in
            if frame.header.group == 10 {
                end = JournalEnd(file: file.number, offset: frame.end)
            }
            return true
        }
        try RecoveryCopies.cutJournal(directory, behind: end)
        try FileManager.default.moveItem(atPath: place + "/journal", toPath: test.path)
        while test.bodies.count > 10 { test.forgetLast() }
        try test.open()
        try test.append(bytes(5))
        try test.reopen()
        #expect(try test.replayed() == test.bodies)
    }

    @Test(arguments: UInt64(1)...12)
    func `whatever is appended and not released is replayed, across starts`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let test = try TestJournal(
            fileBytes: [16 << 10, 64 << 10, 1 << 20].randomElement(using: &random)!)
        for step in 0..<120 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0 where !test.bodies.isEmpty:
                test.release(
                    upTo: Int.random(in: test.released...test.bodies.count, using: &random))
            case 1:
                try test.reopen()
                let mark = test.watermark(test.bodies.count)
                #expect(
                    try test.extent(watermark: mark).isShort(of: mark) == false,
                    "seed \(seed), step \(step)")
            default:
                let limit = [1, 100, 5000, 70_000].randomElement(using: &random)!
                let count = Int.random(in: 0...limit, using: &random)
                let value = UInt8.random(in: 0...255, using: &random)
                try test.append(bytes(count, value))
            }
        }
        // Not while released files still change their names.
        try test.reopen()
        let kept = Array(test.bodies[test.released...])
        let same = try test.replayed() == kept
        #expect(same, "seed \(seed)")
        let size = test.journal.bytesOnDisk
        let found = try JournalFile.list(test.path).reduce(0) { $0 + $1.bytes }
        // A file may be in the making.
        #expect(size <= found, "seed \(seed): \(size) said, \(found) found")
    }
}
