// Raw pointers: XML is read byte by byte, and a file may be large.

/// Cuts XML 1.0 into tags and text, as it arrives.
///
/// Tags must be well formed, and nested as they close. A document type without declarations is
/// skipped, one with is refused, so there are no entities but the five of XML and no expansion.
/// Comments and instructions are skipped. Bytes are UTF-8 and are not checked to be; control
/// characters are refused.
struct XMLTokenizer {
    /// A longer tag is refused, attributes included.
    static let maxTagBytes = 1 << 16
    static let maxDepth = 64
    /// `&#x10FFFF;` and the like.
    static let maxReferenceBytes = 16

    /// Ranges are in the bytes that were handed in.
    enum Token: Equatable {
        case start(name: Range<Int>, attributes: Range<Int>, isEmpty: Bool)
        case end(name: Range<Int>)
        /// A piece of text with references in it, none of them cut.
        case text(Range<Int>)
        /// A piece of text as it is.
        case literal(Range<Int>)
        /// Nothing of meaning: a comment, an instruction, a document type.
        case skipped
    }

    private enum Mode { case content, comment, instruction, literal }

    /// Of the next token.
    private(set) var position = XMLPosition()
    private(set) var hasRoot = false
    private var mode = Mode.content
    /// Names of open elements, one behind the other.
    private var openNames: [UInt8] = []
    private var open: [(nameStart: Int, line: Int)] = []

    var depth: Int { open.count }

    /// The next token of `raw` from `at` on, and where it ends; nil: more bytes are needed.
    mutating func next(
        _ raw: UnsafeRawBufferPointer, from at: Int, isLast: Bool
    ) throws(XMLError) -> (token: Token, end: Int)? {
        guard at < raw.count else {
            if isLast { try finish() }
            return nil
        }
        let found: (token: Token, end: Int)?
        switch mode {
        case .comment: found = skip(raw, at, isLast, "-->")
        case .instruction: found = skip(raw, at, isLast, "?>")
        case .literal: found = skip(raw, at, isLast, "]]>")
        case .content:
            found =
                raw[at] == UInt8(ascii: "<")
                ? try markup(raw, at, isLast) : try text(raw, at, isLast)
        }
        guard let found else { return nil }
        position.advance(over: raw[at..<found.end])
        return found
    }

    /// An error at `offset` of the token that begins at `start`.
    func error(
        _ what: String, _ raw: UnsafeRawBufferPointer, _ start: Int, _ offset: Int
    ) -> XMLError {
        var place = position
        place.advance(over: raw[start..<offset])
        return XMLError(what: what, at: place)
    }

    private func finish() throws(XMLError) {
        guard mode == .content else {
            throw XMLError(what: "the file ends within a comment or the like", at: position)
        }
        if let last = open.last {
            let name = String(decoding: openNames[last.nameStart...], as: UTF8.self)
            throw XMLError(
                what: "the file ends within <\(name)> of line \(last.line): it was cut",
                at: position)
        }
    }

    /// Up to and with `end`, or as much as surely lies before it.
    private mutating func skip(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ isLast: Bool, _ end: StaticString
    ) -> (token: Token, end: Int)? {
        let count = end.utf8CodeUnitCount
        let isLiteral = mode == .literal
        func token(_ range: Range<Int>) -> Token { isLiteral ? .literal(range) : .skipped }
        var i = at
        while i + count <= raw.count {
            if (0..<count).allSatisfy({ raw[i + $0] == end.utf8Start[$0] }) {
                mode = .content
                return (token(at..<i), i + count)
            }
            i += 1
        }
        if isLast { i = raw.count }
        return i > at ? (token(at..<i), i) : nil
    }

    private func text(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ isLast: Bool
    ) throws(XMLError) -> (token: Token, end: Int)? {
        var end = at
        // Where a reference may begin that is not closed.
        var reference: Int?
        while end < raw.count, raw[end] != UInt8(ascii: "<") {
            let byte = raw[end]
            if byte < 0x20 && !Self.isSpace(byte) {
                throw error("a control character", raw, at, end)
            }
            if open.isEmpty && !Self.isSpace(byte) {
                throw error("text outside of the elements", raw, at, end)
            }
            if byte == UInt8(ascii: "&") { reference = end }
            if byte == UInt8(ascii: ";") { reference = nil }
            end += 1
        }
        if let reference, end == raw.count, !isLast, end - reference <= Self.maxReferenceBytes {
            end = reference
        }
        return end > at ? (.text(at..<end), end) : nil
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}

// MARK: Markup

extension XMLTokenizer {
    private mutating func markup(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ isLast: Bool
    ) throws(XMLError) -> (token: Token, end: Int)? {
        if begins(raw, at, with: "<?") {
            mode = .instruction
            return (.skipped, at + 2)
        }
        if begins(raw, at, with: "<!--") {
            mode = .comment
            return (.skipped, at + 4)
        }
        if begins(raw, at, with: "<![CDATA["), !open.isEmpty {
            mode = .literal
            return (.skipped, at + 9)
        }
        // "<!" alone may still become one of these.
        if raw.count - at < 9 && !isLast && (raw.count - at < 2 || raw[at + 1] == UInt8(ascii: "!"))
        {
            return nil
        }
        guard let end = try tagEnd(raw, at, isLast) else { return nil }
        if begins(raw, at, with: "<!") {
            guard begins(raw, at, with: "<!DOCTYPE"), !hasRoot else {
                throw error("a declaration that may not be here", raw, at, at)
            }
            return (.skipped, end)
        }
        return begins(raw, at, with: "</")
            ? (try endTag(raw, at, end), end) : (try startTag(raw, at, end), end)
    }

