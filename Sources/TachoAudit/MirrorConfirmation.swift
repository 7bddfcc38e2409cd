import TachoCodec

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Whether a directory that `tacho-audit mirror` copies to has a confirmed copy of a segment:
/// `format-spec.md` §9.10. A record that cannot be read counts as none.
package struct MirrorConfirmation: Sendable {
    /// The name of the record in the mirror's directory.
    package static let fileName = "mirror.ndjson"
    private static let longestLine = 1_024

    private struct Entry {
        var file: String
        var bytes: UInt64
        var sha256: String
    }

    private let directory: String
    /// Of several lines about a segment, the last.
    private var entries: [UInt64: Entry] = [:]

    /// Reads the record in `directory`. Cost: a pass over it, about 150 bytes a copy.
    package init(directory: String) throws(SegmentError) {
        self.directory = directory
        let source = try SegmentSource(path: directory + "/" + Self.fileName)
        var line: [UInt8] = []
        var found: [UInt64: Entry] = [:]
        // What follows the last line feed was cut off while it was written.
        try source.forEachPiece(of: 0..<source.byteCount) { piece in
            for byte in piece {
                if byte != UInt8(ascii: "\n") {
                    // One byte more than a line may have: such a line is none.
                    if line.count <= Self.longestLine { line.append(byte) }
                } else {
                    if let (segment, entry) = Self.entry(line) { found[segment] = entry }
                    line.removeAll(keepingCapacity: true)
                }
            }
        }
        entries = found
    }

    private static func entry(_ line: [UInt8]) -> (UInt64, Entry)? {
        guard line.count <= longestLine, let object = try? JSONValue.read(line),
            case .number("1") = object["v"],
            case .number(let segment) = object["segment"], let id = UInt64(segment),
            case .number(let size) = object["bytes"], let bytes = UInt64(size),
            case .string(let file) = object["file"], file == AuditDirectory.fileName(id),
            case .string(let sha256) = object["sha256"], sha256.utf8.count == 64
        else { return nil }
        return (id, Entry(file: file, bytes: bytes, sha256: sha256))
    }

    /// The line that counts states this size and hash, and the file there has that size.
    package func confirms(segment id: UInt64, bytes: UInt64, sha256: [UInt8]) -> Bool {
        guard let entry = entries[id], entry.bytes == bytes, entry.sha256 == Digest.hex(sha256)
        else { return false }
        var status = stat()
        return stat(directory + "/" + entry.file, &status) == 0
            && status.st_mode & S_IFMT == S_IFREG && UInt64(status.st_size) == bytes
    }
}
