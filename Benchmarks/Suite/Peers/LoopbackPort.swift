import Glibc

/// Ports of 127.0.0.1.
enum LoopbackPort {
    static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// `connect` or `bind` with an address of this kind.
    static func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ fd: Int32,
        _ address: UnsafePointer<sockaddr_in>
    ) -> Int32 {
        address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            function(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }

    /// A port nobody listens on now, for servers that cannot choose one themselves.
    static func free() throws -> UInt16 {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(fd) }
        var address = address(0)
        guard withUnsafePointer(to: &address, { call(bind, fd, $0) }) == 0 else {
            throw PeerError("no port of 127.0.0.1 is free")
        }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(fd, $0, &size) }
        }
        guard result == 0 else { throw PeerError("a socket does not tell its port") }
        return UInt16(bigEndian: address.sin_port)
    }
}
