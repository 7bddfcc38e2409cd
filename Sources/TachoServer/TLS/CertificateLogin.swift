import NIOCore
import NIOSSL
import TachoAccess

/// Users who log in by the certificate of their client (mutual TLS) and have no password.
extension ConnectionHandler {
    /// The handshake is done, so the certificate is verified: its common name is the user's.
    func handshakeCompleted(_ context: ChannelHandlerContext) {
        let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
        guard let certificate, let der = try? certificate.toDERBytes(),
            let name = CommonName.ofSubject(der: der)
        else { return }
        session.certificateName = name
        loginByCertificate()
    }

    /// Also after RESET: the certificate is still the same.
    func loginByCertificate() {
        guard let name = session.certificateName, let user = service.gate.accounts?[name],
            user.login == .certificate
        else { return }
        become(user)
    }
}
