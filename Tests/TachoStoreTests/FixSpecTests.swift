import FormatSpec
import Foundation
import TachoCodec
import TachoGeo
import Testing

@testable import TachoStore

/// The words of a fix and the rows of places in `format-spec.md` against the code.
struct FixSpecTests {
    /// A row of the table of words.
    private struct Part {
        var word: String
        var low: UInt64
        var high: UInt64
        var value: String

        init(_ row: [String]) throws {
            word = row[0]
            let ends = row[1].split(separator: "–").compactMap { UInt64($0) }
            low = try #require(ends.first)
            high = try #require(ends.last)
            value = row[2]
        }

        /// The page's number for what is elsewhere or not there: `131071: absent`.
        func marker() throws -> UInt64 {
            let behind = value.components(separatedBy: "; ").last ?? ""
            return try #require(UInt64(behind.prefix { $0.isNumber }), "\(value)")
        }

        func field(_ row: FixRow) throws -> UInt64 {
            let all = ["clock": row.clock, "place": row.place, "motion": row.motion]
            return try #require(all[word]) >> low
                & (high - low == 63 ? .max : 1 << (high - low + 1) - 1)
        }

        /// What the page says the field of a fix is.
        func expected(_ s: StoredFix, _ route: FixRoute, needsExtra: Bool) throws -> UInt64 {
            let name = value.prefix { $0 != "," && $0 != ";" }
            func optional(_ field: Int32) throws -> UInt64 {
                field == Fix.absent ? try marker() : UInt64(field)
            }
            switch name {
            case "time + 2^47": return UInt64(s.fix.tsMs + 1 << 47)
            case "source": return UInt64(s.fix.source.rawValue)
            case "provenance": return UInt64(s.provenance.rawValue)
            case "vehicle class": return UInt64(s.vehicle.rawValue)
            case "effect": return UInt64(s.verdict.effect.rawValue)
            case "trusted": return s.verdict.isTrusted ? 1 : 0
            case "went to the late tail": return route.toLateTail ? 1 : 0
            case "entered the chain in order of time": return route.entersChain ? 1 : 0
            case "an extra follows": return needsExtra ? 1 : 0
            case "0": return 0
            case "latitude": return UInt64(UInt32(bitPattern: s.fix.latE7))
            case "longitude": return UInt64(UInt32(bitPattern: s.fix.lonE7))
            case "speed": return try optional(s.fix.speedCms)
            case "heading": return try optional(s.fix.headingCdeg)
            case "accuracy": return try optional(s.fix.accuracyDm)
            case "(receipt − time) / 64 ms + 256":
                let steps = (s.recvMs - s.fix.tsMs) / 64 + 256
                let marker = try marker()
                return steps >= 0 && steps < Int64(marker) ? UInt64(steps) : marker
            default:
                Issue.record("the page names a field \(name) that is not known here")
                return 0
            }
        }
    }

    @Test func `the three words of a fix are made of the bits the table says`() throws {
        let parts = try SpecPage(section: 7).rows("word").map { try Part($0) }
        var next: [String: UInt64] = [:]
        for part in parts {
            #expect(next[part.word, default: 0] == part.low, "\(part)")
            next[part.word] = part.high + 1
        }
        #expect(next == ["clock": 64, "place": 64, "motion": 64])
        var random = SeededGenerator(seed: 5)
        for _ in 0..<500 {
            let stored = StoredFix.random(&random)
            let route = FixRoute(
                toLateTail: Bool.random(using: &random), entersChain: Bool.random(using: &random))
            let (row, needsExtra) = FixRow.pack(stored, route: route.bits)
            for part in parts {
                let field = try part.field(row)
                let expected = try part.expected(stored, route, needsExtra: needsExtra)
                #expect(field == expected, "\(part.value) of \(stored)")
            }
        }
    }

