#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import TachoAudit
import TachoStore

/// Moments of making a segment again, in order, after each of which a process may end.
package enum RebuildStep: Sendable, CaseIterable {
    /// The temporary file is written and synced.
    case written
    /// It was read back from the device, and is what was sealed.
    case readBack
    /// The damaged file is among the damaged ones, on the device; none is in its place.
    case movedAway
    /// The new one has the name, on the device.
    case named
}

/// Makes the file of a sealed range again.
///
/// Nothing that is there is touched before a whole file with the SHA-256 of the seal was read back from
/// the device. So whatever ends it, the segment is the damaged one, missing or sound, and the next
/// attempt goes on from there: a temporary file means nothing, and what lies in `damaged/` is no
/// segment for anybody.
struct RangeRebuild {
    enum Failure: Error {
        /// Nothing was changed, and the text says what to do.
        case refused(String)
        case stopped(String)
        /// What is on the device is not known any more.
        case inputOutput(String)

        /// A damaged row is for a person to look at, and no reason to take nothing in.
        init(_ error: StoreError) {
            if case .damaged(let what) = error {
                self = .refused(
                    "\(what); put back a copy of the segment, as from a mirror: what the database "
                        + "has of it is damaged too")
            } else {
                self = .inputOutput(error.description)
            }
        }
    }

    let range: UInt32
    let seal: SealRow
    /// The audit directory.
    let folder: String
    let nowMs: Int64
    /// For tests: what it throws ends the work there, as a kill would.
    let atStep: (@Sendable (RebuildStep) throws -> Void)?

    static let folderName = "damaged"

    static func copy(_ seal: SealRow) -> String {
        "put back a copy with SHA-256 \(Digest.hex(seal.sha256)), as from a mirror"
    }

    private var name: String { SegmentStore.fileName(UInt64(range)) }
    var path: String { folder + "/" + name }
    private var temporary: String { folder + "/tmp/" + name }

    /// Of an attempt that was ended. No range that is sealed has another use for it.
    func removeLeftover() { FileSystem.removeTree(temporary) }

    /// Returns where the damaged file is kept, below the audit directory; nil: there was none.
    func run(_ content: RangeContent, _ interval: SegmentInterval) throws(Failure) -> String? {
        let made = try write(content, interval)
        try reach(.written)
        guard made.sha256 == seal.sha256 else {
            removeLeftover()
            throw .refused(
                "what the database has of range \(range) is not what was sealed: "
                    + "\(difference(made)); the file stays as it is: \(Self.copy(seal))")
        }
        do throws(PublishError) {
            _ = try SegmentStore.readBack(temporary, expected: made)
        } catch {
            removeLeftover()
            throw .refused("\(error.message); nothing was changed")
        }
        try reach(.readBack)
        let kept = try moveAway()
        try reach(.movedAway)
        do throws(PublishError) {
            try SegmentStore.name(temporary, directory: folder, id: UInt64(range), made)
        } catch {
            if case .inputOutput = error { throw .inputOutput(error.message) }
            throw .refused(error.message)
        }
        try reach(.named)
        return kept
    }

    private func reach(_ step: RebuildStep) throws(Failure) {
        do {
            try atStep?(step)
        } catch {
            throw .stopped("\(error)")
        }
    }

    /// A file that cannot be written is no reason to take nothing in: nothing counts on it yet.
    private func write(
        _ content: RangeContent, _ interval: SegmentInterval
    ) throws(Failure) -> SegmentSummary {
        do {
            try FileSystem.makeDirectory(folder)
            try FileSystem.makeDirectory(folder + "/tmp")
            var writer = try SegmentWriter(path: temporary, interval: interval)
            try content.pour(into: &writer)
            return try writer.finish()
        } catch let error {
            removeLeftover()
            switch error {
            case RangeContent.Failure.stopping: throw .stopped("the engine is closed")
            case RangeContent.Failure.store(let error): throw Failure(error)
            case RangeContent.Failure.segment(let error): throw refusal(error)
            case let error as SegmentWriteError: throw refusal(error)
            default: throw .refused("\(error); nothing was changed")
            }
        }
    }

    private func refusal(_ error: SegmentWriteError) -> Failure {
        if case .inputOutput = error {
            return .refused("\(error.message); nothing was changed: see to it, then ask again")
        }
        return .refused(
            "the database does not have all of range \(range) any more: \(error.message); "
                + Self.copy(seal))
    }

    /// Gives the damaged file a name among the damaged ones. Nothing is there under that name, and
    /// nothing comes there meanwhile: the data directory is locked, and one thread makes segments.
    private func moveAway() throws(Failure) -> String? {
        let damaged = folder + "/" + Self.folderName
        do throws(StoreError) {
            try FileSystem.makeDirectory(damaged)
        } catch {
            removeLeftover()
            throw .refused("\(error); nothing was changed")
        }
        var ms = nowMs
        while FileSystem.exists("\(damaged)/\(name)-\(ms)") { ms += 1 }
        let place = "\(Self.folderName)/\(name)-\(ms)"
        let isThere = rename(path, folder + "/" + place) == 0
        guard isThere || errno == ENOENT else {
            let error = FileSystem.failure("move", path)
            removeLeftover()
            throw .refused("\(error); nothing was changed")
        }
        do throws(StoreError) {
            // Where it went before where it left: it is never in neither.
            try FileSystem.syncDirectory(damaged)
            try FileSystem.syncDirectory(folder)
        } catch {
            throw .inputOutput(error.description)
        }
        return isThere ? place : nil
    }

    /// How a file made now differs from the one that was sealed, as far as the log of segments tells.
    private func difference(_ made: SegmentSummary) -> String {
        let hashes = "SHA-256 \(Digest.hex(made.sha256)) instead of \(Digest.hex(seal.sha256))"
        guard let logged else {
            return made.bytes == seal.bytes
                ? hashes : "\(made.bytes) bytes instead of \(seal.bytes)"
        }
        let counts: [(String, UInt64, UInt64)] = [
            ("points", made.points, logged.points),
            ("lost points", made.lostPoints, logged.lostPoints),
            ("amendments and losses", made.amendments, logged.amendments),
        ]
        let other = counts.filter { $0.1 != $0.2 }.map { "\($0.1) \($0.0) instead of \($0.2)" }
        if !other.isEmpty { return other.joined(separator: ", ") }
        if made.root != logged.root {
            return "as many points and amendments, but other ones, root \(Digest.hex(made.root)) "
                + "instead of \(Digest.hex(logged.root))"
        }
        return "the same content under another header, as another version of tachod writes it, "
            + hashes
    }

    /// What the log says of the segment; nil: nothing, or it cannot be read.
    private var logged: SegmentEntry? {
        let reader = LogReader(audit: folder)
        guard let size = try? reader.head()?.size else { return nil }
        // Segments have an entry each, and keys some in between.
        var index = UInt64(range) - 1
        while index < size, let entry = try? reader.entry(index, size: size) {
            if case .segment(let segment) = entry, segment.segmentID >= UInt64(range) {
                return segment.segmentID == UInt64(range) ? segment : nil
            }
            index += 1
        }
        return nil
    }
}
