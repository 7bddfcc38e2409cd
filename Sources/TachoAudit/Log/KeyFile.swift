#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Private keys in files of mode 0600, one line each; the public half beside it as `FILE.pub`.
package enum KeyFile {
    /// Reads a private key. A file that group or others may read is refused: who could read it
    /// may have copied it.
    package static func read(_ path: String) throws(KeyError) -> SigningKey {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .inputOutput(operation: "open key", path: path, errno: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .inputOutput(operation: "look at key", path: path, errno: errno)
        }
        let mode = UInt32(status.st_mode) & 0o777
        guard mode & 0o077 == 0 else { throw .readable(path: path, mode: mode) }
        return try SigningKey(text: try text(descriptor, path))
    }

    /// Reads a public key, of a file or as the text itself: a vkey always has two `+`.
    package static func readPublic(_ pathOrText: String) throws(KeyError) -> VerifierKey {
        if let key = try? VerifierKey(text: pathOrText) { return key }
        guard access(pathOrText, F_OK) == 0 else { return try VerifierKey(text: pathOrText) }
        let descriptor = open(pathOrText, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .inputOutput(operation: "open key", path: pathOrText, errno: errno)
        }
        defer { close(descriptor) }
        return try VerifierKey(text: try text(descriptor, pathOrText))
    }

    private static func text(_ descriptor: Int32, _ path: String) throws(KeyError) -> String {
        // A line of either kind is shorter than this; a longer file is none.
        var buffer = [UInt8](repeating: 0, count: 2_048)
        let got = buffer.withUnsafeMutableBytes {
            #if canImport(Glibc)
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            #else
                Darwin.read(descriptor, $0.baseAddress, $0.count)
            #endif
        }
        guard got >= 0 else {
            throw .inputOutput(operation: "read key", path: path, errno: errno)
        }
        return String(decoding: buffer[..<got], as: UTF8.self)
    }
}
