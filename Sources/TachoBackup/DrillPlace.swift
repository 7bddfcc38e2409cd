import TachoStore

#if canImport(Glibc)
    import Glibc
#endif

/// A directory that is removed with its last reference.
package final class DrillPlace {
    package let path: String

    package static var usual: String {
        guard let place = getenv("TMPDIR"), place.pointee != 0 else { return "/tmp" }
        return String(cString: place)
    }

    package init(_ parent: String) throws(BackupFailure) {
        var template = Array("\(parent)/tacho-drill-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer -> String? in
            mkdtemp(buffer.baseAddress!).map { String(cString: $0) }
        }
        guard let made else { throw .system("create a directory in", parent) }
        path = made
    }

    deinit { FileSystem.removeTree(path) }
}
