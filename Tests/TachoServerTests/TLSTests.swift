import Foundation
import TachoServer
import Testing

/// Certificates made with the openssl command, in a directory that goes with the test.
private final class Certificates {
    let directory = NSTemporaryDirectory() + "tacho-tls-" + UUID().uuidString

    init() throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func path(_ name: String) -> String { directory + "/" + name }

    func openssl(_ words: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + words
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(words)")
    }

    /// `NAME.pem` and `NAME.key`, signed by itself.
    @discardableResult
    func make(_ name: String, subject: String = "/CN=localhost") throws -> TLSSettings {
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", path(name + ".key"), "-out", path(name + ".pem"), "-subj", subject, "-days",
            "30", "-utf8")
        return settings(name)
    }

    func settings(_ name: String) -> TLSSettings {
        TLSSettings(certificatePath: path(name + ".pem"), keyPath: path(name + ".key"))
    }

    func copy(_ from: String, over: String) throws {
        for kind in [".pem", ".key"] {
            let content = try Data(contentsOf: URL(fileURLWithPath: path(from + kind)))
            try content.write(to: URL(fileURLWithPath: path(over + kind)), options: .atomic)
        }
    }

    func der(_ name: String) throws -> [UInt8] {
        try openssl(
            "x509", "-in", path(name + ".pem"), "-outform", "DER", "-out", path(name + ".der"))
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name + ".der"))))
    }
}

private let nowSeconds = Int(Date().timeIntervalSince1970)
private let daySeconds = 86_400

@Suite struct TLSTests {
    @Test func `a certificate and its key are taken`() throws {
        let files = try Certificates()
        let credentials = try TLSCredentials(files.make("a"), nowSeconds: nowSeconds)
        let days = (credentials.validUntilSeconds - nowSeconds + daySeconds / 2) / daySeconds
        #expect(days == 30)
    }

    @Test func `what does not fit is refused by its own reason`() throws {
        let files = try Certificates()
        let good = try files.make("a")
        try files.make("b")
        try Data().write(to: URL(fileURLWithPath: files.path("empty")))
        try files.openssl(
            "pkey", "-in", files.path("a.key"), "-aes128", "-passout", "pass:x", "-out",
            files.path("locked"))

        func refusal(_ change: (inout TLSSettings) -> Void, day: Int = 0) -> TLSError? {
            var settings = good
            change(&settings)
            do throws(TLSError) {
                _ = try TLSCredentials(settings, nowSeconds: nowSeconds + day * daySeconds)
                return nil
            } catch { return error }
        }
        #expect(refusal { _ in } == nil)
        #expect(
            refusal { $0.keyPath = files.path("b.key") }
                == .keyOfAnother(
                    certificatePath: good.certificatePath, keyPath: files.path("b.key")))
        #expect(
            refusal { $0.certificatePath = files.path("empty") }
                == .noCertificate(path: files.path("empty")))
        for name in ["empty", "locked", "a.pem"] {
            #expect(
                refusal { $0.keyPath = files.path(name) } == .noKey(path: files.path(name)),
                "\(name)")
        }
        let missing = files.path("missing")
        #expect(
            refusal { $0.keyPath = missing }
                == .cannotRead(path: missing, reason: "No such file or directory"))
        #expect(
            refusal { $0.clientAuthoritiesPath = files.path("empty") }
                == .noCertificate(path: files.path("empty")))
        guard case .expired? = refusal({ _ in }, day: 31) else {
            Issue.record("a certificate that has ended was taken")
            return
        }
        chmod(files.path("a.key"), 0o622)
        #expect(refusal { _ in } == .keyIsWritableByOthers(path: good.keyPath))
    }

    @Test func `new files are seen, and bad ones change nothing and are told once`() throws {
        let files = try Certificates()
        let credentials = try TLSCredentials(files.make("a"), nowSeconds: nowSeconds)
        let first = credentials.validUntilSeconds
        #expect(try !credentials.reloadIfChanged(nowSeconds: nowSeconds))
        try files.openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", files.path("b.key"), "-out", files.path("b.pem"), "-subj", "/CN=b", "-days",
            "60")
        try files.copy("b", over: "a")
        #expect(try credentials.reloadIfChanged(nowSeconds: nowSeconds))
        let second = credentials.validUntilSeconds
        #expect(second > first)
        try Data("rubbish".utf8).write(to: URL(fileURLWithPath: files.path("a.pem")))
        #expect(throws: TLSError.noCertificate(path: files.path("a.pem"))) {
            try credentials.reloadIfChanged(nowSeconds: nowSeconds)
        }
        #expect(try !credentials.reloadIfChanged(nowSeconds: nowSeconds))
        #expect(credentials.validUntilSeconds == second)
        try files.copy("b", over: "a")
        #expect(try credentials.reloadIfChanged(nowSeconds: nowSeconds))
    }

    @Test(arguments: [
        ("/CN=rider-api", "rider-api"), ("/O=Tacho/OU=x/CN=라이더", "라이더"), ("/O=Tacho", nil),
        ("/CN=one/CN=two", nil), ("/CN=a+OU=b/O=c", "a"),
    ])
    func `the common name is read from a certificate`(subject: String, name: String?) throws {
        let files = try Certificates()
        try files.make("a", subject: subject)
        #expect(CommonName.ofSubject(der: try files.der("a")) == name)
    }

    @Test func `a certificate that is cut or changed anywhere gives a name or none, and ends`()
        throws
    {
        let files = try Certificates()
        try files.make("a", subject: "/O=Tacho/CN=rider-api")
        let der = try files.der("a")
        for count in 0..<der.count {
            #expect(CommonName.ofSubject(der: Array(der[..<count])) == nil, "cut at \(count)")
        }
        for index in der.indices {
            for value: UInt8 in [0, 0x7F, 0x80, 0x84, 0xFF, der[index] &+ 1] {
                var changed = der
                changed[index] = value
                _ = CommonName.ofSubject(der: changed)
            }
        }
    }
}
