import Foundation
import Logging
import Synchronization
import TachoAccess
import TachoServer
import TachoWire
import Testing

/// Users of tests, all with the password `secret`; two of each role but admin: `ROLE` has all riders,
/// `ROLE-own` those that begin with `own:`.
enum TestUsers {
    static let hash: String = {
        (try? PasswordHash.make(of: Array("secret".utf8), rounds: 1_024).text) ?? ""
    }()

    static let roles: [String] = Role.allCases.flatMap { role -> [String] in
        let name = role.rawValue
        let all = "user \(name) role \(name) password \(hash)"
        return role == .admin
            ? [all] : [all, "user \(name)-own role \(name) riders own: password \(hash)"]
    }

    static func accounts(_ lines: [String] = roles) throws -> AccountList {
        try AccessFile.parse(
            lines.map { $0.replacingOccurrences(of: "SECRET", with: "password " + hash) }
                .joined(separator: "\n"), path: "test")
    }
}

extension TestClient {
    /// Logged in with `secret`.
    convenience init(_ server: RespServer, as user: String) throws {
        try self.init(server)
        let reply = try ask("AUTH", user, "secret")
        try #require(reply == .simple("OK"), "\(user): \(reply)")
    }

    func ask(bytes words: [[UInt8]]) throws -> Reply {
        var writer = RequestWriter()
        writer.begin(arguments: words.count)
        for word in words { writer.argument(word) }
        send(writer.bytes)
        return try receive()
    }
}

/// Log lines as they come, of every level.
final class CapturedLog: LogHandler, @unchecked Sendable {
    private let text = Mutex<[String]>([])
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = "\(event.level) \(event.message) \(event.metadata ?? [:])"
        text.withLock { $0.append(line) }
    }

    var lines: [String] { text.withLock { $0 } }
}
