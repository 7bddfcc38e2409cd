import TachoAccess
import Testing

struct PasswordHashTests {
    private func hash(_ password: String) throws -> PasswordHash {
        try PasswordHash.make(of: Array(password.utf8), rounds: 1_024)
    }

    @Test func `a hash matches its password only, also after its text was read again`() throws {
        let hash = try hash("correct horse")
        let read = try PasswordHash(hash.text)
        #expect(read == hash)
        #expect(read.matches(Array("correct horse".utf8)))
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            #expect(!read.matches(Array(wrong.utf8)), "\(wrong)")
        }
    }

    @Test func `it is scrypt as RFC 7914 has it`() throws {
        // Section 12: "pleaseletmein", "SodiumChloride", N 16384, r 8, p 1.
        let salt = "536f6469756d43686c6f72696465"
        let key =
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        let hash = try PasswordHash("scrypt:16384:8:1:\(salt):\(key)")
        #expect(hash.matches(Array("pleaseletmein".utf8)))
        #expect(!hash.matches(Array("pleaseletmeout".utf8)))
    }

    @Test func `equal passwords have different hashes, and nobody has none`() throws {
        let (one, other) = (try hash("x"), try hash("x"))
        #expect(one.text != other.text)
        let nobody = PasswordHash.nobody(like: one)
        #expect(nobody.costsAs(one))
        #expect(!nobody.matches(Array("x".utf8)) && !nobody.matches([]))
    }

    @Test(arguments: [
        ("", "tacho acl hash"), ("secret", "tacho acl hash"),
        ("scrypt:1000:8:1:0011223344556677:00112233445566778899aabbccddeeff", "power of two"),
        ("scrypt:1048576:32:1:0011223344556677:00112233445566778899aabbccddeeff", "256 MiB"),
        ("scrypt:16384:0:1:0011223344556677:00112233445566778899aabbccddeeff", "r 1 to 32"),
        ("scrypt:16384:8:1:00:00112233445566778899aabbccddeeff", "salt of 8 to 64"),
        ("scrypt:16384:8:1:0011223344556677:0011", "hash of 16 to 64"),
        ("scrypt:16384:8:1:001122334455667x:00112233445566778899aabbccddeeff", "in hex"),
    ])
    func `a text that is no hash says what is expected`(text: String, expected: String) {
        let failure = #expect(throws: AccessFailure.self) { try PasswordHash(text) }
        #expect(failure?.message.contains(expected) == true, "\(failure?.message ?? "")")
        #expect(failure?.message.contains("secret") == false)
    }
}
