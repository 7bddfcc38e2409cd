/// Why certificates cannot be used. Equal by code and path.
package enum TLSError: Error, Equatable, Sendable {
    case cannotRead(path: String, reason: String)
    case noCertificate(path: String)
    case noKey(path: String)
    /// The key is another one than the certificate's.
    case keyOfAnother(certificatePath: String, keyPath: String)
    case expired(path: String, atSeconds: Int)
    /// Anybody could have put another key there.
    case keyIsWritableByOthers(path: String)
    case refused(path: String, reason: String)

    /// The file that is to be mended.
    package var path: String {
        switch self {
        case .cannotRead(let path, _), .noCertificate(let path), .noKey(let path),
            .keyOfAnother(_, let path), .expired(let path, _), .keyIsWritableByOthers(let path),
            .refused(let path, _):
            path
        }
    }

    package var message: String {
        switch self {
        case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
        case .noCertificate(let path):
            "\(path): no certificate in it; PEM expected, with -----BEGIN CERTIFICATE-----"
        case .noKey(let path):
            "\(path): no private key in it; PEM without a passphrase expected, as openssl pkey "
                + "writes it"
        case .keyOfAnother(let certificate, let key):
            "\(key): not the key of the first certificate in \(certificate); both come from one "
                + "request, the server's own certificate first"
        case .expired(let path, let seconds):
            "\(path): the certificate ended at Unix time \(seconds); ask for a new one"
        case .keyIsWritableByOthers(let path):
            "\(path): others than its owner may write it; chmod 600 it"
        case .refused(let path, let reason): "\(path): \(reason)"
        }
    }
}
