import Foundation
import Testing

@testable import TachoNotify

/// Addresses, secrets and templates as they are written on the command line.
struct TargetAddressTests {
    private func address(_ text: String, _ kind: TargetAddress.Kind = .webhook) throws
        -> TargetAddress
    {
        try TargetAddress(kind: kind, text: text)
    }

    @Test func `addresses are read as they are meant`() throws {
        let plain = try address("http://127.0.0.1:9093", .alertmanager)
        #expect(plain.name == "alertmanager:127.0.0.1:9093")
        #expect(plain.path == "/api/v2/alerts")
        #expect(plain.shown == "http://127.0.0.1:9093")
        #expect(plain.isThisMachine && !plain.usesTLS && plain.authorization == nil)
        let prefixed = try address("https://am.example.com/prod/", .alertmanager)
        #expect(prefixed.path == "/prod/api/v2/alerts")
        #expect(prefixed.name == "alertmanager:am.example.com:443/prod")
        #expect(prefixed.authority == "am.example.com")
        let hook = try address("pager=HTTPS://u:p%40ss@[::1]:8443/a/b?token=s3cret")
        #expect(hook.name == "pager")
        #expect(hook.host == "::1" && hook.port == 8_443 && hook.authority == "[::1]:8443")
        #expect(hook.path == "/a/b?token=s3cret")
        #expect(hook.authorization == "Basic " + Data("u:p@ss".utf8).base64EncodedString())
        #expect(hook.shown == "https://[::1]:8443/…")
        #expect(try address("http://h").path == "/")
        #expect(try address("http://h?x=1").path == "/?x=1")
    }

    @Test func `what is secret is neither in the name nor shown, and tells targets apart`() throws {
        let one = try address("https://user:hunter2@hooks.example.com/services/T0/B0/xyzzy?k=v")
        let two = try address("https://hooks.example.com/services/T0/B0/other")
        for text in [one.name, one.shown] {
            for secret in ["user", "hunter2", "xyzzy", "k=v", "T0"] {
                #expect(!text.contains(secret), "\(text)")
            }
        }
        #expect(one.name != two.name)
        #expect(one.name.hasPrefix("webhook:hooks.example.com:443/"))
        // Another password is the same target.
        let again = try address("https://user:other@hooks.example.com/services/T0/B0/xyzzy?k=v")
        #expect(again.name == one.name)
    }

