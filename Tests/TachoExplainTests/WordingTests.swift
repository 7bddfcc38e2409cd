import Testing

@testable import TachoExplain

struct WordingTests {
    @Test(arguments: [
        (0.0, "0.0 m"), (7.36, "7.4 m"), (-3.2, "-3.2 m"), (10.4, "10 m"), (999.5, "1,000 m"),
        (5_012.3, "5,012 m"), (99_999, "99,999 m"), (1_250_400, "1,250 km"),
        (20_015_000, "20,015 km"),
    ])
    func `metres have commas, and become km when they are many`(metres: Double, text: String) {
        #expect(Wording.metres(metres) == text)
    }

    @Test(
        arguments: [
            (0, "0.0 s"), (1_000, "1.0 s"), (119_940, "119.9 s"), (120_000, "2 min"),
            (125_000, "2 min 5 s"), (7_199_600, "2 h"), (7_200_000, "2 h"),
            (11_400_000, "3 h 10 min"), (172_800_000, "2 days"), (439_200_000, "5 days 2 h"),
            (-90_000, "-90.0 s"), (Int64.min, "-106751991167 days 7 h"),
        ] as [(Int64, String)])
    func `durations have the unit that fits them`(ms: Int64, text: String) {
        #expect(Wording.duration(ms: ms) == text)
    }

    @Test func `numbers end with their last digit`() {
        #expect(Wording.number(12) == "12")
        #expect(Wording.number(-0.65) == "-0.65")
        #expect(Wording.number(240.5) == "240.5")
        #expect(Wording.count(1, "fix", "fixes") == "1 fix")
        #expect(Wording.count(4, "fix", "fixes") == "4 fixes")
        #expect(Wording.speed(10.73) == "10.7 m/s")
    }

    @Test func `sentences are broken between words, and keep them all`() {
        let text = "one two three four five six seven"
        let lines = Picture.wrapped(text, at: 9)
        #expect(lines == ["one two", "three", "four five", "six seven"])
        #expect(lines.joined(separator: " ") == text)
        #expect(Picture.wrapped("", at: 9) == [])
        #expect(Picture.wrapped("unbreakable", at: 3) == ["unbreakable"])
    }
}