    @Test func `an extra's flags and values are those of the page`() throws {
        let line = try #require(try SpecPage(section: 7).line(holding: "The extra's flags"))
        let text = String(line)
        for part in [
            "\(FixEvent.altitudeFlag) altitude (varint, 0.1 m + 200,000)",
            "\(FixEvent.codesFlag) codes (varint)",
            "\(FixEvent.delayFlag) (receipt − time) / 64 ms (zigzag)",
            "\(FixEvent.claimedFlag) claimed receipt (zigzag",
        ] { #expect(text.contains(part), "\(part)") }
        let stored = StoredFix(
            fix: Fix(tsMs: 100, latE7: 0, lonE7: 0, altitudeDm: 321), provenance: .claimed,
            vehicle: .car, verdict: Verdict(codes: 0x1234), recvMs: 100 - 64 * 1_000,
            claimedRecvMs: -77)
        var writer = ByteWriter()
        writer.putEvent(.fix(rider: 1, stored, FixRoute(toLateTail: false, entersChain: false)))
        var expected = ByteWriter()
        expected.put(UInt8(15))
        expected.putVarint(200_321)
        expected.putVarint(0x1234)
        expected.putZigzag(-1_000)
        expected.putZigzag(-77)
        #expect(Array(writer.bytes[FixEvent.baseByteCount...]) == expected.bytes)
    }

    @Test func `a row of geo has the key and value the table says`() throws {
        let page = try SpecPage(section: 6)
        let row = try #require(page.rows("family").first { $0[0] == "geo" })
        let place = GeoRow(
            bucket: 0x0102_0304, cell: 0x1112_1314_1516_1718, rider: 0x2122_2324,
            range: 0x3132_3334, generation: 0x4142, count: 300, firstMs: 1_000, lastMs: 201_000,
            isAnyFlagged: true)
        var next = place
        (next.rider, next.range, next.generation) = (0x2122_2325, 0x3132_3333, 0x4140)
        let fields: [String: UInt64] = [
            "bucket": UInt64(place.bucket), "cell": place.cell, "run": 0x5152_5354, "part": 0,
        ]
        var key: [UInt8] = []
        for part in row[1].components(separatedBy: ", ") {
            let words = part.split(separator: " ").map(String.init)
            let value = try #require(fields[words[0]], "\(part)")
            let bits = try #require(Int(words[1].dropFirst()), "\(part)")
            for shift in stride(from: bits - 8, through: 0, by: -8) {
                key.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
            }
        }
        #expect(
            row[2].hasPrefix(
                "of each chunk: rider varint, range zigzag and generation zigzag, each less that of "
                    + "the chunk before (0 of the first), 2 · fixes + 1 if one of them is not "
                    + "accepted varint, first time varint, last − first varint"))
        var value = ByteWriter()
        value.putVarint(0x2122_2324)
        // Modulo 2^32.
        value.putZigzag(0x3132_3334)
        value.putZigzag(0x4142)
        for number in [2 * 300 + 1, 1_000, 200_000] as [UInt64] { value.putVarint(number) }
        value.putVarint(1)
        value.putZigzag(-1)
        value.putZigzag(-2)
        for number in [2 * 300 + 1, 1_000, 200_000] as [UInt64] { value.putVarint(number) }
        #expect(
            GeoEntry.pages(of: [place, next], run: 0x5152_5354)
                == [GeoEntry(key: key, value: value.bytes)])
    }

    @Test(arguments: [
        (GeoGrain.fine, "five minutes", "300,000", 31), (.coarse, "a day", "86,400,000", 29),
    ])
    func `the number of a bucket is that of the page`(
        grain: GeoGrain, name: String, digits: String, power: Int
    ) throws {
        let line = try #require(
            try SpecPage(section: 6).line(holding: "⌊time / \(digits)⌋ + 2^\(power)"))
        #expect(line.contains("and buckets of \(name)"))
        #expect(line.contains("cells of resolution \(GeoPlan.usual.resolution(of: .coarse)),"))
        #expect(line.contains("`meta`; \(GeoPlan.usual.fine) unless set otherwise, 5 to 12)"))
        #expect(GeoPlan.resolutions == 5...12)
        let end = try #require(Int64(digits.filter(\.isNumber)))
        for ms in [-end - 1, -end, -1, 0, 1, end - 1, end] {
            let floor = (Double(ms) / Double(end)).rounded(.down)
            #expect(Double(grain.bucket(ms).number) == floor + Double(1 << power), "\(ms)")
        }
    }
}
