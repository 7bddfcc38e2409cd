import Foundation
@testable import TachoAccess
import Testing

struct AccessFileTests {
    private static let hash =
        "scrypt:1024:8:1:00112233445566778899aabbccddeeff:"
        + "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

    private func message(_ text: String) -> String {
        do {
            _ = try AccessFile.parse(text, path: "users")
            return ""
        } catch {
            return error.message
        }
    }

    @Test func `a file has users, comments and empty lines`() throws {
        let accounts = try AccessFile.parse(
            """
            # who writes
            user phones role ingest riders seoul-,busan- rate 5000/s burst 9000 password \(Self.hash)

            user kim\trole ops,read nopass-by-certificate   # the night
            user default role read commands -t.who,+t.stats password \(Self.hash)\r
            """, path: "users")
        #expect(accounts.users.map(\.name) == ["phones", "kim", "default"])
        let phones = try #require(accounts["phones"])
        #expect(phones.roles == .ingest)
        #expect(phones.prefixes == RiderPrefixes([Array("seoul-".utf8), Array("busan-".utf8)]))
        #expect(phones.rate == RateLimit(perSecond: 5_000, burst: 9_000))
        #expect(accounts["kim"]?.login == .certificate)
        #expect(accounts["kim"]?.roles == [.ops, .read])
        #expect(accounts["nobody"] == nil)
        #expect(
            accounts.users.map(\.line) == [
                "user phones role ingest riders seoul-,busan- rate 5000/s burst 9000 password (hidden)",
                "user kim role read,ops nopass-by-certificate",
                "user default role read commands -t.who,+t.stats password (hidden)",
            ])
    }

    @Test func `lines may end as on other systems`() throws {
        let text = "user a role read nopass-by-certificate\r\n\r\n# b\r\nuser c role ops x\r\n"
        #expect(message(text).hasPrefix("users, line 4:"))
    }

    @Test(arguments: [
        ("", "no users"), ("# nothing", "no users"),
        ("usr x role read", "line 1: a line begins with"),
        ("\nuser x role read", "line 2: user x has no password"),
        ("user x nopass-by-certificate", "has no role"),
        ("user", "nothing behind user"), ("user x role", "nothing behind role"),
        ("user x role boss nopass-by-certificate", "role boss is not known"),
        ("user a:b role read nopass-by-certificate", "names have letters"),
        ("user x role read riders a,,b nopass-by-certificate", "an empty prefix"),
        ("user x role admin riders a nopass-by-certificate", "role admin is for all riders"),
        ("user x role read rate 5 nopass-by-certificate", "as in 5000/s"),
        ("user x role read rate 0/s nopass-by-certificate", "as in 5000/s"),
        ("user x role read burst 5 nopass-by-certificate", "burst needs rate"),
        ("user x role read commands t.seal nopass-by-certificate", "+ or - in front"),
        ("user x role read commands +t.sale nopass-by-certificate", "there is no command t.sale"),
        ("user x role read commands +t.rules|burn nopass-by-certificate", "GET, TEST, SET"),
        ("user x role read commands +t.get|x nopass-by-certificate", "is one command"),
        ("user x role read password secret", "tacho acl hash"),
        (
            "user x role read nopass-by-certificate\nuser x role ops nopass-by-certificate",
            "line 2: user x is in line 1 already"
        ),
    ])
    func `what is wrong is told with its line and what to do`(text: String, expected: String) {
        #expect(message(text).contains(expected), "\(message(text))")
        #expect(message(text).hasPrefix("users"))
    }

    @Test func `what may be a password is not repeated`() {
        #expect(!message("user x role read hunter2").contains("hunter2"))
        #expect(!message("user x role read password hunter2").contains("hunter2"))
    }

    @Test func `a file that others may write is not read, one that all may read is told`() throws {
        let path = NSTemporaryDirectory() + "tacho-users-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "user x role admin password \(Self.hash)\n".write(
            toFile: path, atomically: false, encoding: .utf8)
        chmod(path, 0o600)
        #expect(try AccessFile.load(path).warnings == [])
        chmod(path, 0o644)
        #expect(try AccessFile.load(path).warnings.count == 1)
        for mode in [0o620, 0o602, 0o666] as [mode_t] {
            chmod(path, mode)
            let failure = #expect(throws: AccessFailure.self) { try AccessFile.load(path) }
            #expect(failure?.message.contains("chmod go-w") == true)
        }
        #expect(throws: AccessFailure.self) { try AccessFile.load(path + "-not-there") }
        #expect(throws: AccessFailure.self) { try AccessFile.load(NSTemporaryDirectory()) }
    }

    @Test func `hashes of different cost and a file without an administrator are told`() throws {
        let path = NSTemporaryDirectory() + "tacho-users-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let other = Self.hash.replacingOccurrences(of: "1024", with: "2048")
        try "user x role read password \(Self.hash)\nuser y role read password \(other)\n".write(
            toFile: path, atomically: false, encoding: .utf8)
        chmod(path, 0o600)
        let warnings = try AccessFile.load(path).warnings
        #expect(warnings.count == 2)
        #expect(warnings[0].contains("hash of y") && warnings[1].contains("admin"))
    }
}
