import Crypto
import CryptoExtras

/// A password as the file of users keeps it: `scrypt:N:r:p:salt:hash`, salt and hash in hex.
///
/// scrypt (RFC 7914) needs 128·N·r bytes of memory for each guess; with what `make` chooses, 16 MiB
/// and some 50 ms of one core.
package struct PasswordHash: Equatable, Sendable {
    /// Iterations, a power of two.
    package let rounds: Int
    package let blockSize: Int
    package let parallelism: Int
    let salt: [UInt8]
    let hash: [UInt8]

    package static let usualRounds = 16_384
    private static let usualBlockSize = 8
    private static let saltBytes = 16
    private static let hashBytes = 32
    /// A hash that asks for more memory would be a way to stop the server.
    package static let maxMemoryBytes = 256 << 20

    /// Whether both take the same time to check, so that who is asked for is not told by it.
    package func costsAs(_ other: PasswordHash) -> Bool {
        rounds == other.rounds && blockSize == other.blockSize && parallelism == other.parallelism
    }

    /// Of a new password, with a salt of its own. Cost: 50 ms.
    package static func make(
        of password: [UInt8], rounds: Int = usualRounds
    ) throws(AccessFailure) -> PasswordHash {
        var random = SystemRandomNumberGenerator()
        let salt = (0..<saltBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        let empty = PasswordHash(
            rounds: rounds, blockSize: usualBlockSize, parallelism: 1, salt: salt, hash: [])
        guard let hash = empty.derive(from: password, count: hashBytes) else {
            throw AccessFailure("scrypt failed, free memory and run again")
        }
        return PasswordHash(
            rounds: rounds, blockSize: usualBlockSize, parallelism: 1, salt: salt, hash: hash)
    }

    /// Of nobody: checking against it takes as long as against `like`, and never succeeds.
    package static func nobody(like other: PasswordHash?) -> PasswordHash {
        PasswordHash(
            rounds: other?.rounds ?? usualRounds, blockSize: other?.blockSize ?? usualBlockSize,
            parallelism: other?.parallelism ?? 1, salt: [UInt8](repeating: 0, count: saltBytes),
            hash: [])
    }

    /// Cost: as `make`; the comparison takes the same time wherever both differ.
    package func matches(_ password: [UInt8]) -> Bool {
        let count = hash.isEmpty ? Self.hashBytes : hash.count
        guard let found = derive(from: password, count: count) else { return false }
        return isSame(found, hash)
    }

    /// nil: there was no memory for it.
    private func derive(from password: [UInt8], count: Int) -> [UInt8]? {
        let key = try? KDF.Scrypt.deriveKey(
            from: password, salt: salt, outputByteCount: count, rounds: rounds,
            blockSize: blockSize, parallelism: parallelism)
        return key.map { $0.withUnsafeBytes { Array($0) } }
    }

    // MARK: Text

    package var text: String {
        "scrypt:\(rounds):\(blockSize):\(parallelism):\(Hex.text(salt)):\(Hex.text(hash))"
    }

    /// Says what is wrong with a text that is none.
    package init(_ text: some StringProtocol) throws(AccessFailure) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "scrypt" else {
            throw AccessFailure(
                "the password is no scrypt:N:r:p:salt:hash, make one with tacho acl hash")
        }
        guard let rounds = Int(parts[1]), rounds >= 1_024, rounds <= 1 << 20,
            rounds & (rounds - 1) == 0, let blockSize = Int(parts[2]), (1...32).contains(blockSize),
            let parallelism = Int(parts[3]), (1...16).contains(parallelism),
            128 * rounds * blockSize <= Self.maxMemoryBytes
        else {
            throw AccessFailure(
                "scrypt with N \(parts[1]), r \(parts[2]), p \(parts[3]): N a power of two from"
                    + " 1024 to 1048576, r 1 to 32, p 1 to 16 and 128·N·r up to 256 MiB expected")
        }
        guard let salt = Hex.bytes(parts[4]), (8...64).contains(salt.count),
            let hash = Hex.bytes(parts[5]), (16...64).contains(hash.count)
        else {
            throw AccessFailure(
                "salt of 8 to 64 bytes and hash of 16 to 64 expected in hex, make them with tacho"
                    + " acl hash")
        }
        self.init(
            rounds: rounds, blockSize: blockSize, parallelism: parallelism, salt: salt, hash: hash)
    }

    private init(rounds: Int, blockSize: Int, parallelism: Int, salt: [UInt8], hash: [UInt8]) {
        (self.rounds, self.blockSize, self.parallelism) = (rounds, blockSize, parallelism)
        (self.salt, self.hash) = (salt, hash)
    }
}

/// In a time that does not tell where both differ.
func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one.count == other.count else { return false }
    var difference: UInt8 = 0
    for (a, b) in zip(one, other) { difference |= a ^ b }
    return difference == 0
}
