#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Who started the server and wants to know how it does: systemd with `Type=notify`, or whatever else
/// listens at `NOTIFY_SOCKET`. A datagram a message; nobody there is no error.
package struct Supervisor: Sendable {
    private let path: String?
    /// How often it wants to hear that the server is alive; nil: never.
    package let watchdogMicroseconds: Int?

    package init(environment: (String) -> String? = Supervisor.variable) {
        path = environment("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        let isForThis =
            environment("WATCHDOG_PID").map { $0 == "\(getpid())" } ?? true
        watchdogMicroseconds =
            isForThis
            ? environment("WATCHDOG_USEC").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } : nil
    }

    package static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    package func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
    package func stopping() { send("STOPPING=1\nSTATUS=stopping") }
    package func alive() { send("WATCHDOG=1") }

    /// Settings are being read again; `ready` follows.
    package func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let microseconds = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
        send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
    }

    private func send(_ message: String) {
        guard let path else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        // A name in the abstract space begins with a zero byte, written as @.
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + name.count)
        #if canImport(Glibc)
            let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let kind = SOCK_DGRAM
        #endif
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        withUnsafePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, bytes, bytes.count, 0, $0, length)
            }
        }
    }
}
