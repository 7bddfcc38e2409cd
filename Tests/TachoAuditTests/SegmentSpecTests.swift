import FormatSpec
import TachoGeo
import Testing

@testable import TachoAudit

/// `format-spec.md` §9 and the code state the same layout; neither can move alone.
@Suite struct SegmentSpecTests {
    private static let layouts: [(String, String, [Field], Int)] = [
        ("9.1", "name", HeaderLayout.fields, HeaderLayout.byteCount),
        ("9.2", "name", BlockLayout.fields, BlockLayout.byteCount),
        ("9.2", "location", LocationLayout.fields, LocationLayout.byteCount),
        ("9.3", "name", AmendmentLayout.fields, AmendmentLayout.byteCount),
        ("9.5", "name", IndexLayout.fields, IndexLayout.byteCount),
        ("9.7", "name", FooterLayout.fields, FooterLayout.byteCount),
    ]

    @Test(arguments: Self.layouts.indices)
    func `a table equals the fields in the code`(number: Int) throws {
        let (section, heading, fields, byteCount) = Self.layouts[number]
        let rows = try SpecPage(subsection: section).fields(heading)
        #expect(rows.map(\.name) == fields.map(\.name))
        #expect(rows.map(\.offset) == fields.map(\.offset))
        #expect(rows.map(\.size) == fields.map(\.size))
        for row in rows where row.type != "bytes" {
            #expect(Int(row.type.dropFirst()) == row.size * 8, "type of \(row.name)")
        }
        var end = 0
        for field in fields {
            #expect(field.offset == end, "\(field.name) leaves no gap")
            end = field.end
        }
        #expect(end == byteCount)
    }

    @Test func `sizes and numbers in the text are those of the code`() throws {
        #expect(try SpecPage(subsection: "9.1").text.contains("\(HeaderLayout.byteCount) bytes"))
        let block = try SpecPage(subsection: "9.2").text
        #expect(block.contains("\(BlockLayout.byteCount) bytes"))
        #expect(SegmentFormat.blockCapacity == 4_096 && block.contains("1 to 4,096 fixes"))
        #expect(SegmentFormat.maxBlockBytes == 16 << 20 && block.contains("at most 16 MiB"))
        #expect(block.contains("0x" + String(SegmentFormat.blockMagic, radix: 16, uppercase: true)))
        #expect(try SpecPage(subsection: "9.3").text.contains("\(AmendmentLayout.byteCount) bytes"))
        #expect(try SpecPage(subsection: "9.5").text.contains("\(IndexLayout.byteCount) bytes"))
        #expect(try SpecPage(subsection: "9.7").text.contains("\(FooterLayout.byteCount) bytes"))
        #expect(BlockLayout.byteCount <= 32)
        let causes = try SpecPage(subsection: "9.3").text
        for cause in AmendCause.allCases {
            #expect(causes.contains("\(cause.rawValue) \(cause.name)"))
        }
    }

    /// The segment that the page describes in words.
    static func example() -> SampleRange {
        var range = SampleRange(interval: Sample.interval(1...4))
        let held = Verdict(codes: Code.candidate.bit, effect: .hold)
        var moving = Sample.fix(1_767_225_602_000, lat: 376_000_000)
        moving.fix.speedCms = 1_000
        range.delivered = [
            "7": [Sample.fix(1_767_225_600_000), Sample.fix(1_767_225_601_000, verdict: held)],
            "8": [moving],
        ]
        let amendment = Amendment(
            rider: 0, tsMs: 1_767_225_601_000, ordinal: 0, sequence: 3,
            verdict: Verdict(isTrusted: true), ruleSet: 3, cause: .candidateDecided)
        range.records = [
            ("7", .amendment(amendment)), ("", .acceptedLoss(4...4, ruleSet: 3)),
        ]
        return range
    }

    @Test func `the hex example is what the writer makes of its description`() throws {
        #expect(try SpecPage(subsection: "9.9").hex() == Self.example().bytes())
    }

    @Test func `the hex example decodes to what the page says`() throws {
        let bytes = try SpecPage(subsection: "9.9").hex()
        #expect(SegmentCheck.run(.memory(bytes), deep: true).findings == [])
        let reader = try SegmentReader(source: .memory(bytes))
        let example = Self.example()
        #expect(reader.header.interval == example.interval)
        for (rider, name) in ["7", "8"].enumerated() {
            #expect(reader.names.name(rider) == Array(name.utf8))
            let fixes = try SegmentRoundTripTests.read(reader, rider: rider).fixes
            #expect(fixes == example.delivered[name])
        }
        let records = try SegmentRoundTripTests.records(reader).map(\.record)
        #expect(records == example.records.map(\.record))
    }
}
