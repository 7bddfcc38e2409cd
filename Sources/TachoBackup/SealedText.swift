import TachoAudit

/// Lines of a file that ends with the SHA-256 of everything before that last line. Numbers and hashes
/// have one text each, so what is read is compared with what would be written.
struct SealedText {
    private(set) var bytes: [UInt8] = []

    mutating func line(_ words: String...) {
        bytes += Array(words.joined(separator: " ").utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// With the last line.
    func finished() -> [UInt8] {
        let hash = bytes.withUnsafeBytes { Digest.of($0) }
        return bytes + Array("end \(Digest.hex(hash))\n".utf8)
    }

    /// The words of each line but the last, if that one is right; nil: the file was cut, or a byte of
    /// it is another.
    static func lines(_ bytes: [UInt8]) -> [[String]]? {
        guard bytes.last == UInt8(ascii: "\n"),
            let before = bytes.dropLast().lastIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        let body = bytes[...before]
        let hash = body.withUnsafeBytes { Digest.of($0) }
        guard bytes[(before + 1)...].elementsEqual("end \(Digest.hex(hash))\n".utf8) else {
            return nil
        }
        return body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast().map { line in
                line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map {
                    String(decoding: $0, as: UTF8.self)
                }
            }
    }
}

/// Names of files as one word of visible ASCII characters.
enum EscapedPath {
    static func encode(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            if byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "%") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + Digest.hex([byte])
            }
        }
        return text
    }

    /// nil: no name that `encode` makes of a file below a directory.
    static func decode(_ word: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(word.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard !bytes.contains(0) else { return nil }
        let path = String(decoding: bytes, as: UTF8.self)
        // Nothing may be restored to another place.
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), encode(path) == word
        else { return nil }
        return path
    }
}
