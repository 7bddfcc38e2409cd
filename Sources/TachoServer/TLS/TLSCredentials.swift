import NIOSSL
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The certificate that new connections are greeted with; can be exchanged while the server runs.
///
/// What is there is read whole and checked before it takes the place of what was: a bad pair of
/// files changes nothing. Connections that are up keep theirs.
package final class TLSCredentials: Sendable {
    private struct State {
        var context: NIOSSLContext
        var validUntilSeconds: Int
        var stamps: [FileStamp?]
    }

    package let settings: TLSSettings
    private let state: Mutex<State>
    private let done = Atomic(0)
    private let failed = Atomic(0)

    /// `nowSeconds`: Unix time.
    package init(_ settings: TLSSettings, nowSeconds: Int) throws(TLSError) {
        self.settings = settings
        state = Mutex(try Self.load(settings, nowSeconds: nowSeconds))
    }

    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Unix time at which the certificate ends.
    package var validUntilSeconds: Int { state.withLock { $0.validUntilSeconds } }

    /// A handshake came to its end, or was broken off.
    func note(isHandshakeDone: Bool) {
        if isHandshakeDone {
            done.add(1, ordering: .relaxed)
        } else {
            failed.add(1, ordering: .relaxed)
        }
    }

    /// Of all listeners, since the start.
    var handshakes: (done: Int, failed: Int) {
        (done.load(ordering: .relaxed), failed.load(ordering: .relaxed))
    }

    /// Reads the files again. Cost: a millisecond or two; not for the event loop.
    package func reload(nowSeconds: Int) throws(TLSError) {
        let new = try Self.load(settings, nowSeconds: nowSeconds)
        state.withLock { $0 = new }
    }

    /// The same if a file is another one than it was. False: none is.
    ///
    /// Certificate and key are two files, and there is a time between their writing. A pair that
    /// does not fit is therefore looked at again the next time, and told once.
    package func reloadIfChanged(nowSeconds: Int) throws(TLSError) -> Bool {
        let stamps = settings.paths.map(FileStamp.init)
        guard state.withLock({ $0.stamps != stamps }) else { return false }
        do {
            try reload(nowSeconds: nowSeconds)
        } catch {
            state.withLock { $0.stamps = stamps }
            throw error
        }
        return true
    }

    // MARK: Loading

    private static func load(
        _ settings: TLSSettings, nowSeconds: Int
    ) throws(TLSError) -> State {
        let stamps = settings.paths.map(FileStamp.init)
        let chain = try certificates(settings.certificatePath)
        guard let first = chain.first else {
            throw .noCertificate(path: settings.certificatePath)
        }
        let validUntil = Int(first.notValidAfter)
        guard validUntil > nowSeconds else {
            throw .expired(path: settings.certificatePath, atSeconds: validUntil)
        }
        let key = try privateKey(settings.keyPath)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        if let path = settings.clientAuthoritiesPath {
            let authorities = try certificates(path)
            guard !authorities.isEmpty else { throw .noCertificate(path: path) }
            configuration.trustRoots = .certificates(authorities)
            configuration.certificateVerification =
                settings.clientCertificates == .required
                ? .noHostnameVerification : .optionalVerification
        }
        do {
            return State(
                context: try NIOSSLContext(configuration: configuration),
                validUntilSeconds: validUntil, stamps: stamps)
        } catch {
            // The key was read whole before: what it does not fit is the certificate.
            guard case .failedToLoadPrivateKey? = error as? NIOSSLError else {
                throw .refused(path: settings.certificatePath, reason: "\(error)")
            }
            throw .keyOfAnother(
                certificatePath: settings.certificatePath, keyPath: settings.keyPath)
        }
    }

    private static func certificates(_ path: String) throws(TLSError) -> [NIOSSLCertificate] {
        let bytes = try read(path)
        // Throws where there is none; which of the reasons it was, it does not say.
        return (try? NIOSSLCertificate.fromPEMBytes(bytes)) ?? []
    }

    private static func privateKey(_ path: String) throws(TLSError) -> NIOSSLPrivateKey {
        let bytes = try read(path)
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & (S_IWGRP | S_IWOTH) != 0 {
            throw .keyIsWritableByOthers(path: path)
        }
        // Without a callback that says "none", a key with a passphrase is asked for at the terminal.
        let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) { set in set([UInt8]()) }
        guard let key else { throw .noKey(path: path) }
        return key
    }

    /// Certificates and keys are small; what is not is something else.
    private static let maxBytes = 1 << 20

    private static func read(_ path: String) throws(TLSError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .cannotRead(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maxBytes + 1)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes { buffer in
                #if canImport(Glibc)
                    Glibc.read(descriptor, buffer.baseAddress! + count, buffer.count - count)
                #else
                    Darwin.read(descriptor, buffer.baseAddress! + count, buffer.count - count)
                #endif
            }
            guard more >= 0 else {
                throw .cannotRead(path: path, reason: String(cString: strerror(errno)))
            }
            if more == 0 { return Array(bytes[..<count]) }
            count += more
        }
        throw .cannotRead(path: path, reason: "more than \(maxBytes) bytes")
    }
}

/// What says that a file is another one than it was.
private struct FileStamp: Equatable {
    private let inode: UInt64
    private let bytes: Int64
    private let seconds: Int
    private let nanoseconds: Int

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        bytes = Int64(status.st_size)
        #if canImport(Glibc)
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        #else
            (seconds, nanoseconds) = (status.st_mtimespec.tv_sec, status.st_mtimespec.tv_nsec)
        #endif
    }
}
