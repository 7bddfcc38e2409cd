import Foundation
import ScriptedServer
import Synchronization
import TachoWire
import Testing

@testable import TachoClient

struct CredentialsTests {
    private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "tacho-password-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        try body(path)
    }

    private func find(
        _ user: String?, _ file: String?, _ environment: [String: String]
    ) throws -> Credentials? {
        try Credentials.read(user: user, passwordFile: file, environment: environment)
    }

    @Test func `options come before the environment, and nothing named is nobody`() throws {
        try withFile("one two\r\nthree\n") { path in
            let password = Array("one two".utf8)
            let environment = ["TACHO_USER": "kim", "TACHO_PASSWORD_FILE": path]
            let nobody = try find(nil, nil, [:])
            #expect(nobody == nil)
            #expect(
                try find(nil, nil, environment) == Credentials(user: "kim", password: password))
            #expect(
                try find("lee", nil, environment) == Credentials(user: "lee", password: password))
            #expect(
                try find(nil, path, [:]) == Credentials(user: "default", password: password))
            let alone = #expect(throws: ToolFailure.self) { try find("lee", nil, [:]) }
            #expect(alone?.status == ExitStatus.usage)
            let missing = #expect(throws: ToolFailure.self) { try find("lee", path + "-", [:]) }
            #expect(missing?.message.contains(path) == true)
        }
    }

    @Test(arguments: ["", "\n", "\nsecret\n", String(repeating: "x", count: 4_097)])
    func `a first line that is no password is an error without it`(text: String) throws {
        try withFile(text) { path in
            let failure = #expect(throws: ToolFailure.self) {
                try Credentials.read(user: "kim", passwordFile: path, environment: [:])
            }
            #expect(failure?.message.contains("first line") == true)
            #expect(failure?.message.contains("xxx") == false)
        }
    }

    @Test func `a connection logs in before anything else`() throws {
        let heard = Mutex<[[String]]>([])
        let server = try ScriptedServer.start { _, words in
            heard.withLock { $0.append(words) }
            return .bytes("+OK\r\n")
        }
        let connection = try Connection.open(
            server.address,
            access: ServerAccess(credentials: Credentials(user: "kim", password: Array("a b".utf8)))
        )
        _ = try connection.call("PING")
        connection.close()
        #expect(heard.withLock { $0 } == [["AUTH", "kim", "a b"], ["PING"]])
        try server.stop()
    }

    @Test func `a wrong password says how to log in`() throws {
        let server = try ScriptedServer.start { _, _ in .bytes("-WRONGPASS invalid\r\n") }
        let error = #expect(throws: ClientError.self) {
            try Connection.open(
                server.address,
                access: ServerAccess(credentials: Credentials(user: "kim", password: [0x78])))
        }
        #expect(error == .refused("WRONGPASS invalid"))
        #expect(error?.failure.message.contains("--password-file") == true)
        #expect(ClientError.refused("syntax error").failure.message.contains("--user") == false)
        try server.stop()
    }
}
