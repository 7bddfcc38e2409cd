/// The head of a log at a size: the text of C2SP `tlog-checkpoint`.
package struct Checkpoint: Equatable, Sendable {
    /// Names the log; the name of the keys that sign it.
    package var origin: String
    /// Entries.
    package var size: UInt64
    /// RFC 6962 head over the leaves of the first `size` entries, 32 bytes.
    package var root: [UInt8]

    package init(origin: String, size: UInt64, root: [UInt8]) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Three lines: origin, size, root in base 64.
    package var text: [UInt8] { Array("\(origin)\n\(size)\n\(Base64Text.encode(root))\n".utf8) }

    /// Reads the lines. Ours have no extension lines; those of others are refused, because nobody
    /// could check them.
    package init(text: [UInt8]) throws(NoteError) {
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count == 4, lines[3].isEmpty else {
            throw .format("a checkpoint has the three lines origin, size and root")
        }
        let origin = String(decoding: lines[0], as: UTF8.self)
        guard VerifierKey.isName(origin) else { throw .format("its origin is no key's name") }
        guard let size = CanonicalText.number(lines[1]) else {
            throw .format("its size is no number")
        }
        guard let root = Base64Text.decode(lines[2]), root.count == Digest.byteCount else {
            throw .format("its root is not 32 bytes of base 64")
        }
        self.init(origin: origin, size: size, root: root)
    }
}

/// A checkpoint with its signatures, as the file `checkpoint` holds it.
package struct SignedCheckpoint: Equatable, Sendable {
    package let head: Checkpoint
    package internal(set) var note: SignedNote

    package init(parsing bytes: [UInt8]) throws(NoteError) {
        note = try SignedNote(parsing: bytes)
        head = try Checkpoint(text: note.text)
    }

    init(signing head: Checkpoint, with key: SigningKey) {
        self.head = head
        note = SignedNote(text: head.text)
        note.sign(with: key)
    }

    package func encoded() -> [UInt8] { note.encoded() }

    /// `key` must be of the checkpoint's origin and have signed it.
    package func verify(by key: VerifierKey) throws(NoteError) {
        guard key.name == head.origin else {
            throw .missing(key: key.text, found: note.signatures.map(\.name))
        }
        try note.verify(by: key)
    }
}

/// Numbers and hashes that have one text each.
enum CanonicalText {
    /// Decimal digits without sign and leading zeros.
    static func number(_ text: some Collection<UInt8>) -> UInt64? {
        guard let first = text.first, text.allSatisfy({ (48...57).contains($0) }),
            first != 48 || text.count == 1
        else { return nil }
        return UInt64(String(decoding: text, as: UTF8.self))
    }

    /// 64 lower-case hexadecimal digits.
    static func hash(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count == 2 * Digest.byteCount else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text {
            let value: UInt8
            switch character {
            case 48...57: value = character - 48
            case 97...102: value = character - 87
            default: return nil
            }
            if let upper = high {
                bytes.append(upper << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }
}
