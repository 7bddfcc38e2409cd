import Foundation
import TachoServer
import Testing

struct SupervisorTests {
    @Test(arguments: [false, true])
    func `a supervisor hears that the server is ready, alive and stops`(isAbstract: Bool) throws {
        let name = NSTemporaryDirectory() + "n" + UUID().uuidString.prefix(8)
        defer { unlink(name) }
        let ear = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(ear) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = (isAbstract ? [0] : []) + Array(name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(2 + bytes.count)
        let isBound = withUnsafePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(ear, $0, length) }
        }
        try #require(isBound == 0)
        let place = (isAbstract ? "@" : "") + name
        let supervisor = Supervisor { ["NOTIFY_SOCKET": place, "WATCHDOG_USEC": "4000000"][$0] }
        #expect(supervisor.watchdogMicroseconds == 4_000_000)
        func heard() -> String {
            var buffer = [UInt8](repeating: 0, count: 1_000)
            let count = recv(ear, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
        supervisor.ready("serving on 127.0.0.1:1")
        #expect(heard() == "READY=1\nSTATUS=serving on 127.0.0.1:1")
        supervisor.alive()
        #expect(heard() == "WATCHDOG=1")
        supervisor.reloading()
        #expect(heard().hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        supervisor.stopping()
        #expect(heard().hasPrefix("STOPPING=1"))
    }

    @Test func `without one, or one that is gone, nothing happens`() {
        Supervisor { _ in nil }.ready("x")
        Supervisor { $0 == "NOTIFY_SOCKET" ? "/nowhere/at/all" : nil }.ready("x")
        Supervisor { $0 == "NOTIFY_SOCKET" ? String(repeating: "x", count: 500) : nil }.alive()
        let other = Supervisor { ["WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"][$0] }
        #expect(other.watchdogMicroseconds == nil)
    }
}
