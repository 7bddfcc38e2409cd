import Crypto
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// By what webhooks are signed: one secret, or two while receivers change from one to the other.
///
/// Signed as Standard Webhooks says (`v1`): HMAC-SHA256 over `id.timestamp.body`, so receivers need no
/// code of their own. With two secrets there are two signatures, and a receiver that knows either is
/// content: write the new one into the file beside the old, SIGHUP, change the receivers, take the old
/// one out, SIGHUP.
struct WebhookSecrets: Sendable {
    private let keys: [SymmetricKey]

    static let prefix = "whsec_"
    static let keyBytes = 24...64
    static let maxSecrets = 2

    init(_ text: String, path: String) throws(NotifyError) {
        var keys: [SymmetricKey] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            var line = line
            while line.last?.isWhitespace == true { line = line.dropLast() }
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard line.hasPrefix(Self.prefix),
                let key = Base64.decode(Array(line.dropFirst(Self.prefix.count).utf8)),
                Self.keyBytes.contains(key.count)
            else { throw .secret(path: path, "line \(index + 1) is no secret") }
            keys.append(SymmetricKey(data: key))
        }
        guard (1...Self.maxSecrets).contains(keys.count) else {
            throw .secret(path: path, "\(keys.count) secrets in it, one or two expected")
        }
        self.keys = keys
    }

    /// The value of `webhook-signature`. Cost: 1 µs and 3 a KiB, for each secret.
    func signature(id: String, seconds: Int64, body: [UInt8]) -> String {
        let head = Array("\(id).\(seconds).".utf8)
        return keys.map { key in
            var code = HMAC<SHA256>(key: key)
            code.update(data: head)
            code.update(data: body)
            return "v1," + Base64.encode(Array(code.finalize()))
        }.joined(separator: " ")
    }

    /// Reads a file that its owner alone can write.
    static func load(_ path: String) throws(NotifyError) -> WebhookSecrets {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw .cannotRead(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .secret(path: path, "it is no file")
        }
        guard status.st_mode & (S_IRWXG | S_IRWXO) & ~S_IRGRP == 0 else {
            throw .secret(path: path, "others than its owner and group can use it, chmod 600 it")
        }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = read(file, &bytes, bytes.count)
        guard count >= 0 else {
            throw .cannotRead(path: path, reason: String(cString: strerror(errno)))
        }
        return try WebhookSecrets(
            String(decoding: bytes[..<count], as: UTF8.self), path: path)
    }
}

/// The secrets in force, which SIGHUP exchanges.
final class SecretBox: Sendable {
    private let state: Mutex<WebhookSecrets>

    init(_ secrets: WebhookSecrets) { state = Mutex(secrets) }

    var now: WebhookSecrets { state.withLock { $0 } }
    func exchange(_ secrets: WebhookSecrets) { state.withLock { $0 = secrets } }
}
