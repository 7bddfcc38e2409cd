/// Where a server's certificate lies, and what it asks of its clients.
package struct TLSSettings: Equatable, Sendable {
    package enum ClientCertificates: String, CaseIterable, Sendable {
        /// A client without a certificate of `clientAuthorities` is not served.
        case required
        /// It may have one; one that does not verify is refused all the same.
        case optional
    }

    /// PEM: the server's own certificate first, then those between it and its root.
    package var certificatePath: String
    /// PEM, without a passphrase.
    package var keyPath: String
    /// PEM: whose signature makes a client's certificate good; nil: clients are asked for none.
    package var clientAuthoritiesPath: String?
    package var clientCertificates = ClientCertificates.required
    /// Clients of this machine may speak without TLS on the same port.
    package var allowsPlainLoopback = true

    package init(certificatePath: String, keyPath: String) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }

    var paths: [String] { [certificatePath, keyPath] + (clientAuthoritiesPath.map { [$0] } ?? []) }
}
