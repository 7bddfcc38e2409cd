import Foundation
import FormatSpec
import TachoAccess
import TachoGeo
import TachoServer
import TachoWire
import Testing

/// `Tests/Fixtures/access-matrix.txt`, every cell against a server.
struct AccessMatrixServerTests {
    private func packed(_ rider: String) -> [UInt8] {
        var batch = PackedBatchWriter()
        for name in ["own:1", rider] {
            batch.append(
                rider: Array(name.utf8),
                fix: Fix(tsMs: testNowMs, latE7: 375_000_000, lonE7: 1_270_000_000))
        }
        var writer = RequestWriter()
        writer.put(batch)
        var parser = RequestParser()
        guard case .request = parser.next(writer.bytes.span.bytes) else { return [] }
        return writer.bytes.withUnsafeBytes { bytes in
            parser.withArguments(of: bytes) { Array($0[1]) }
        }
    }

    private func letter(_ reply: Reply) -> Character {
        guard let text = reply.errorText else { return "+" }
        if text.hasPrefix("NOAUTH") { return "?" }
        guard text.hasPrefix("NOPERM") else { return "+" }
        if text.contains("to run the") { return "-" }
        if text.contains("access a rider") { return "r" }
        return text.contains("speaks for") ? "s" : "w"
    }

    @Test func `each request of each user is answered as the fixture says`() throws {
        let path = SpecPage.repository.path + "/Tests/Fixtures/access-matrix.txt"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
        var cells = 0
        try withServer(accounts: try TestUsers.accounts()) { server in
            for line in lines {
                let parts = line.split(separator: "|")
                    .map { $0.trimmingCharacters(in: .whitespaces) }
                for (role, letters) in zip(Role.allCases, parts.dropFirst()) {
                    for (index, expected) in letters.enumerated() where expected != "e" {
                        let isOwn = role != .admin && index < 2
                        let user = role.rawValue + (isOwn ? "-own" : "")
                        let rider = role != .admin && index == 0 ? "own:1" : "other:1"
                        let words = parts[0].split(separator: " ").map { word in
                            word == "{put}"
                                ? packed(rider)
                                : Array(
                                    word.replacingOccurrences(of: "{r}", with: rider)
                                        .replacingOccurrences(of: "{user}", with: user).utf8)
                        }
                        let client = try TestClient(server, as: user)
                        let reply = try client.ask(bytes: words)
                        #expect(
                            letter(reply) == expected, "\(parts[0]), \(user), \(rider): \(reply)")
                        cells += 1
                    }
                }
            }
        }
        #expect(cells > 1_400)
    }
}
