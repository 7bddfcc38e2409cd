import NIOSSL

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How a program speaks TLS with a server.
package struct ClientTLS: Equatable, Sendable {
    /// PEM: whose signature makes the server's certificate good; nil: what the system trusts.
    package var authoritiesPath: String?
    /// PEM: the own certificate and its key, where the server asks for one.
    package var certificatePath: String?
    package var keyPath: String?

    package init() {}

    package static let authoritiesVariable = "TACHO_TLS_CA"
    package static let certificateVariable = "TACHO_TLS_CERT"
    package static let keyVariable = "TACHO_TLS_KEY"
    /// In place of a file: what the system trusts.
    package static let system = "system"

    /// What was named, by options or else by the environment; nil: nothing was, and there is no TLS.
    package static func read(
        authorities: String?, certificate: String?, key: String?,
        environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }
    ) throws(ToolFailure) -> ClientTLS? {
        var tls = ClientTLS()
        let authorities = authorities ?? environment(authoritiesVariable)
        tls.certificatePath = certificate ?? environment(certificateVariable)
        tls.keyPath = key ?? environment(keyVariable)
        tls.authoritiesPath = authorities == system ? nil : authorities
        guard (tls.certificatePath == nil) == (tls.keyPath == nil) else {
            throw ToolFailure(
                ExitStatus.usage,
                "a certificate and its key are named together: --tls-cert and --tls-key, or"
                    + " \(certificateVariable) and \(keyVariable)")
        }
        if authorities == nil {
            guard tls.certificatePath == nil else {
                throw ToolFailure(
                    ExitStatus.usage,
                    "a certificate of one's own without TLS: name whom to trust by --tls-ca or"
                        + " \(authoritiesVariable), \(system) for what the system trusts")
            }
            return nil
        }
        return tls
    }

    /// Reads the files. Cost: a millisecond or two.
    func context() throws(ToolFailure) -> NIOSSLContext {
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            if let path = authoritiesPath {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
            }
            if let path = certificatePath, let keyPath {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path)
                    .map { .certificate($0) }
                configuration.privateKey = .privateKey(
                    try NIOSSLPrivateKey(file: keyPath, format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            let files = [authoritiesPath, certificatePath, keyPath].compactMap { $0 }
            throw ToolFailure(
                ExitStatus.error,
                "TLS files \(files.joined(separator: ", ")) cannot be used (\(error)): PEM expected,"
                    + " the key without a passphrase and of that certificate")
        }
    }
}

/// With what a program comes to a server.
package struct ServerAccess: Equatable, Sendable {
    package var credentials: Credentials?
    package var tls: ClientTLS?

    package init(credentials: Credentials? = nil, tls: ClientTLS? = nil) {
        self.credentials = credentials
        self.tls = tls
    }
}
