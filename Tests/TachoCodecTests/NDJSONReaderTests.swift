import TachoGeo
import Testing

@testable import TachoCodec

@Suite struct NDJSONReaderTests {
    static let line = #"{"rider":"r","ts_ms":1,"lat":2,"lon":3}"#

    @Test func `keys are the names of the CSV header, in any order`() {
        let file = ReadFile.ndjson(
            #"{"src":"gps","lon":2,"alt_m":7,"lat":1,"recv_ms":99,"ts_ms":5,"rider":"r","#
                + #""accuracy_m":6,"heading_deg":4,"speed_mps":3.25,"verdict":"flag:TELEPORT"}"#)
        #expect(file.rows.first?.fields == ["5", "1", "2", "3.25", "4", "6", "7", "gps", "99"])
        #expect(file.rows.first?.rider == "r")
        #expect(file.warnings.isEmpty && file.reasons.isEmpty && file.dropped == 0)
    }

    @Test func `null and a key that is not there are the same, and so is an empty text`() {
        let file = ReadFile.ndjson(
            Self.line + "\n"
                + #"{"rider":"r","ts_ms":1,"lat":2,"lon":3,"speed_mps":null,"src":null,"alt_m":""}"#
        )
        #expect(file.rows[0].fields == ["1", "2", "3", nil, nil, nil, nil, nil, nil])
        #expect(file.rows[1].fields == file.rows[0].fields)
        #expect(file.dropped == 0)
    }

    @Test func `numbers may be texts, and keep every digit`() {
        let file = ReadFile.ndjson(
            #"{"rider":17,"ts_ms":"1600000000000","lat":"37.50000005","lon":-1.27000000049999999999e2}"#
        )
        #expect(
            file.fixes == [Fix(tsMs: 1_600_000_000_000, latE7: 375_000_001, lonE7: -1_270_000_000)])
        #expect(file.rows[0].rider == "17")
    }

