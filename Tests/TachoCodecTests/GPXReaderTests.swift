import TachoGeo
import Testing

@testable import TachoCodec

@Suite struct GPXReaderTests {
    /// A GPX 1.1 with these points.
    static func gpx(_ points: String, before: String = "") -> String {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + "<gpx version=\"1.1\" xmlns=\"http://www.topografix.com/GPX/1/1\" xmlns:t=\"urn:tacho:gpx:1\">"
            + before + "<trk><trkseg>" + points + "</trkseg></trk></gpx>"
    }

    static let point = "<trkpt lat=\"2\" lon=\"3\"><time>1970-01-01T00:00:01Z</time></trkpt>"
    static let fix = Fix(tsMs: 1_000, latE7: 20_000_000, lonE7: 30_000_000)

    @Test func `points of all segments and tracks are fixes, in order`() {
        let file = ReadFile.gpx(
            Self.gpx(
                Self.point + "</trkseg><trkseg>" + Self.point + "</trkseg></trk><trk><trkseg>"
                    + "<trkpt lon='-3.5' lat = '2' />" + Self.point))
        #expect(file.fixes == [Self.fix, Self.fix, Self.fix])
        #expect(file.reasons == ["TS_MISSING: no time"])
        #expect(file.rows.map(\.rider) == ["r", "r", "r", "r"])
        #expect(file.rows.map(\.line) == [2, 2, 2, 2])
        #expect(file.rows[2].raw == "<trkpt lon='-3.5' lat = '2' />")
        #expect(file.failure == nil)
    }

