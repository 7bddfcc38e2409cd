/// The common name in the subject of a certificate, by which a client is known as a user.
///
/// Reads DER (X.690) as far as the subject and no further; the certificate has been verified by then.
/// Written by hand because the one alternative is a package of a hundred files for one field.
package enum CommonName {
    private static let sequence: UInt8 = 0x30
    private static let set: UInt8 = 0x31
    private static let objectIdentifier: UInt8 = 0x06
    /// The explicit version in front of the serial number; absent in version 1.
    private static let version: UInt8 = 0xA0
    /// UTF8String, PrintableString.
    private static let texts: [UInt8] = [0x0C, 0x13]
    /// id-at-commonName, 2.5.4.3 (RFC 5280, appendix A).
    private static let commonName: [UInt8] = [0x55, 0x04, 0x03]

    /// nil: it has none, more than one, or one that is no text; also for what is no certificate.
    package static func ofSubject(der: [UInt8]) -> String? {
        var outer = Reader(der[...])
        guard var certificate = outer.next(sequence), var body = certificate.next(sequence) else {
            return nil
        }
        if body.peek == version { _ = body.next(version) }
        // Serial number, algorithm, issuer, validity.
        for _ in 0..<4 { guard body.skip() else { return nil } }
        guard var subject = body.next(sequence) else { return nil }
        var found: String?
        while !subject.isEmpty {
            guard var names = subject.next(set) else { return nil }
            while !names.isEmpty {
                guard var pair = names.next(sequence), let type = pair.next(objectIdentifier),
                    let tag = pair.peek, let value = pair.next(tag)
                else { return nil }
                guard Array(type.bytes) == commonName else { continue }
                guard found == nil, texts.contains(tag) else { return nil }
                found = String(validating: value.bytes, as: UTF8.self)
                if found == nil { return nil }
            }
        }
        return found
    }

    /// Elements of tag, length and content, one after the other.
    private struct Reader {
        var bytes: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

        var isEmpty: Bool { bytes.isEmpty }
        var peek: UInt8? { bytes.first }

        /// The content of the next element if it has this tag.
        mutating func next(_ tag: UInt8) -> Reader? {
            guard bytes.popFirst() == tag, let length = length(), length <= bytes.count else {
                return nil
            }
            let content = bytes.prefix(length)
            bytes = bytes.dropFirst(length)
            return Reader(content)
        }

        mutating func skip() -> Bool {
            guard let tag = peek else { return false }
            return next(tag) != nil
        }

        /// Up to 16 MiB; the indefinite form is not DER.
        private mutating func length() -> Int? {
            guard let first = bytes.popFirst() else { return nil }
            if first < 0x80 { return Int(first) }
            let count = Int(first & 0x7F)
            guard (1...3).contains(count), bytes.count >= count else { return nil }
            var length = 0
            for _ in 0..<count { length = length << 8 | Int(bytes.removeFirst()) }
            return length
        }
    }
}
