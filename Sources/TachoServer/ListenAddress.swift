package import NIOCore

/// What stands between a listener and whoever can reach it.
package struct ListenProtection: Equatable, Sendable {
    package var hasTLS: Bool
    package var hasCredentials: Bool

    package init(hasTLS: Bool = false, hasCredentials: Bool = false) {
        self.hasTLS = hasTLS
        self.hasCredentials = hasCredentials
    }

    /// The options to add.
    fileprivate var missing: String {
        [hasTLS ? nil : "--tls-cert FILE --tls-key FILE", hasCredentials ? nil : "--acl FILE"]
            .compactMap { $0 }.joined(separator: " and ")
    }

    fileprivate var isWhole: Bool { hasTLS && hasCredentials }
}

/// Where a listener binds, as `HOST:PORT` or `[IPV6]:PORT`.
package struct ListenAddress: Equatable, Sendable {
    package enum Failure: Error, Equatable, Sendable {
        /// Of the option of that name.
        case notHostAndPort(String, option: String = "--resp")
        case unknownHost(String, option: String = "--resp")
        /// Without TLS and credentials only this machine may connect.
        case notLoopback(String, ListenProtection, option: String = "--resp")

        package var message: String {
            switch self {
            case .notHostAndPort(let text, let option):
                "\(option) \(text): HOST:PORT expected, as in 127.0.0.1:7227, port 0 for any"
            case .unknownHost(let text, let option):
                "\(option) \(text): the host name has no address"
            case .notLoopback(let text, let protection, let option):
                "\(option) \(text): other machines are served with TLS and users only, add"
                    + " \(protection.missing); or use 127.0.0.1 or [::1], and a tunnel"
            }
        }
    }

    package let socketAddress: SocketAddress

    package var text: String { Self.text(socketAddress) }

    /// Reads and resolves `text`; a host name costs a look-up. Addresses that other machines can reach
    /// need all protection there is.
    package static func parse(
        _ text: String, option: String = "--resp",
        protection: ListenProtection = ListenProtection()
    ) throws(Failure) -> ListenAddress {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { throw .notHostAndPort(text, option: option) }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") || host.isEmpty {
            throw .notHostAndPort(text, option: option)
        }
        let address: SocketAddress
        do {
            address = try SocketAddress.makeAddressResolvingHost(host, port: Int(port))
        } catch { throw .unknownHost(text, option: option) }
        guard isLoopback(address) || protection.isWhole else {
            throw .notLoopback(text, protection, option: option)
        }
        return ListenAddress(socketAddress: address)
    }

    /// 127.0.0.0/8 or ::1.
    static func isLoopback(_ address: SocketAddress) -> Bool {
        guard let ip = address.ipAddress else { return false }
        return ip == "::1" || ip.hasPrefix("127.")
    }

    /// `HOST:PORT`, with brackets around IPv6.
    package static func text(_ address: SocketAddress) -> String {
        let host = address.ipAddress ?? "?"
        return (host.contains(":") ? "[\(host)]" : host) + ":\(address.port ?? 0)"
    }
}
