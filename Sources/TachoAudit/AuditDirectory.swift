#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The directory of sealed segments: files `00000001.seg` and on; `tmp/` and others are no part.
package enum AuditDirectory {
    package struct Entry: Equatable, Sendable {
        package let id: UInt64
        package let path: String

        package var fileName: String { AuditDirectory.fileName(id) }
    }

    /// The id in at least 8 digits, so that names sort as ids do.
    package static func fileName(_ id: UInt64) -> String {
        let digits = String(id)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits + suffix
    }

    /// The id of a file name; nil for every name that `fileName` does not make, and for the largest
    /// number, behind which there is none.
    package static func id(ofFileName name: String) -> UInt64? {
        guard name.hasSuffix(suffix), let id = UInt64(name.dropLast(suffix.count)), id > 0,
            id < .max,
            fileName(id) == name
        else { return nil }
        return id
    }

    private static let suffix = ".seg"

    /// All segments, ascending by id. Cost: one pass over the directory; opens no segment.
    package static func segments(at directory: String) throws(SegmentError) -> [Entry] {
        guard let stream = opendir(directory) else {
            throw SegmentError(.inputOutput, "open directory: \(SystemError.text(errno))")
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let item = readdir(stream) else {
                guard errno == 0 else {
                    throw SegmentError(.inputOutput, "read directory: \(SystemError.text(errno))")
                }
                break
            }
            let name = withUnsafeBytes(of: &item.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let id = id(ofFileName: name) {
                entries.append(Entry(id: id, path: directory + "/" + name))
            }
        }
        return entries.sorted { $0.id < $1.id }
    }
}
