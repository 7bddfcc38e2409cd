#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A mark on a log that was put back from a backup: nothing new of it is signed until somebody says
/// that nobody signed more of it before. `format-spec.md` §17.1.
///
/// Two directories that go on from one state with one key would sign two histories, each true by
/// itself; whoever saw both would have proof of a fork, and rightly so. One machine cannot tell whether
/// the other one signed. So whoever signs asks for the mark, in whatever process.
package struct LogHold: Equatable, Sendable {
    /// Entries that the log had when it was backed up: these may be signed.
    package var entries: UInt64
    /// When that was, Unix ms.
    package var atMs: Int64

    package init(entries: UInt64, atMs: Int64) {
        self.entries = entries
        self.atMs = atMs
    }

    package static let fileName = "held"
    private static let title = "tacho-log-held v1"

    package var text: String { "\(Self.title)\nentries \(entries)\nat \(atMs)\n" }

    package init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, lines[0] == Self.title, lines[3].isEmpty,
            lines[1].hasPrefix("entries "), let entries = UInt64(lines[1].dropFirst(8)),
            lines[2].hasPrefix("at "), let at = Int64(lines[2].dropFirst(3))
        else { return nil }
        self.init(entries: entries, atMs: at)
        guard self.text == text else { return nil }
    }

    /// Marks the log of `audit`, whose folder is made if there is none.
    package func write(audit: String) throws(LogError) {
        let reader = LogReader(audit: audit)
        try LogFile.makeFolder(reader.folder, below: audit)
        try LogFile.replace(reader.folder + "/" + Self.fileName, Array(text.utf8))
    }

    /// nil: the log is not held.
    package static func read(audit: String) throws(LogError) -> LogHold? {
        try read(LogReader(audit: audit))
    }

    private static func read(_ reader: LogReader) throws(LogError) -> LogHold? {
        guard let bytes = try LogFile.read(reader.folder + "/" + fileName) else { return nil }
        guard let hold = LogHold(text: String(decoding: bytes, as: UTF8.self)) else {
            throw LogReader.error(.held, fileName, "it cannot be read, so nothing is signed")
        }
        return hold
    }

    /// Throws where a head of `size` must not be signed.
    static func check(_ reader: LogReader, size: UInt64) throws(LogError) {
        guard let hold = try read(reader), size > hold.entries else { return }
        throw LogReader.error(
            .held, fileName,
            "the log was put back as it was with \(hold.entries) entries; signing more could be a "
                + "second history beside what was signed after that")
    }

    /// Takes the mark away. `mirrors`: audit directories that know what was signed; one with a head
    /// that this log did not have at the time of the backup is proof that it must not go on. False:
    /// there was no mark.
    package static func release(audit: String, mirrors: [String]) throws(LogError) -> Bool {
        let reader = LogReader(audit: audit)
        guard reader.exists else { return false }
        let lock = try LogLock(reader.folder, patienceSeconds: 30)
        defer { withExtendedLifetime(lock) {} }
        guard let hold = try read(reader) else { return false }
        for mirror in mirrors { try compare(reader, hold, with: mirror) }
        let path = reader.folder + "/" + fileName
        guard unlink(path) == 0 else { throw .io("remove", path, errno) }
        try LogFile.syncFolder(of: path)
        return true
    }

    /// Puts log and key of a data directory aside and takes the mark away: the next seal makes a key
    /// with another name and begins a log with all segments. False: there was no mark.
    package static func beginAnew(data: String) throws(LogError) -> Bool {
        let reader = LogReader(audit: data + "/audit")
        guard reader.exists, let hold = try read(reader) else { return false }
        let lock = try LogLock(reader.folder, patienceSeconds: 30)
        defer { withExtendedLifetime(lock) {} }
        let ending = "-before-\(hold.atMs)"
        for path in [data + "/audit-key", data + "/audit-key.pub", reader.folder] {
            guard access(path, F_OK) == 0 else { continue }
            let number = ExclusiveRename.rename(path, to: path + ending)
            guard number == 0 else { throw .io("rename", path, number) }
        }
        try LogFile.syncFolder(of: reader.folder)
        try LogFile.syncFolder(of: data + "/audit")
        return true
    }

    private static func compare(
        _ reader: LogReader, _ hold: LogHold, with mirror: String
    ) throws(LogError) {
        guard let theirs = try LogReader(audit: mirror).checkpoint()?.head else {
            throw LogError(
                .noCheckpoint, file: mirror + "/log/checkpoint", "there is no signed head")
        }
        guard theirs.size <= hold.entries else {
            throw LogError(
                .rollback, file: mirror + "/log/checkpoint",
                "\(theirs.size) entries were signed, and the backup has \(hold.entries): what was "
                    + "sealed after it is known to others; begin another log (tacho restore "
                    + "--continue --new-log)")
        }
        guard let ours = try reader.head() else {
            throw LogError(
                .rollback, file: mirror + "/log/checkpoint", "it is of a log that is not here")
        }
        var nodes = TileNodes(reader, size: ours.size)
        try LogConsistency.check(from: theirs, to: ours, &nodes)
    }
}

extension LogReader {
    /// The files that a log of `size` entries has, below its folder, without its heads: each with as
    /// many hashes or entries as its name says, whatever the log has grown to since.
    package func forEachFile(
        size: UInt64, _ body: (String, [UInt8]) throws(LogError) -> Void
    ) throws(LogError) {
        for tile in Tile.all(size: size) {
            switch tile.content {
            case .level: try body(tile.path, Array(try hashes(of: tile).joined()))
            case .entries: try body(tile.path, EntryBundle.encode(try entries(of: tile)))
            }
        }
    }
}