    private func begins(
        _ raw: UnsafeRawBufferPointer, _ at: Int, with text: StaticString
    ) -> Bool {
        let count = text.utf8CodeUnitCount
        guard raw.count - at >= count else { return false }
        for i in 0..<count where raw[at + i] != text.utf8Start[i] { return false }
        return true
    }

    /// Behind the `>` that closes the tag, quotes minded. nil: it is not there yet.
    private func tagEnd(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ isLast: Bool
    ) throws(XMLError) -> Int? {
        var quote: UInt8?
        let limit = min(raw.count, at + Self.maxTagBytes)
        for i in at + 1..<limit {
            let byte = raw[i]
            if byte < 0x20 && !Self.isSpace(byte) {
                throw error("a control character", raw, at, i)
            }
            if byte == UInt8(ascii: "<") { throw error("a < within a tag", raw, at, i) }
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "[") {
                throw error(
                    "a document type with declarations of its own is refused: remove <!DOCTYPE …>",
                    raw, at, i)
            } else if byte == UInt8(ascii: ">") {
                return i + 1
            }
        }
        if limit - at == Self.maxTagBytes {
            throw error("a tag longer than \(Self.maxTagBytes) bytes", raw, at, at)
        }
        if isLast { throw error("the file ends within a tag: it was cut", raw, at, at) }
        return nil
    }

    private mutating func startTag(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ end: Int
    ) throws(XMLError) -> Token {
        guard !(hasRoot && open.isEmpty) else {
            throw error("a second element behind the first one's end", raw, at, at)
        }
        let name = try self.name(raw, at, from: at + 1, to: end - 1)
        let isEmpty = raw[end - 2] == UInt8(ascii: "/") && end - 2 >= name.upperBound
        hasRoot = true
        if !isEmpty {
            guard open.count < Self.maxDepth else {
                throw error("elements nested deeper than \(Self.maxDepth)", raw, at, at)
            }
            open.append((openNames.count, position.line))
            openNames.append(contentsOf: raw[name])
        }
        return .start(
            name: name, attributes: name.upperBound..<(isEmpty ? end - 2 : end - 1),
            isEmpty: isEmpty)
    }

    private mutating func endTag(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ end: Int
    ) throws(XMLError) -> Token {
        let name = try self.name(raw, at, from: at + 2, to: end - 1)
        guard raw[name.upperBound..<end - 1].allSatisfy(Self.isSpace) else {
            throw error("an end tag with something behind its name", raw, at, name.upperBound)
        }
        guard let last = open.last else {
            throw error("an end tag without a start", raw, at, at)
        }
        guard raw[name].elementsEqual(openNames[last.nameStart...]) else {
            let open = String(decoding: openNames[last.nameStart...], as: UTF8.self)
            let close = String(decoding: raw[name].prefix(64), as: UTF8.self)
            throw error(
                "</\(close)> closes <\(open.prefix(64))> of line \(last.line)", raw, at, at)
        }
        openNames.removeLast(openNames.count - last.nameStart)
        open.removeLast()
        return .end(name: name)
    }

    private func name(
        _ raw: UnsafeRawBufferPointer, _ at: Int, from start: Int, to end: Int
    ) throws(XMLError) -> Range<Int> {
        var i = start
        while i < end, Self.isNameByte(raw[i], isFirst: i == start) { i += 1 }
        guard i > start else { throw error("a tag without a name", raw, at, at) }
        return start..<i
    }

    private static func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"), UInt8(ascii: ":"), 0x80...:
            true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
            !isFirst
        default: false
        }
    }

    /// Hands out the attributes of a start tag: name, and value between its quotes. `at` is where
    /// the tag begins, `position` that place in the file.
    static func forEachAttribute(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ range: Range<Int>,
        from position: XMLPosition, _ body: (Range<Int>, Range<Int>) throws(XMLError) -> Void
    ) throws(XMLError) {
        func fail(_ what: String, _ offset: Int) -> XMLError {
            var place = position
            place.advance(over: raw[at..<offset])
            return XMLError(what: what, at: place)
        }
        var i = range.lowerBound
        while true {
            let gap = i
            while i < range.upperBound, isSpace(raw[i]) { i += 1 }
            if i == range.upperBound { return }
            let start = i
            while i < range.upperBound, isNameByte(raw[i], isFirst: i == start) { i += 1 }
            let name = start..<i
            while i < range.upperBound, isSpace(raw[i]) { i += 1 }
            guard start > gap, !name.isEmpty, i < range.upperBound, raw[i] == UInt8(ascii: "=")
            else { throw fail("an attribute NAME=\"VALUE\" expected", start) }
            i += 1
            while i < range.upperBound, isSpace(raw[i]) { i += 1 }
            guard i < range.upperBound,
                raw[i] == UInt8(ascii: "\"") || raw[i] == UInt8(ascii: "'"),
                let end = raw[i + 1..<range.upperBound].firstIndex(of: raw[i])
            else { throw fail("an attribute value without quotes", i) }
            try body(name, i + 1..<end)
            i = end + 1
        }
    }
}
