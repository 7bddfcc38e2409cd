import Crypto

/// A public key in the form that C2SP `signed-note` users exchange (a *vkey*):
/// `NAME+HASH+BASE64`, the base 64 of an algorithm byte and 32 bytes of Ed25519.
package struct VerifierKey: Hashable, Sendable {
    /// What a key may sign, as its algorithm byte.
    package enum Kind: UInt8, Sendable {
        /// Checkpoints of a log and the notes that hand over to a next key.
        case log = 0x01
        /// Cosignatures of witnesses (C2SP `tlog-cosignature`).
        case witness = 0x04
    }

    /// Of a log's key the origin of its checkpoints.
    package let name: String
    package let kind: Kind
    /// 32 bytes.
    package let publicKey: [UInt8]
    /// The start of SHA-256(name ‖ LF ‖ algorithm ‖ key): tells keys apart, proves nothing.
    package let id: UInt32

    init(name: String, kind: Kind, publicKey: [UInt8]) throws(KeyError) {
        guard Self.isName(name) else { throw .name(name) }
        guard publicKey.count == KeyText.keyBytes,
            (try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)) != nil
        else { throw .format("its key is not one of Ed25519") }
        self.name = name
        self.kind = kind
        self.publicKey = publicKey
        id = KeyText.id(name: name, kind: kind, publicKey: publicKey)
    }

    /// Reads a vkey; white space around it is no part of it.
    package init(text: String) throws(KeyError) {
        let (name, stated, kind, key) = try KeyText.read(KeyText.trimmed(text))
        try self.init(name: name, kind: kind, publicKey: key)
        guard id == stated else { throw .format("its hash is not that of name and key") }
    }

    package var text: String { KeyText.write(name, id, kind, publicKey) }

    /// Names are not empty and have neither spaces nor `+`; here no control characters either.
    package static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 255
            && name.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20 && $0.value != 0x7F
            }
    }

    func isValid(_ signature: ArraySlice<UInt8>, of message: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else {
            return false
        }
        return key.isValidSignature(Array(signature), for: message)
    }
}

/// A private key with its public half. Made and read as `PRIVATE+KEY+NAME+HASH+BASE64`, the text
/// that Go's `note` package uses.
package struct SigningKey: Sendable {
    package let verifier: VerifierKey
    private let key: Curve25519.Signing.PrivateKey

    /// A new key from the system's random numbers.
    package init(name: String, kind: VerifierKey.Kind) throws(KeyError) {
        try self.init(Curve25519.Signing.PrivateKey(), name: name, kind: kind)
    }

    package init(text: String) throws(KeyError) {
        let text = KeyText.trimmed(text)
        guard text.hasPrefix(Self.prefix) else {
            throw .format("a private key starts with \(Self.prefix)")
        }
        let (name, stated, kind, seed) = try KeyText.read(String(text.dropFirst(Self.prefix.count)))
        try self.init(seed: seed, name: name, kind: kind)
        guard verifier.id == stated else { throw .format("its hash is not that of name and key") }
    }

    /// The key of a seed of 32 bytes: for examples.
    init(seed: [UInt8], name: String, kind: VerifierKey.Kind) throws(KeyError) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
            throw .format("its seed is not 32 bytes")
        }
        try self.init(key, name: name, kind: kind)
    }

    private init(
        _ key: Curve25519.Signing.PrivateKey, name: String, kind: VerifierKey.Kind
    ) throws(KeyError) {
        verifier = try VerifierKey(
            name: name, kind: kind, publicKey: Array(key.publicKey.rawRepresentation))
        self.key = key
    }

    /// Holds the secret: for a key file and nothing else.
    var text: String {
        Self.prefix
            + KeyText.write(
                verifier.name, verifier.id, verifier.kind, Array(key.rawRepresentation))
    }

    /// 64 bytes, which need not be the same for the same message.
    func signature(of message: [UInt8]) -> [UInt8] {
        guard let signature = try? key.signature(for: message) else {
            preconditionFailure("Ed25519 signs every message")
        }
        return Array(signature)
    }

    private static let prefix = "PRIVATE+KEY+"
}

/// What both texts share.
private enum KeyText {
    static let keyBytes = 32

    static func id(name: String, kind: VerifierKey.Kind, publicKey: [UInt8]) -> UInt32 {
        let input = Array(name.utf8) + [0x0A, kind.rawValue] + publicKey
        return input.withUnsafeBytes(Digest.of)[..<4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    static func write(
        _ name: String, _ id: UInt32, _ kind: VerifierKey.Kind, _ key: [UInt8]
    ) -> String {
        let hash = Digest.hex((0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * $0)) })
        return "\(name)+\(hash)+\(Base64Text.encode([kind.rawValue] + key))"
    }

    /// The parts of `NAME+HASH+BASE64`. The base 64 may hold `+`, the name may not.
    static func read(
        _ text: String
    ) throws(KeyError) -> (name: String, id: UInt32, kind: VerifierKey.Kind, key: [UInt8]) {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].count == 8,
            parts[1].allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
            let id = UInt32(String(decoding: parts[1], as: UTF8.self), radix: 16)
        else { throw .format("it is not NAME+HASH+BASE64") }
        guard let bytes = Base64Text.decode(parts[2]), bytes.count == keyBytes + 1 else {
            throw .format("its last part is not 33 bytes of base 64")
        }
        guard let kind = VerifierKey.Kind(rawValue: bytes[0]) else {
            throw .algorithm(bytes[0])
        }
        return (String(decoding: parts[0], as: UTF8.self), id, kind, Array(bytes[1...]))
    }

    static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        let end = start.lastIndex { !$0.isWhitespace }
        return end.map { String(start[...$0]) } ?? ""
    }
}

/// Why a text or a file is no key, or cannot become one.
package enum KeyError: Error, Equatable, Sendable {
    case name(String)
    case format(String)
    case algorithm(UInt8)
    /// Somebody else may read the file.
    case readable(path: String, mode: UInt32)
    case exists(path: String)
    /// Another process makes this key now.
    case inProgress(path: String)
    case inputOutput(operation: String, path: String, errno: Int32)
    /// A key of a log where one of a witness is needed, or the other way.
    case kind(needed: VerifierKey.Kind)

    package var exit: AuditExit {
        switch self {
        case .inputOutput: .inputOutput
        case .algorithm: .unknownVersion
        default: .usage
        }
    }

    package var message: String {
        switch self {
        case .name(let name):
            "\"\(name)\" is no key name; use one without spaces and +, such as example.com/log"
        case .format(let why):
            "this is no key: \(why); give the file that key new made, or of a public one the whole "
                + "line that it printed"
        case .algorithm(let byte):
            "a key of algorithm \(byte) is unknown here; use a newer tacho-audit"
        case .readable(let path, let mode):
            "\(path) can be read by others (mode \(String(mode, radix: 8))); run: chmod 600 \(path)"
        case .exists(let path): "\(path) exists already; a key is never written over, take another"
        case .inProgress(let path):
            "another process is making the key \(path); use that one, or take another name"
        case .inputOutput(let operation, let path, let errno):
            "\(operation) \(path): \(SystemError.text(errno))"
        case .kind(.log): "this is a witness's key; a log needs one of key new without --witness"
        case .kind(.witness): "this is a log's key; a witness needs one of key new --witness"
        }
    }
}