    @Test func `GPX 1_0 has speed and course in the point`() {
        let file = ReadFile.gpx(
            Self.gpx(
                "<trkpt lat=\"2\" lon=\"3\"><ele> 209.75\n</ele><time>1970-01-01T00:00:01Z</time>"
                    + "<course>360.000</course><speed>0.125</speed><hdop>1.5</hdop><src>map</src></trkpt>"
            ))
        #expect(
            file.fixes == [
                Fix(
                    tsMs: 1_000, latE7: 20_000_000, lonE7: 30_000_000, speedCms: 13, headingCdeg: 0,
                    altitudeDm: 2_098)
            ])
        #expect(file.dropped == 0)
    }

    @Test func `extensions give speed, course or bearing, accuracy, and our own source`() {
        let file = ReadFile.gpx(
            Self.gpx(
                "<trkpt lat=\"2\" lon=\"3\"><time>1970-01-01T00:00:01Z</time><extensions>"
                    + "<g:TrackPointExtension><g:hr>99</g:hr><g:speed>2</g:speed><g:bearing>7</g:bearing>"
                    + "</g:TrackPointExtension><u:accuracy>4.5</u:accuracy><u:src>x</u:src>"
                    + "<t:src>fused</t:src><t:verdict>ok</t:verdict></extensions></trkpt>"
                    + "<trkpt lat=\"2\" lon=\"3\"><time>1970-01-01T00:00:01Z</time><extensions>"
                    + "<g:bearing>7</g:bearing><g:course>8</g:course></extensions></trkpt>"))
        var (first, second) = (Self.fix, Self.fix)
        (first.speedCms, first.headingCdeg, first.accuracyDm) = (200, 700, 45)
        first.source = .fused
        second.headingCdeg = 800
        #expect(file.fixes == [first, second])
        #expect(file.dropped == 0)
    }

    @Test func `waypoints, routes and their times are no fixes, and a warning says so`() {
        let wpt = "<wpt lat='1' lon='1'><time>1970-01-01T00:00:01Z</time></wpt>"
        let rte = "<rte><rtept lat='1' lon='1'><time>1970-01-01T00:00:01Z</time></rtept></rte>"
        let file = ReadFile.gpx(
            Self.gpx(Self.point, before: "<metadata><time>x</time></metadata>" + wpt + wpt + rte))
        #expect(file.fixes == [Self.fix])
        #expect(
            file.warnings == [
                "ignored 2 waypoints (wpt): only points of tracks (trkpt) are fixes",
                "ignored 1 route point (rtept): only points of tracks (trkpt) are fixes",
            ])
    }

    @Test func `texts have references and literal parts, elements come in any place`() {
        let file = ReadFile.gpx(
            Self.gpx(
                "<!-- <trkpt> --><x:trkpt xmlns:x='u' lat='&#50;' lon='&#x33;'><?pi > ?>"
                    + "<time><![CDATA[1970-01-01T]]>00:00:0<!-- 9 -->1&#90;</time><ele/><speed> </speed>"
                    + "<name>Tom & Jerry &nbsp; <![CDATA[</trkpt>]]></name></x:trkpt>"))
        #expect(file.fixes == [Self.fix])
        #expect(file.failure == nil)
    }

    @Test func `times have offsets and fractions, and without an offset are UTC`() {
        func time(_ text: String) -> ReadFile {
            ReadFile.gpx(Self.gpx("<trkpt lat='2' lon='3'><time>\(text)</time></trkpt>"))
        }
        #expect(time("1970-01-01T02:00:01.0005+02:00").fixes.map(\.tsMs) == [1_001])
        #expect(time("-2490-03-17T21:14:04.673Z").fixes.map(\.tsMs) == [-(1 << 47) + 1])
        let bare = time("1970-01-01T00:00:01")
        #expect(bare.fixes == [Self.fix] && bare.warnings.count == 1)
        #expect(bare.warnings[0].contains("taken for UTC"))
        #expect(
            time("01.01.1970").reasons[0].hasPrefix("TS_NOT_TIME: time 01.01.1970 is not RFC 3339"))
        #expect(time("9999-01-01T00:00:00Z").reasons[0].hasPrefix("TS_RANGE: ts 253370764800000 "))
        #expect(time(" ").reasons == ["TS_MISSING: no time"])
    }

    @Test func `a point without a place, or with a strange one, costs itself only`() {
        let time = "<time>1970-01-01T00:00:01Z</time>"
        let file = ReadFile.gpx(
            Self.gpx(
                "<trkpt lon='3'>\(time)</trkpt>\n<trkpt lat='91' lon='3'>\(time)</trkpt>\n"
                    + "<trkpt lat='2' lon='NaN'>\(time)</trkpt>\n" + Self.point))
        #expect(file.fixes == [Self.fix])
        #expect(
            file.reasons.map { $0.prefix { $0 != ":" } } == [
                "LAT_NOT_NUMBER", "LAT_RANGE", "LON_NOT_NUMBER",
            ])
        #expect(file.rows.map(\.line) == [2, 3, 4, 5])
        #expect(file.rows[1].raw == "<trkpt lat='91' lon='3'>\(time)</trkpt>")
    }

    @Test(
        arguments: [
            (#"<?xml version="1.0" encoding="ISO-8859-1"?>"#, [0xE9]),
            (#"<?xml version='1.0' encoding='windows-1252'?>"#, [0xE9]),
            (#"<?xml version="1.0" encoding="utf8"?>"#, [0xC3, 0xA9]), ("", [0xC3, 0xA9]),
        ] as [(String, [UInt8])])
    func `texts come in UTF-8 or Latin-1`(declaration: String, letter: [UInt8]) {
        let start = declaration + "<gpx><trk><trkseg><trkpt lat='2' lon='3'><name>"
        let bytes = Array(start.utf8) + letter + Array("</name></trkpt></trkseg></trk></gpx>".utf8)
        for piece in 1...bytes.count {
            let file = ReadFile(bytes, piece: piece) { GPXFixReader(rider: [0x72]) }
            #expect(file.rows.map(\.raw) == ["<trkpt lat='2' lon='3'><name>é</name></trkpt>"])
        }
    }

    @Test func `other encodings are refused by name`() {
        var utf16: [UInt8] = [0xFF, 0xFE]
        for byte in "<gpx/>".utf8 { utf16 += [byte, 0] }
        let file = ReadFile(utf16) { GPXFixReader(rider: [0x72]) }
        #expect(file.failure?.contains("encoding UTF-16 is not read") == true)
        let koi8 = ReadFile.gpx("<?xml version=\"1.0\" encoding=\"KOI8-R\"?><gpx/>")
        #expect(koi8.failure?.contains("iconv -f KOI8-R -t UTF-8") == true)
    }

    @Test func `a cut at any byte changes nothing`() {
        let text =
            "\u{FEFF}"
            + Self.gpx(
                "<!-- é -- -><![ --><trkpt lat=\"2\" lon='3>'/>\r\n<trkpt lat='2' lon='3'><time>"
                    + "1970-01-01T00:00:01&#x5A;</time><extensions><t:src>g<![CDATA[p]]>s</t:src>"
                    + "<a:speed>1</a:speed></extensions></trkpt><trkpt lat='2' lon='3'>"
                    + "<time>1970-01-01</time><desc>한국</desc></trkpt>" + Self.point,
                before: "<!---->\n<?p?><wpt/><extensions><trkpt/></extensions>")
        let whole = ReadFile.gpx(text)
        #expect(whole.fixes.count == 2 && whole.reasons.count == 2 && whole.warnings.count == 1)
        #expect(whole.failure == nil)
        for piece in 1...text.utf8.count {
            let cut = ReadFile.gpx(text, piece: piece)
            #expect(cut.content == whole.content, "pieces of \(piece)")
        }
    }

    @Test func `a file cut anywhere gives what it had, and says that it was cut`() {
        let text = Self.gpx(Self.point + Self.point)
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            let file = ReadFile(Array(bytes[..<count])) { GPXFixReader(rider: [0x72]) }
            #expect(file.failure != nil, "\(count) bytes")
            let whole = bytes[..<count].split(separator: UInt8(ascii: "\n")).dropFirst()
            let text = String(decoding: whole.joined(), as: UTF8.self)
            #expect(file.fixes.count == text.components(of: "</trkpt>"), "\(count) bytes")
        }
    }
}

extension String {
    fileprivate func components(of word: String) -> Int { ranges(of: word).count }
}
