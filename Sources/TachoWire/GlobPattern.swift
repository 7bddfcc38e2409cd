/// A pattern as Redis matches names with: `*` any text, `?` any byte, `[a-z]` and `[^a-z]` one of a
/// set, `\` takes the next byte for itself. By bytes, as names are.
package struct GlobPattern: Hashable, Sendable {
    package let text: [UInt8]
    /// Letters count in either case, as in CONFIG GET and COMMAND LIST.
    private let ignoresCase: Bool

    package init(_ text: some Sequence<UInt8>, ignoresCase: Bool = false) {
        self.text = ignoresCase ? text.map { upper($0) } : Array(text)
        self.ignoresCase = ignoresCase
    }

    /// Cost: the product of both lengths at worst, a few ns for a pattern with one `*` at its end.
    package func matches(_ name: some Sequence<UInt8>) -> Bool {
        let name = ignoresCase ? name.map { upper($0) } : Array(name)
        var (p, n) = (0, 0)
        // Where to go on if what follows the last `*` does not fit: one more byte is its.
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < text.count, text[p] == UInt8(ascii: "*") {
                star = (p + 1, n)
                p += 1
            } else if let next = step(p, name[n]) {
                p = next
                n += 1
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                (p, n) = (last.pattern, last.name + 1)
            } else {
                return false
            }
        }
        while p < text.count, text[p] == UInt8(ascii: "*") { p += 1 }
        return p == text.count
    }

    /// Where the pattern goes on behind the element at `p`, if that is for one byte and takes this one.
    private func step(_ p: Int, _ byte: UInt8) -> Int? {
        guard p < text.count else { return nil }
        switch text[p] {
        case UInt8(ascii: "?"): return p + 1
        case UInt8(ascii: "["): return set(p, byte)
        case UInt8(ascii: "\\") where p + 1 < text.count:
            return text[p + 1] == byte ? p + 2 : nil
        default: return text[p] == byte ? p + 1 : nil
        }
    }

    /// A set without its end goes to the end of the pattern, as in Redis.
    private func set(_ start: Int, _ byte: UInt8) -> Int? {
        var p = start + 1
        let isNot = p < text.count && text[p] == UInt8(ascii: "^")
        if isNot { p += 1 }
        var isIn = false
        while p < text.count, text[p] != UInt8(ascii: "]") {
            if text[p] == UInt8(ascii: "\\"), p + 1 < text.count {
                p += 1
                if text[p] == byte { isIn = true }
                p += 1
            } else if p + 2 < text.count, text[p + 1] == UInt8(ascii: "-"),
                text[p + 2] != UInt8(ascii: "]")
            {
                let (low, high) = (min(text[p], text[p + 2]), max(text[p], text[p + 2]))
                if byte >= low && byte <= high { isIn = true }
                p += 3
            } else {
                if text[p] == byte { isIn = true }
                p += 1
            }
        }
        guard isIn != isNot else { return nil }
        return min(p + 1, text.count)
    }
}