    @Test func `escapes in texts and in keys are undone`() {
        let file = ReadFile.ndjson(
            #"{"\u0072ider":"a\"\\\/\uD55C\uD83D\uDEB2","ts_ms":1,"lat":"\u0032","lon":3}"#)
        #expect(file.rows[0].rider == "a\"\\/한🚲")
        #expect(file.fixes.count == 1)
    }

    @Test func `blank lines, a byte order mark and CRLF are accepted, lines are counted`() {
        let file = ReadFile.ndjson("\u{FEFF}\r\n \t\n" + Self.line + "\r\n\n{}\n" + Self.line)
        #expect(file.rows.map(\.line) == [3, 5, 6])
        #expect(file.rows[0].raw == Self.line)
        #expect(file.reasons == ["TS_MISSING: no time"])
    }

    @Test func `keys not known are ignored with one warning each, however often`() {
        let text = (0..<50).map {
            #"{"rider":"r","ts_ms":1,"lat":2,"lon":3,"b":{"c":[1,{}]},"k\#($0)":1}"#
        }.joined(separator: "\n")
        let file = ReadFile.ndjson(text)
        #expect(file.fixes.count == 50)
        #expect(file.warnings.count == 9)
        #expect(file.warnings[0] == "key \"b\" is not known and ignored")
        #expect(file.warnings[8] == "more keys are not known and ignored")
    }

    @Test(arguments: [
        ("{", "an unexpected end"), (#"{"rider":"r""#, "an unexpected end"), ("7", "unexpected"),
        (#"{"rider":"r",}"#, "unexpected"), (#"{"lat":01}"#, "unexpected"),
        (#"{"lat":NaN}"#, "unexpected"), (#"{"lat":+1}"#, "unexpected"),
        (#"{"lat":.5}"#, "unexpected"), (#"{} {}"#, "something behind"),
        (#"{"lat":1,"lat":2}"#, "lat a second time"), (#"{"rider":"\uD800"}"#, "half a character"),
        (#"{"rider":["r"]}"#, "neither text nor number"), (#"{'rider':1}"#, "unexpected"),
        (#"{"x":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}"#, "levels"),
        ("{\"rider\":\"a\tb\"}", "unexpected"), (#"{"rider":"r","ts_ms":}"#, "unexpected"),
    ])
    func `a line that is no object costs itself only`(bad: String, why: String) {
        let file = ReadFile.ndjson(Self.line + "\n\(bad)\n" + Self.line)
        #expect(file.rows.map(\.line) == [1, 2, 3])
        #expect(file.fixes.count == 2)
        #expect(file.reasons.count == 1)
        #expect(file.reasons[0].hasPrefix("ROW_BROKEN: no JSON object: "))
        #expect(file.reasons[0].contains(why), "\(file.reasons)")
        #expect(file.rows[1].raw == bad)
    }

    @Test(arguments: [
        (#"{"rider":"r","lat":2,"lon":3}"#, "TS_MISSING: no time"),
        (#"{"rider":"r","ts_ms":1.0,"lat":2,"lon":3}"#, "TS_NOT_INTEGER: ts 1.0 "),
        (#"{"rider":"r","ts_ms":true,"lat":2,"lon":3}"#, "TS_NOT_INTEGER: ts true "),
        (#"{"rider":"r","ts_ms":1,"lon":3}"#, "LAT_NOT_NUMBER: no lat"),
        (#"{"rider":"r","ts_ms":1,"lat":127,"lon":3}"#, "LAT_RANGE: lat 127 "),
        (#"{"rider":"r","ts_ms":1,"lat":1,"lon":{"a":1}}"#, #"LON_NOT_NUMBER: lon {"a":1} "#),
        (#"{"rider":"","ts_ms":1,"lat":1,"lon":1}"#, "RIDER_EMPTY: "),
        (#"{"ts_ms":1,"lat":1,"lon":1}"#, "RIDER_EMPTY: "),
        (#"{"rider":"a\u0007","ts_ms":1,"lat":1,"lon":1}"#, "RIDER_NOT_TEXT: "),
    ])
    func `what is no fix says why`(line: String, reason: String) {
        let file = ReadFile.ndjson(line)
        #expect(file.fixes.isEmpty)
        #expect(file.reasons.first?.hasPrefix(reason) == true, "\(file.reasons)")
    }

    @Test func `an optional field of no use is dropped`() {
        let file = ReadFile.ndjson(
            #"{"rider":"r","ts_ms":1,"lat":2,"lon":3,"speed_mps":-1,"src":[1],"alt_m":5}"#)
        #expect(file.fixes == [Fix(tsMs: 1, latE7: 20_000_000, lonE7: 30_000_000, altitudeDm: 50)])
        #expect(file.dropped == 1)
    }

    @Test func `lines without a rider are the named one's, with a warning if the file named it`() {
        let text =
            #"{"ts_ms":1,"lat":2,"lon":3}"# + "\n" + #"{"rider":null,"ts_ms":2,"lat":2,"lon":3}"#
        let given = ReadFile(text) { NDJSONFixReader(rider: [0x6D]) }
        #expect(given.rows.map(\.rider) == ["m", "m"] && given.warnings.isEmpty)
        let named = ReadFile(text) { NDJSONFixReader(rider: [0x6D], isFromName: true) }
        #expect(named.rows.map(\.rider) == ["m", "m"] && named.warnings.count == 1)
    }

    @Test func `arrays and objects over lines are refused with what to do`() {
        #expect(ReadFile.ndjson("\n [\n{}]").failure?.contains("jq -c '.[]'") == true)
        #expect(ReadFile.ndjson("{\n \"rider\":1}").failure?.contains("jq -c .") == true)
        let geoJSON = ReadFile.ndjson(#"{ "type": "FeatureCollection", "features": [] }"#)
        #expect(geoJSON.failure?.contains("GeoJSON is written but not read") == true)
    }

    @Test func `a line of 10 MB is broken in bounded memory`() {
        let big = String(repeating: "x", count: 10 << 20)
        for end in ["\"}\n" + Self.line, ""] {
            let file = ReadFile.ndjson(Self.line + "\n{\"rider\":\"" + big + end)
            #expect(
                file.rows.map(\.isCut) == (end.isEmpty ? [false, true] : [false, true, false]))
            #expect(file.rows[1].raw.utf8.count == LineSplitter.maxBytes)
            #expect(file.reasons[0].contains("longer than 1048576 bytes"))
            #expect(file.peakBytes <= LineSplitter.maxBytes + (1 << 16) + 3)
        }
    }

    @Test func `a cut at any byte changes nothing`() {
        let text =
            "\u{FEFF}" + Self.line + "\r\n\n{bad\n"
            + #"{"rider":"\"한\u00e9","ts_ms":"5","lat":-1.5,"lon":3,"zz":{"a":"}\""},"src":"net"}"#
            + "\r\n" + Self.line
        let whole = ReadFile.ndjson(text)
        #expect(whole.fixes.count == 3 && whole.reasons.count == 1)
        for piece in 1...text.utf8.count {
            #expect(
                ReadFile.ndjson(text, piece: piece).content == whole.content, "pieces of \(piece)")
        }
    }

    @Test func `any bytes at all end in rows or a clear error, the same in any cuts`() {
        let words = [
            "{", "}", "[", "]", "\"", "\\", ",", ":", "\n", "\r", " ", "1", "-", ".", "e", "null",
            "true", "\"lat\":", "\"rider\":\"r\"", "\"ts_ms\":1,", "\\u0041", "\u{0}", "é",
            Self.line,
        ]
        for seed in UInt64(0)..<3_000 {
            var random = Seeded(seed)
            let text = (0..<random.pick(0...40)).map { _ in random.one(of: words) }.joined()
            let whole = ReadFile.ndjson(text)
            for piece in [1, 2, 7] {
                #expect(
                    ReadFile.ndjson(text, piece: piece).content == whole.content, "seed \(seed)")
            }
        }
    }
}
