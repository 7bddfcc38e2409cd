import Testing

@testable import TachoTools

@Suite struct InstantTests {
    static let known: [(String, Int64)] = [
        ("1970-01-01T00:00:00.000Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2000-02-29T12:00:00.000Z", 951_825_600_000),
        ("2019-02-17T07:10:28.000Z", 1_550_387_428_000),
        ("3000-01-01T00:00:00.000Z", 32_503_680_000_000),
        ("1900-03-01T00:00:00.000Z", -2_203_891_200_000),
        ("+14000-01-01T00:00:00.000Z", 379_630_108_800_000),
    ]

    @Test(arguments: known) func `a time is written as RFC 3339`(text: String, ms: Int64) {
        #expect(Instant.text(ms: ms) == text)
        if !text.hasPrefix("+") { #expect(Instant.parse(text) == ms) }
    }

    @Test func `the beginning and end of what a fix can hold are written`() {
        #expect(Instant.text(ms: (1 << 47) - 1) == "6429-10-17T02:45:55.327Z")
        #expect(Instant.text(ms: -(1 << 47) + 1) == "-2490-03-17T21:14:04.673Z")
    }

    @Test func `offsets, fractions and small letters are read`() {
        #expect(Instant.parse("2019-02-17T08:10:28+01:00") == 1_550_387_428_000)
        #expect(Instant.parse("2019-02-16 21:40:28.5-09:30") == 1_550_387_428_500)
        #expect(Instant.parse("2019-02-17t07:10:28.0019z") == 1_550_387_428_001)
        #expect(Instant.parse("-5") == -5)
        #expect(Instant.parse("1550387428000") == 1_550_387_428_000)
    }

    @Test(arguments: [
        "", "yesterday", "2019-02-17", "2019-02-17T07:10:28", "2019-02-29T00:00:00Z",
        "2019-13-01T00:00:00Z", "2019-00-01T00:00:00Z", "2019-01-01T24:00:00Z",
        "2019-01-01T00:00:00.Z", "2019-01-01T00:00:00+0100", "2019-01-01T00:00:00Zx", "1e3",
        "1900-02-29T00:00:00Z",
    ]) func `what is no time is refused`(text: String) {
        #expect(Instant.parse(text) == nil)
    }

    @Test func `writing and reading agree on every day of 800 years`() {
        var ms: Int64 = -12_622_780_800_000
        while ms < 12_622_780_800_000 {
            #expect(Instant.parse(Instant.text(ms: ms)) == ms)
            ms += 86_400_000 - 1
            if ms % 3 == 0 { ms += 86_400_000 * 6 }
        }
    }
}
