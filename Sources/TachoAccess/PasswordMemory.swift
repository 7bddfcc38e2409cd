import Crypto

/// Which password each user came in with last, as a hash under a key that only this process has: a
/// reconnect of 10,000 clients is then 10,000 hashes of 1 µs and not 10,000 scrypts of 50 ms.
///
/// Of one user one password is remembered; who has its hash and not the key cannot try passwords.
package struct PasswordMemory {
    private let key: [UInt8]
    private var marks: [String: [UInt8]] = [:]

    package init() {
        var random = SystemRandomNumberGenerator()
        key = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// Of a user, what the file says of the password, and what was sent: another line of the file is
    /// another mark.
    package func mark(_ name: String, _ stored: PasswordHash, _ password: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        func add(_ bytes: [UInt8]) {
            withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { hash.update(bufferPointer: $0) }
            bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        }
        add(key)
        add(Array(name.utf8))
        add(Array(stored.text.utf8))
        add(password)
        return Array(hash.finalize())
    }

    package func knows(_ name: String, _ mark: [UInt8]) -> Bool {
        marks[name].map { isSame($0, mark) } ?? false
    }

    /// The password was right. Bounded by the number of users.
    package mutating func remember(_ name: String, _ mark: [UInt8]) { marks[name] = mark }

    package mutating func keep(only accounts: AccountList) {
        marks = marks.filter { accounts[$0.key] != nil }
    }
}
