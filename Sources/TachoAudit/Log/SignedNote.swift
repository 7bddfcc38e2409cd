/// A text and the signatures under it: C2SP `signed-note`.
///
/// The text ends in a line feed; a blank line and one line a signature follow: em dash, space, the
/// key's name, space, base 64 of the key's id (u32, big-endian) and the signature.
package struct SignedNote: Equatable, Sendable {
    package struct Signature: Equatable, Sendable {
        package let name: String
        package let id: UInt32
        /// Without the id: 64 bytes, of a witness a u64 of seconds (big-endian) before them.
        package let bytes: [UInt8]
    }

    /// What is signed, the last line feed included.
    package let text: [UInt8]
    package private(set) var signatures: [Signature]

    /// A note without signatures, to be signed.
    init(text: [UInt8]) {
        precondition(text.last == Self.newline, "the text of a note ends in a line feed")
        self.text = text
        signatures = []
    }

    /// Reads a note. Unknown signatures are kept, not judged.
    package init(parsing bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= Self.byteLimit else { throw .format("it is longer than 1 MiB") }
        guard bytes.allSatisfy({ $0 >= 0x20 || $0 == Self.newline }),
            String(validating: bytes, as: UTF8.self) != nil
        else { throw .format("it is not UTF-8 without control characters") }
        guard let end = Self.lastBlankLine(bytes) else { throw .format("it has no signatures") }
        text = Array(bytes[...end])
        signatures = []
        let rest = bytes[(end + 2)...]
        guard rest.last == Self.newline else { throw .format("its last line does not end") }
        for line in rest.dropLast().split(
            separator: Self.newline, omittingEmptySubsequences: false)
        {
            guard let signature = Self.signature(line) else {
                throw .format("a signature line is not NAME and base 64")
            }
            guard signatures.count < Self.signatureLimit else {
                throw .format("it has more than \(Self.signatureLimit) signatures")
            }
            signatures.append(signature)
        }
    }

    package func encoded() -> [UInt8] {
        var out = text + [Self.newline]
        for signature in signatures {
            let id = (0..<4).map { UInt8(truncatingIfNeeded: signature.id >> (24 - 8 * $0)) }
            out += Self.dash
            out += Array(signature.name.utf8) + [0x20]
            out += Array(Base64Text.encode(id + signature.bytes).utf8) + [Self.newline]
        }
        return out
    }

    /// Whether `key` signed it: `.missing` without a line of its name and id; the first such line
    /// decides. Gives the time of a witness's signature in Unix seconds, 0 for other keys.
    @discardableResult
    package func verify(by key: VerifierKey) throws(NoteError) -> UInt64 {
        guard let line = signatures.first(where: { $0.name == key.name && $0.id == key.id }) else {
            throw .missing(key: key.text, found: signatures.map(\.name))
        }
        switch key.kind {
        case .log:
            guard line.bytes.count == 64, key.isValid(line.bytes[...], of: text) else {
                throw .signature(key: key.text)
            }
            return 0
        case .witness:
            guard line.bytes.count == 72 else { throw .signature(key: key.text) }
            let seconds = line.bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard seconds <= UInt64(Int64.max),
                key.isValid(line.bytes[8...], of: Self.cosigned(text, seconds))
            else { throw .signature(key: key.text) }
            return seconds
        }
    }

    /// Whether a line claims to be of `key`.
    func isNamed(_ key: VerifierKey) -> Bool {
        signatures.contains { $0.name == key.name && $0.id == key.id }
    }

    /// Adds the signature of `key`, replacing one it made before. `seconds`: Unix time, told by
    /// witnesses only.
    mutating func sign(with key: SigningKey, seconds: UInt64 = 0) {
        let verifier = key.verifier
        signatures.removeAll { $0.name == verifier.name && $0.id == verifier.id }
        let bytes: [UInt8]
        switch verifier.kind {
        case .log: bytes = key.signature(of: text)
        case .witness:
            let time = (0..<8).map { UInt8(truncatingIfNeeded: seconds >> (56 - 8 * $0)) }
            bytes = time + key.signature(of: Self.cosigned(text, seconds))
        }
        signatures.append(Signature(name: verifier.name, id: verifier.id, bytes: bytes))
    }

    private static func cosigned(_ text: [UInt8], _ seconds: UInt64) -> [UInt8] {
        Array("cosignature/v1\ntime \(seconds)\n".utf8) + text
    }

    /// Where the text's last line feed stands, which a blank line follows.
    private static func lastBlankLine(_ bytes: [UInt8]) -> Int? {
        var place = bytes.count - 2
        while place >= 0 {
            if bytes[place] == newline && bytes[place + 1] == newline { return place }
            place -= 1
        }
        return nil
    }

    private static func signature(_ line: ArraySlice<UInt8>) -> Signature? {
        guard line.starts(with: dash) else { return nil }
        let parts = line.dropFirst(dash.count).split(
            separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2, let bytes = Base64Text.decode(parts[1]), bytes.count > 4 else {
            return nil
        }
        let name = String(decoding: parts[0], as: UTF8.self)
        guard VerifierKey.isName(name) else { return nil }
        return Signature(
            name: name, id: bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) },
            bytes: Array(bytes[4...]))
    }

    private static let newline: UInt8 = 0x0A
    private static let dash = Array("\u{2014} ".utf8)
    private static let byteLimit = 1 << 20
    private static let signatureLimit = 100
}

/// Why a text is no note or checkpoint, or not signed as it must be.
package enum NoteError: Error, Equatable, Sendable {
    case format(String)
    /// None of its signatures is of the key.
    case missing(key: String, found: [String])
    /// The signature under the key's name and id is not the key's.
    case signature(key: String)

    package var message: String {
        switch self {
        case .format(let why): why
        case .missing(let key, let found):
            "it is not signed by \(key), but by \(found.joined(separator: ", "))"
        case .signature(let key): "the signature in the name of \(key) is not of that key"
        }
    }
}
