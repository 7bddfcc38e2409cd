import Foundation
import TachoServer
import Testing

struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:7227", "127.0.0.1:7227"), ("127.8.9.10:0", "127.8.9.10:0"),
        ("[::1]:80", "[::1]:80"),
    ])
    func `loopback addresses are taken`(text: String, shown: String) throws {
        #expect(ListenAddress.text(try ListenAddress.parse(text).socketAddress) == shown)
    }

    @Test(arguments: ["0.0.0.0:7227", "192.168.1.4:7227", "[::]:7227", "8.8.8.8:1"])
    func `any other address needs TLS and users, and is told which is missing`(text: String) throws
    {
        for (hasTLS, hasCredentials) in [(false, false), (true, false), (false, true)] {
            let protection = ListenProtection(hasTLS: hasTLS, hasCredentials: hasCredentials)
            let failure = #expect(throws: ListenAddress.Failure.self) {
                try ListenAddress.parse(text, protection: protection)
            }
            let message = failure?.message ?? ""
            #expect(message.contains("--tls-cert") != hasTLS, "\(message)")
            #expect(message.contains("--acl") != hasCredentials, "\(message)")
        }
        let whole = ListenProtection(hasTLS: true, hasCredentials: true)
        #expect(
            ListenAddress.text(try ListenAddress.parse(text, protection: whole).socketAddress)
                == text)
    }

    @Test(arguments: [
        "", "7227", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", ":1", "::1:80", "a:65536",
    ])
    func `what is no host and port is refused`(text: String) {
        #expect(throws: ListenAddress.Failure.notHostAndPort(text)) {
            try ListenAddress.parse(text)
        }
    }

    @Test func `the reserve is a hundredth of the disk, also before the directory exists`() {
        let here = DiskSpace.reserveBytes(of: NSTemporaryDirectory())
        #expect(here > 0 && here <= 1 << 30)
        #expect(DiskSpace.reserveBytes(of: NSTemporaryDirectory() + "/not/yet/there") == here)
    }

    @Test func `the status file is whole, readable and removed`() throws {
        let directory = NSTemporaryDirectory() + "tacho-status-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let file = StatusFile(directory: directory)
        try file.write(pid: 1, resp: "127.0.0.1:1")
        try file.write(pid: 42, resp: "127.0.0.1:7227")
        let data = try Data(contentsOf: URL(fileURLWithPath: file.path))
        let read = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        #expect(read?["pid"] as? Int == 42)
        #expect(read?["resp"] as? String == "127.0.0.1:7227")
        #expect(read?["version"] as? String == ServerProgram.version)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["tachod.json"])
        file.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
        #expect(throws: StatusFile.WriteError.self) {
            try StatusFile(directory: directory + "/gone").write(pid: 1, resp: "x")
        }
    }
}
