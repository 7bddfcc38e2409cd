/// The segments of a directory, to be compared with what the log says of them.
struct LoggedSegments {
    struct Facts {
        var header: SegmentHeader
        var sha256: [UInt8]
        var root: [UInt8]

        /// What an entry says else of this segment.
        func difference(from entry: SegmentEntry, _ index: UInt64) -> LogError? {
            let file = AuditDirectory.fileName(entry.segmentID)
            guard sha256 == entry.sha256 else {
                return LogError(
                    .entryDiffers, file: file,
                    "entry \(index) of the log is of a segment \(entry.segmentID) with SHA-256 "
                        + "\(Digest.hex(entry.sha256)), this one has \(Digest.hex(sha256))")
            }
            let ours = SegmentEntry(
                header: header, sha256: sha256, root: root, previous: entry.previous)
            guard ours != entry else { return nil }
            return LogError(
                .entryDiffers, file: file,
                "entry \(index) of the log states other counts, times or another root than the "
                    + "file with its SHA-256")
        }
    }

    /// Those whose header could be read under their own number.
    var facts: [UInt64: Facts] = [:]
    /// Ids of all files.
    var ids: Set<UInt64> = []
    /// Ids of those that have findings of their own.
    var broken: Set<UInt64> = []
}

extension LogCheck {
    /// Each entry against the file it names. Files behind the last entry may be sealed just now.
    func compare(_ segments: LoggedSegments) {
        for (index, entry) in entries.segments {
            compare(entry, index, segments)
        }
        let last = UInt64(entries.segments.count)
        let unlogged = segments.ids.filter { $0 > last }.sorted()
        guard entries.failure == nil, let first = unlogged.first else { return }
        emit(
            .info(
                .unlogged, file: AuditDirectory.fileName(first),
                unlogged.count == 1
                    ? "segment \(first) is not in the log yet"
                    : "segments \(first) to \(unlogged[unlogged.count - 1]) "
                        + "are not in the log yet"))
    }

    private func compare(_ entry: SegmentEntry, _ index: UInt64, _ segments: LoggedSegments) {
        let id = entry.segmentID
        let file = AuditDirectory.fileName(id)
        guard segments.ids.contains(id) else {
            return emit(
                .finding(
                    LogError(
                        .entryWithoutSegment, file: file,
                        "segment \(id) is in the log (SHA-256 \(Digest.hex(entry.sha256))) "
                            + "but not here")))
        }
        // What is wrong with a file by itself has been told, with the exit code it deserves.
        guard !segments.broken.contains(id), let facts = segments.facts[id] else { return }
        if let error = facts.difference(from: entry, index) { emit(.finding(error)) }
    }
}
