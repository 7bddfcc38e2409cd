/// How the bytes of an XML file stand for characters, as its first ones say.
enum XMLEncoding: Equatable {
    case utf8
    /// A byte a character; read as UTF-8 after each of them became one.
    case latin1

    /// A declaration has its end within this.
    private static let maxDeclarationBytes = 1_024

    /// The encoding, and where the text begins. nil: more bytes are needed.
    static func find(
        _ raw: UnsafeRawBufferPointer, isLast: Bool
    ) throws(XMLError) -> (encoding: XMLEncoding, start: Int)? {
        if raw.count < 4 && !isLast { return nil }
        if raw.starts(with: [0xFF, 0xFE]) || raw.starts(with: [0xFE, 0xFF])
            || raw.starts(with: [0x3C, 0x00]) || raw.starts(with: [0x00, 0x3C])
        {
            throw refused("UTF-16")
        }
        let start = raw.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let text = raw[start...].prefix(maxDeclarationBytes)
        let opening = Array("<?xml".utf8)
        if text.count < opening.count && !isLast { return nil }
        guard text.starts(with: opening) else { return (.utf8, start) }
        guard let end = text.firstIndex(of: UInt8(ascii: ">")) else {
            if text.count < maxDeclarationBytes && !isLast { return nil }
            throw XMLError(what: "<?xml … ?> without an end", at: XMLPosition())
        }
        let declaration = String(decoding: text[..<end], as: UTF8.self)
        guard let name = named(declaration) else { return (.utf8, start) }
        switch name.lowercased() {
        case "utf-8", "utf8", "us-ascii", "ascii": return (.utf8, start)
        // Of the last, only quotes and the like differ, which no field has.
        case "iso-8859-1", "latin1", "windows-1252": return (.latin1, start)
        default: throw refused(name)
        }
    }

    private static func refused(_ name: String) -> XMLError {
        XMLError(
            what:
                "encoding \(name) is not read, UTF-8 or ISO-8859-1 expected: convert the file with"
                + " iconv -f \(name) -t UTF-8 and take the encoding out of its first line",
            at: XMLPosition())
    }

    /// What stands behind `encoding=`.
    private static func named(_ declaration: String) -> String? {
        guard let word = declaration.firstRange(of: "encoding") else { return nil }
        let rest = declaration[word.upperBound...].drop { $0 == " " || $0 == "=" }
        guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
        return String(rest.dropFirst().prefix { $0 != quote }.prefix(40))
    }

    /// Appends bytes as UTF-8.
    func append(_ bytes: Slice<UnsafeRawBufferPointer>, to out: inout [UInt8]) {
        switch self {
        case .utf8: out.append(contentsOf: bytes)
        case .latin1:
            for byte in bytes {
                if byte < 0x80 {
                    out.append(byte)
                } else {
                    out.append(0xC0 | byte >> 6)
                    out.append(0x80 | byte & 0x3F)
                }
            }
        }
    }
}
