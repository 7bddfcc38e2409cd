import TachoGeo
import Testing

@testable import TachoCodec

@Suite struct HostileXMLTests {
    @Test(arguments: [
        ("", "line 1, column 1: the file has no element"), ("  \n", "has no element"),
        ("<kml></kml>", "line 1, column 1: the first element is <kml>"),
        ("<gpx>", "the file ends within <gpx> of line 1"),
        ("<gpx>\n<trk>\n", "line 3, column 1: the file ends within <trk> of line 2"),
        ("<gpx></gpx><gpx/>", "column 12: a second element"), ("<gpx/>x", "column 7: text outside"),
        ("x<gpx/>", "column 1: text outside"), ("<gpx></trk>", "</trk> closes <gpx> of line 1"),
        ("<gpx></gpx></gpx>", "an end tag without a start"), ("<gpx><a", "ends within a tag"),
        ("<gpx><a b></a></gpx>", "an attribute NAME=\"VALUE\" expected"),
        ("<gpx><a b=c></a></gpx>", "without quotes"),
        ("<gpx><a b='c></a></gpx>", "a < within a tag"),
        ("<gpx><a b='1'c='2'/></gpx>", "an attribute NAME"),
        ("<gpx><a b='<'/></gpx>", "a < within"),
        ("<gpx>< a/></gpx>", "a tag without a name"), ("<gpx><1/></gpx>", "a tag without a name"),
        ("<gpx></gpx x>", "behind its name"), ("<gpx><!-- ", "ends within a comment"),
        ("<gpx><![CDATA[ ", "ends within a comment or the like"), ("<?xml <gpx/>", "first element"),
        ("<gpx><!ELEMENT a></gpx>", "a declaration that may not be here"),
        ("<gpx>\u{0}</gpx>", "line 1, column 6: a control character"),
        ("<gpx><a b='\u{1}'/></gpx>", "a control character"),
        ("<gpx/>\n<!DOCTYPE x>", "line 2, column 1: a declaration"),
        ("<gpx><trk><trkpt lat='1' lat='2'/></trk></gpx>", "lat twice in one tag"),
        ("<gpx><trk><trkpt lat='&x;'/></trk></gpx>", "a reference (&…;) that XML does not know"),
        ("<gpx><trk><trkpt><time>&nbsp;</time></trkpt></trk></gpx>", "a reference (&…;)"),
        ("<gpx><trk><trkpt><time>&#0;</time></trkpt></trk></gpx>", "a reference (&…;)"),
        ("<gpx><trk><trkpt><time>&#xD800;</time></trkpt></trk></gpx>", "a reference (&…;)"),
        ("<html><body>Not found</body></html>", "the first element is <html>"),
    ])
    func `damage is an error with its place`(text: String, why: String) {
        let whole = ReadFile.gpx(text)
        // What is no name is found as such: the declaration ends at the first tag's end.
        if text.hasPrefix("<?xml <") { return #expect(whole.failure != nil) }
        #expect(whole.failure?.contains(why) == true, "\(whole.failure ?? "none")")
        for piece in 1...8 {
            #expect(ReadFile.gpx(text, piece: piece).failure == whole.failure, "pieces of \(piece)")
        }
    }

    @Test func `entities are never expanded`() {
        let lol = (1...9).map { "<!ENTITY l\($0) \"&l\($0 - 1);&l\($0 - 1);\">" }.joined()
        let file = ReadFile.gpx("<!DOCTYPE gpx [<!ENTITY l0 \"lol\">\(lol)]><gpx>&l9;</gpx>")
        #expect(file.failure?.contains("declarations of its own is refused") == true)
        let plain = ReadFile.gpx(
            "<!DOCTYPE gpx SYSTEM \"http://x/gpx.dtd\"><gpx><trk>\(GPXReaderTests.point)</trk></gpx>"
        )
        #expect(plain.fixes == [GPXReaderTests.fix] && plain.failure == nil)
    }

    @Test func `deep nesting and a huge tag are refused in bounded memory`() {
        let deep = ReadFile.gpx("<gpx>" + String(repeating: "<a>", count: 1 << 20))
        #expect(deep.failure?.contains("nested deeper than 64") == true)
        for text in ["<gpx a='", "<gpx><trk><trkpt lat='", "<", "<!DOCTYPE x", "<gpx></"] {
            let huge = ReadFile.gpx(text + String(repeating: "1", count: 10 << 20))
            #expect(huge.failure?.contains("a tag longer than 65536 bytes") == true, "\(text)")
            #expect(huge.peakBytes <= XMLTokenizer.maxTagBytes + (1 << 16))
        }
    }

    @Test func `a huge comment, text or point is read in bounded memory`() {
        let big = String(repeating: "9", count: 4 << 20)
        let file = ReadFile.gpx(
            GPXReaderTests.gpx(
                "<!--\(big)--><trkpt lat='2' lon='3'><time>1970-01-01T00:00:01Z</time>"
                    + "<ele>\(big)</ele><name>\(big)</name><x><![CDATA[\(big)]]></x></trkpt>"))
        #expect(file.fixes == [GPXReaderTests.fix])
        #expect(file.dropped == 1)
        #expect(file.rows[0].isCut && file.rows[0].raw.utf8.count == GPXFixReader.maxRawBytes)
        #expect(file.peakBytes < 1 << 18)
    }

    @Test func `any bytes at all end in rows or a clear error, the same in any cuts`() {
        let words = [
            "<gpx>", "</gpx>", "<trk>", "</trk>", "<trkseg>", "</trkseg>",
            "<trkpt lat='1' lon=\"2\">",
            "</trkpt>", "<time>", "1970-01-01T00:00:01Z", "</time>", "<!--", "-->", "<![CDATA[",
            "]]>",
            "&amp;", "&", ";", "<", ">", "'", "\"", "/", "<?", "?>", " ", "\n", "é", "\u{0}", "=",
            GPXReaderTests.point, GPXReaderTests.gpx(GPXReaderTests.point),
        ]
        for seed in UInt64(0)..<4_000 {
            var random = Seeded(seed)
            var text = random.chance(80) ? "<gpx><trk><trkseg>" : ""
            text += (0..<random.pick(0...25)).map { _ in random.one(of: words) }.joined()
            let whole = ReadFile.gpx(text)
            for piece in [1, 2, 3, 11] {
                let cut = ReadFile.gpx(text, piece: piece)
                #expect(cut.content == whole.content, "seed \(seed), pieces of \(piece)")
            }
        }
    }

    @Test func `a byte changed anywhere never does worse than an error`() {
        let bytes = Array(GPXReaderTests.gpx(GPXReaderTests.point).utf8)
        for seed in UInt64(0)..<2_000 {
            var random = Seeded(seed)
            var damaged = bytes
            for _ in 0..<random.pick(1...3) {
                damaged[random.pick(0...bytes.count - 1)] = UInt8(truncatingIfNeeded: random.next())
            }
            let whole = ReadFile(damaged) { GPXFixReader(rider: [0x72]) }
            let cut = ReadFile(damaged, piece: 5) { GPXFixReader(rider: [0x72]) }
            #expect(cut.content == whole.content, "seed \(seed)")
        }
    }
}
