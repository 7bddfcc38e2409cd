/// A pattern as in CONFIG GET and COMMAND LIST: `*`, `?`, `[a-z]`, `[^a]`, `\` before a character
/// that is to be itself. Letters count in either case.
///
/// Cost: at most pattern times text, without recursion: a pattern of a client's cannot hang the
/// loop.
package struct GlobPattern: Equatable, Sendable {
    private let pattern: [UInt8]

    package init(_ pattern: some Sequence<UInt8>) {
        self.pattern = pattern.map { upper($0) }
    }

    package func matches(_ text: some Sequence<UInt8>) -> Bool {
        let text = text.map { upper($0) }
        var (p, t) = (0, 0)
        // Where to go on when what follows the last `*` does not fit: one more byte is its own.
        var retry: (p: Int, t: Int)?
        while t < text.count || p < pattern.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                p += 1
                retry = (p, t)
                continue
            }
            if t < text.count, let next = step(p, text[t]) {
                p = next
                t += 1
                continue
            }
            guard let (from, end) = retry, end < text.count else { return false }
            retry = (from, end + 1)
            (p, t) = (from, end + 1)
        }
        return true
    }

    /// Where the pattern goes on behind the part at `p`, if that part is for `byte`.
    private func step(_ p: Int, _ byte: UInt8) -> Int? {
        guard p < pattern.count else { return nil }
        switch pattern[p] {
        case UInt8(ascii: "?"): return p + 1
        case UInt8(ascii: "["): return stepOverClass(p + 1, byte)
        case UInt8(ascii: "\\") where p + 1 < pattern.count:
            return pattern[p + 1] == byte ? p + 2 : nil
        case let literal: return literal == byte ? p + 1 : nil
        }
    }

    /// The same for a class whose content starts at `start`. One that is not closed ends with the
    /// pattern, as in Redis.
    private func stepOverClass(_ start: Int, _ byte: UInt8) -> Int? {
        var p = start
        let isInverted = p < pattern.count && pattern[p] == UInt8(ascii: "^")
        if isInverted { p += 1 }
        var isInside = false
        while p < pattern.count, pattern[p] != UInt8(ascii: "]") {
            if pattern[p] == UInt8(ascii: "\\"), p + 1 < pattern.count {
                isInside = isInside || pattern[p + 1] == byte
                p += 2
            } else if p + 2 < pattern.count, pattern[p + 1] == UInt8(ascii: "-") {
                let (a, b) = (pattern[p], pattern[p + 2])
                isInside = isInside || (min(a, b)...max(a, b)).contains(byte)
                p += 3
            } else {
                isInside = isInside || pattern[p] == byte
                p += 1
            }
        }
        return isInside == isInverted ? nil : min(p + 1, pattern.count)
    }
}