    @Test func `what is no address is refused, without saying it again`() {
        for text in [
            "", "h", "ftp://h", "http://", "http://:80", "http://h:0", "http://h:65536",
            "http://h:x", "http://[::1", "http://[::1]x", "http://h/a b", "http://h/a#b",
            "a b=http://h", "=http://h", "http://user:hunter2@h:x/hunter2",
        ] {
            #expect("\(text)") {
                _ = try address(text)
            } throws: { error in
                guard let error = error as? NotifyError else { return false }
                return !error.message.contains("hunter2") && error.message.contains("--webhook")
            }
        }
        #expect(throws: NotifyError.self) { try address("http://h/?q", .alertmanager) }
    }

    @Test func `two targets of one name, too many, and webhooks without a secret are refused`()
        throws
    {
        var options = NotifyOptions()
        options.targets = [try address("http://a/x"), try address("http://a/x")]
        options.secretPath = "f"
        #expect(throws: NotifyError.twoOfOneName(options.targets[0].name)) {
            try options.check()
        }
        options.targets = [try address("http://a/x")]
        try options.check()
        options.secretPath = nil
        #expect(throws: NotifyError.noSecret) { try options.check() }
        options.targets = try (0...16).map { try address("http://h\($0)", .alertmanager) }
        #expect(throws: NotifyError.tooManyTargets(16)) { try options.check() }
    }

    @Test func `secrets are one or two lines, and nothing else`() throws {
        let key = [UInt8](1...24)
        let line = "whsec_" + Data(key).base64EncodedString()
        _ = try WebhookSecrets(line, path: "f")
        let two = try WebhookSecrets("# new\n\(line)\r\n\n\(line)\n", path: "f")
        let parts = two.signature(id: "a", seconds: 1, body: []).split(separator: " ")
        #expect(parts.count == 2 && parts[0] == parts[1])
        let long = "whsec_" + Data([UInt8](0...64)).base64EncodedString()
        let short = "whsec_" + Data([UInt8](1...23)).base64EncodedString()
        for bad in [
            "", "# only", "secret", String(line.dropFirst(6)), line + "x", short, long,
            [line, line, line].joined(separator: "\n"), line.dropLast() + "=",
        ] {
            #expect("\(bad)") {
                _ = try WebhookSecrets(bad, path: "/etc/f")
            } throws: { error in
                guard let error = error as? NotifyError else { return false }
                return error.message.contains("/etc/f") && !error.message.contains(line.suffix(8))
            }
        }
    }

    @Test func `a file of secrets that others can use is refused`() throws {
        let path = NSTemporaryDirectory() + "tacho-secret-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let line = "whsec_" + Data([UInt8](1...32)).base64EncodedString()
        try line.write(toFile: path, atomically: true, encoding: .utf8)
        for mode in [0o600, 0o640, 0o400] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            _ = try WebhookSecrets.load(path)
        }
        for mode in [0o644, 0o660, 0o602] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(throws: NotifyError.self) { try WebhookSecrets.load(path) }
        }
        #expect(throws: NotifyError.self) { try WebhookSecrets.load(path + ".none") }
        #expect(throws: NotifyError.self) { try WebhookSecrets.load(NSTemporaryDirectory()) }
    }

    @Test func `base64 is what Foundation writes and reads`() {
        var generator = SeededGenerator(seed: 4)
        for count in 0..<70 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let text = Data(bytes).base64EncodedString()
            #expect(Base64.encode(bytes) == text)
            #expect(Base64.decode(Array(text.utf8)) == bytes)
        }
        for bad in ["A", "AB", "AB=", "AB=A", "A===", "AB CD", "AB==CD==", "QQ=Q", "QR=="] {
            #expect(Base64.decode(Array(bad.utf8)) == nil, "\(bad)")
        }
    }

    @Test func `templates with other words, or without an end, are refused`() {
        for bad in ["ftp://h", "h/{id}", "https://h/{ID}", "https://h/{id", "https://h/ {id}"] {
            #expect(throws: NotifyError.self, "\(bad)") { try EvidenceTemplate(bad) }
        }
    }

    @Test func `of what a webhook answers only the status is shown, of an Alertmanager the words`()
    {
        for status in [400, 401, 404, 500] {
            let answer = HTTPAnswer(
                status: status, retryAfter: nil,
                body: Array("Cannot POST /services/T/B/secret of rider kim".utf8))
            func reason(_ kind: TargetAddress.Kind) -> String {
                guard case .failed(let failure) = TargetAnswer.outcome(.success(answer), of: kind)
                else { return "no failure" }
                return failure.reason
            }
            let said = reason(.webhook)
            #expect(said.contains("\(status)"), "\(status): \(said)")
            #expect(!said.contains("secret") && !said.contains("kim"), "\(status): \(said)")
            #expect(reason(.alertmanager).contains("Cannot POST"), "\(status)")
        }
    }

    @Test func `answers mean what the page says`() {
        func outcome(_ status: Int, _ retryAfter: String? = nil) -> DeliveryOutcome {
            TargetAnswer.outcome(
                .success(
                    HTTPAnswer(
                        status: status, retryAfter: retryAfter,
                        body: Array("bad lat 37.5665\n".utf8))), of: .alertmanager)
        }
        for status in [200, 202, 204, 299] { #expect(outcome(status) == .delivered) }
        let kinds: [(Int, DeliveryFailure.Kind)] = [
            (301, .refused), (400, .refused), (401, .refused), (404, .refused), (422, .refused),
            (408, .later), (429, .later), (500, .later), (503, .later), (599, .later),
        ]
        for (status, kind) in kinds {
            guard case .failed(let failure) = outcome(status) else {
                Issue.record("\(status) is no failure")
                continue
            }
            #expect(failure.kind == kind, "\(status)")
            #expect(failure.reason.contains("\(status)"))
            // Who answers may say again what it was sent: no positions.
            #expect(!failure.reason.contains("37") && !failure.reason.contains("\n"))
        }
        for (text, ms) in [
            ("0", 0), ("3", 3_000), ("31", 30_000), ("99999999999999999999", 30_000),
            ("-1", 30_000), ("Fri, 02 Jan 2026 00:00:00 GMT", 30_000), ("", 30_000),
        ] as [(String, Int64)] {
            guard case .failed(let failure) = outcome(503, text) else { continue }
            #expect(failure.retryAfterMs == ms, "\(text)")
        }
    }
}
