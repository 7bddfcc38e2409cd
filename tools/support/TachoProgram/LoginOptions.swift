package import ArgumentParser
package import TachoClient

/// As whom a program logs in, and how it is connected.
package struct LoginOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Log in as this user.", discussion: "Default: TACHO_USER, or nobody.",
            valueName: "name"))
    package var user: String?

    @Option(
        help: ArgumentHelp(
            "The first line of this file is the password.",
            discussion: "Default: TACHO_PASSWORD_FILE.", valueName: "file"))
    package var passwordFile: String?

    @Option(
        help: ArgumentHelp(
            "Speak TLS and trust what one of these signed (PEM), or system.",
            discussion: "Default: TACHO_TLS_CA, or no TLS.", valueName: "file"))
    package var tlsCa: String?

    @Option(
        help: ArgumentHelp(
            "Show this certificate (PEM).", discussion: "Default: TACHO_TLS_CERT.",
            valueName: "file"))
    package var tlsCert: String?

    @Option(
        help: ArgumentHelp(
            "The certificate's key (PEM, no passphrase).", discussion: "Default: TACHO_TLS_KEY.",
            valueName: "file"))
    package var tlsKey: String?

    package init() {}

    package func access() throws(ToolFailure) -> ServerAccess {
        ServerAccess(
            credentials: try Credentials.read(user: user, passwordFile: passwordFile),
            tls: try ClientTLS.read(authorities: tlsCa, certificate: tlsCert, key: tlsKey))
    }
}
