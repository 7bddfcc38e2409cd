package import TachoEngine
import TachoStore

#if canImport(Glibc)
    import Glibc
#endif

/// Which files a point is kept in. Every point has a watermark of its own, written last, so while that
/// file is the same one, nobody began another backup in its place.
package struct PointIdentity: Equatable, Sendable {
    private var device: UInt64
    private var inode: UInt64
    /// A file system may give the number of a removed file to the next one.
    private var changed: [Int64]

    /// nil: its files are gone.
    package init?(of point: BackupPoint) {
        var info = stat()
        guard lstat(point.path + "/watermark", &info) == 0 else { return nil }
        (device, inode) = (UInt64(info.st_dev), UInt64(info.st_ino))
        changed = [Int64(info.st_ctim.tv_sec), Int64(info.st_ctim.tv_nsec)]
    }
}

/// What was in the folders of a point when its copying began. A list made later might be one of files
/// that are being removed, for another backup.
struct PointFiles {
    private let identity: PointIdentity
    private let point: BackupPoint
    let database: [String]
    let journal: [String]
    let log: [String]

    init(_ point: BackupPoint) throws(BackupFailure) {
        self.point = point
        guard let identity = PointIdentity(of: point) else { throw Self.gone(point) }
        self.identity = identity
        guard let mark = Self.mark(try Disk.read(point.path + "/watermark")),
            mark.group == point.group, mark.hash == point.hash,
            mark.nextSequence == point.nextSequence
        else { throw Self.gone(point) }
        database = try Disk.list(point.path + "/db")
        journal = try Disk.list(point.path + "/journal")
        log = try Disk.list(point.path + "/log")
    }

    /// Whether they are what they were when this was made: asked once everything is copied.
    func check() throws(BackupFailure) {
        guard PointIdentity(of: point) == identity else { throw Self.gone(point) }
    }

    static func gone(_ point: BackupPoint) -> BackupFailure {
        .tryAgain(
            "what was kept in \(point.path) is gone: another backup of this directory began, or the "
                + "server was restarted; run again when no other backup runs")
    }

    /// The newer of two slots (`format-spec.md` §8), read without the right to write.
    private static func mark(_ bytes: [UInt8]) -> Watermark? {
        [0, WatermarkFile.blockBytes].compactMap { start in
            guard bytes.count >= start + Watermark.byteCount else { return nil }
            return bytes.withUnsafeBytes {
                Watermark(UnsafeRawBufferPointer(rebasing: $0[start...]))
            }
        }.max { $0.counter < $1.counter }
    }
}
