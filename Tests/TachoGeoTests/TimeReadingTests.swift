import TachoGeo
import Testing

struct TimeReadingTests {
    private func read(_ text: String) -> UTCTime.Reading? {
        Array(text.utf8).withUnsafeBytes { UTCTime.read($0) }
    }

    @Test(
        arguments: [
            ("2019-02-17T07:10:28Z", 1_550_387_428_000),
            ("2019-02-17t08:10:28.5+01:00", 1_550_387_428_500),
            ("2019-02-16 21:40:28.25-09:30", 1_550_387_428_250),
            ("2019-02-17T07:10:28", 1_550_387_428_000),
            ("1969-12-31T23:59:59.999Z", -1), ("-2490-03-17T21:14:04.673Z", -(1 << 47) + 1),
            ("+14000-01-01T00:00:00Z", 379_630_108_800_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ] as [(String, Int64)])
    func `times of RFC 3339 are read`(text: String, ms: Int64) {
        #expect(read(text)?.rounded == ms)
        #expect(read(text)?.hasOffset == (text != "2019-02-17T07:10:28"))
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00.0004Z", 0), ("1970-01-01T00:00:00.00049999999999999999Z", 0),
            ("1970-01-01T00:00:00.0005Z", 1), ("1970-01-01T00:00:00.00050000000001Z", 1),
            ("1970-01-01T00:00:00.9996Z", 1_000), ("1969-12-31T23:59:59.9995Z", -1),
            ("1969-12-31T23:59:59.99950001Z", 0), ("1969-12-31T23:59:59.9994Z", -1),
        ] as [(String, Int64)])
    func `finer fractions go to the nearest ms, ties away from zero`(text: String, ms: Int64) {
        #expect(read(text)?.rounded == ms)
    }

    @Test(arguments: [
        "", "T", "2019-02-17", "2019-02-17T", "2019-02-17T7:10:28Z", "2019-02-29T00:00:00Z",
        "2019-13-01T00:00:00Z", "2019-02-17T24:00:00Z", "2019-02-17T00:60:00Z",
        "2019-02-17T00:00:61Z", "2019-02-17T00:00:60Z", "2019-02-17T00:00:00.Z",
        "2019-02-17T00:00:00+0100", "2019-02-17T00:00:00+1:00", "2019-02-17T00:00:00Zx",
        "20190217T000000Z", "219-02-17T00:00:00Z", "+1234567890-01-01T00:00:00Z",
        "12019-02-17T00:00:00Z", "2019-02-17T00:00:00*01:00", "2019-2-17T00:00:00Z",
    ])
    func `what is no time is refused`(text: String) { #expect(read(text) == nil) }

    @Test func `what is put is what is written, and is read again`() {
        var ms: Int64 = -140_737_488_355_327
        var text = TextBuffer()
        while ms < 140_737_488_355_328 {
            text.removeAll()
            var cursor = text.cursor(room: UTCTime.room)
            UTCTime.put(ms: ms, to: &cursor)
            text.advance(to: cursor)
            let put = String(decoding: text.text, as: UTF8.self)
            #expect(put == UTCTime.text(ms: ms))
            #expect(UTCTime.read(text.text)?.rounded == ms, "\(ms)")
            ms += 86_399_999_993 / 7
        }
    }
}
