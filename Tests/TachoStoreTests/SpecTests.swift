import FormatSpec
import TachoGeo
import TachoStore
import Testing

/// `format-spec.md` against the code: the page is the statement, these tests keep them together.
struct SpecTests {
    @Test func `the table of codes is the list of names`() throws {
        let rows = try SpecPage(section: 2).rows("number")
        #expect(rows.count == 32)
        for row in rows {
            let number = try #require(Int(row[0]))
            #expect(Code.names[number] == row[1])
            #expect((Code(rawValue: UInt8(number)) != nil) == (row[2] == "yes"), "\(row[1])")
        }
        #expect(Code.names.compactMap { $0 }.count == rows.count)
    }

    @Test func `the table of families names every family and no other`() throws {
        let named = Set(try SpecPage(section: 6).rows("family").map { $0[0] })
        let built = Set(Family.allCases.map(\.name)).subtracting(["default"])
        #expect(named == built)
    }

    @Test func `the tables of group and watermark add up to their sizes`() throws {
        let header = try SpecPage(section: 7).rows("offset").filter { !$0[0].isEmpty }
        #expect(header.last?[0] == "\(GroupHeader.byteCount)")
        let mark = try SpecPage(section: 8).rows("offset")
        for rows in [header.dropLast(), mark[...]] {
            var next = 0
            for row in rows {
                #expect(Int(row[0]) == next, "\(row)")
                next += Int(row[1]) ?? -1
            }
        }
        let last = try #require(mark.last)
        #expect(Int(last[0])! + Int(last[1])! == Watermark.byteCount)
    }

    @Test func `the table of a journal file's header adds up to its size`() throws {
        let rows = try SpecPage(section: 7).rows("at")
        var next = 0
        for row in rows.dropLast() {
            #expect(Int(row[0]) == next, "\(row)")
            next += Int(row[1]) ?? -1
        }
        #expect(rows.last?[0] == "\(JournalFileHeader.byteCount)")
        #expect(next == JournalFileHeader.byteCount)
    }

    @Test func `the table of events has the kinds that are built`() throws {
        let rows = try SpecPage(section: 7).rows("kind")
        #expect(rows.map { UInt8($0[0]) } == GroupEvent.Kind.allCases.map(\.rawValue))
        #expect(rows.map { $0[1] } == GroupEvent.Kind.allCases.map { "\($0)" })
    }

    @Test func `the example of a group decodes to what it says`() throws {
        let bytes = try SpecPage(section: 7).hex()
        try bytes.withUnsafeBytes { raw in
            let (header, body, _) = try GroupHeader.read(raw)
            #expect(header.group == 1)
            #expect(header.points == 1)
            #expect(header.commitMs == 1_767_312_000_100)
            var reader = GroupReader(body)
            #expect(try reader.next() == .rider(number: 0, name: Array("rider-7".utf8)))
            let stored = StoredFix(
                fix: Fix(
                    tsMs: 1_767_312_000_000, latE7: 375_665_000, lonE7: 1_269_780_000,
                    speedCms: 420, source: .gps),
                provenance: .live, vehicle: .car, verdict: Verdict(isTrusted: true),
                recvMs: 1_767_312_000_128, claimedRecvMs: 0)
            #expect(
                try reader.next()
                    == .fix(rider: 0, stored, FixRoute(toLateTail: false, entersChain: true)))
            #expect(try reader.next() == nil)
            #expect(header.record(body: Array(body)).bytes == bytes)
        }
    }

    @Test func `the example of a watermark decodes to what it says`() throws {
        let bytes = try SpecPage(section: 8).hex()
        let mark = Watermark(
            counter: 42, group: 1234, nextSequence: 56_789, hash: 0x1122_3344_5566_7788,
            isClean: true)
        #expect(bytes.withUnsafeBytes { Watermark($0) } == mark)
        #expect(mark.encoded() == bytes)
    }
}
