import TachoWire
import Testing

/// Patterns of names, as Redis matches them.
struct GlobPatternTests {
    @Test(arguments: [
        ("*", "", true), ("*", "pos:r7", true), ("pos:*", "pos:", true), ("pos:*", "pos:r7", true),
        ("pos:*", "po:r7", false), ("pos:r?", "pos:r7", true), ("pos:r?", "pos:r", false),
        ("pos:r?", "pos:r77", false), ("a*b*c", "aXbYc", true), ("a*b*c", "abc", true),
        ("a*b*c", "aXbYcZ", false), ("a*bc", "abcbc", true), ("**", "x", true),
        ("h[ae]llo", "hello", true), ("h[ae]llo", "hillo", false), ("h[^e]llo", "hallo", true),
        ("h[^e]llo", "hello", false), ("h[a-c]llo", "hbllo", true), ("h[c-a]llo", "hbllo", true),
        ("h[a-c]llo", "hdllo", false), ("h\\*llo", "h*llo", true), ("h\\*llo", "hallo", false),
        ("[\\]]", "]", true), ("[abc", "b", true), ("[abc", "bx", false), ("a\\", "a\\", true),
        ("", "", true), ("", "a", false), ("[", "a", false), ("[^", "a", true), ("?", "a", true),
    ])
    func `a pattern takes what it takes in Redis`(pattern: String, name: String, isMatch: Bool) {
        #expect(GlobPattern(pattern.utf8).matches(name.utf8) == isMatch, "\(pattern) \(name)")
    }

    @Test func `many stars take no longer than the product of both lengths`() {
        let pattern = GlobPattern((String(repeating: "a*", count: 60) + "b").utf8)
        #expect(!pattern.matches(String(repeating: "a", count: 4_000).utf8))
    }
}
