package import TachoClient

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `DIR/tachod.json`, which a `tachod` writes when it accepts: `{"pid":…,"resp":"HOST:PORT",…}`.
package enum ServerNote {
    private struct Note: Decodable {
        let pid: Int64
        let resp: String
    }

    /// The address of the `tachod` that has the directory open, nil if the note is not its own.
    ///
    /// Call only when the directory is locked. `LOCK` holds the number of the process that has it;
    /// a note with another number was left by an earlier server.
    package static func address(in directory: String) -> ServerAddress? {
        guard let owner = content(directory + "/LOCK"),
            let json = content(directory + "/tachod.json"),
            let note = try? JSONDecoder().decode(Note.self, from: Data(json)),
            String(decoding: owner, as: UTF8.self).prefix(while: \.isNumber) == "\(note.pid)"
        else { return nil }
        return ServerAddress(note.resp)
    }

    /// A small file; nil if it cannot be read or is larger than a note ever is.
    private static func content(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0, count < bytes.count else { return nil }
        return Array(bytes[..<count])
    }
}
