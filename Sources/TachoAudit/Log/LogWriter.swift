/// Appends to the log of an audit directory and signs its heads: steps 5 and 6 of the seal
/// protocol. Made for each use: it locks the log while it lives and reads what is there.
///
/// Step 5 is `append(throughSegment:)`, step 6 `sign(with:)`. After a kill between any two files
/// the same calls end in the same bytes: bundles, tiles and `pending` are functions of the
/// segments, each is written under a temporary name and renamed, and `pending`, the head of what
/// is there, comes last. What is there with other content is an error, never written over.
package struct LogWriter: ~Copyable {
    /// Called where a process may die; throws to stop there. For tests.
    package typealias Hook = (LogMoment) throws(LogError) -> Void

    package let origin: String
    package let partition: UInt32
    let reader: LogReader
    let hook: Hook?
    /// The head of what is stored, signed or not; nil before the first entry.
    package internal(set) var head: Checkpoint?
    /// Leaf hash of the last entry.
    var lastLeaf = Digest.none
    /// Keys whose heads are gone on from beside the signer's own: who holds the log's new key says
    /// which one was before it. The log alone may name any.
    package internal(set) var predecessors: [VerifierKey] = []
    /// nil: only to look; nothing may be written.
    private let lock: LogLock?

    /// Opens the log of `audit`, which exists; its folder `log` is made if needed. Waits for others
    /// that append or sign; with `patienceSeconds` so long, then it is an error (`.inUse`). `origin`
    /// names the log and is the name of its keys.
    package init(
        audit: String, origin: String, partition: UInt32, patienceSeconds: Double? = nil,
        hook: Hook? = nil
    ) throws(LogError) {
        let reader = LogReader(audit: audit)
        try Self.checkName(origin, audit)
        try LogFile.makeFolder(reader.folder, below: audit)
        let lock = try LogLock(reader.folder, patienceSeconds: patienceSeconds)
        try self.init(reader, origin, partition, lock, hook)
    }

    /// The log as it is, without its lock: for what takes long and writes nothing. What was found
    /// is compared again under the lock, as others may go on with the log meanwhile.
    init(lookingAt audit: String, origin: String, partition: UInt32) throws(LogError) {
        try Self.checkName(origin, audit)
        try self.init(LogReader(audit: audit), origin, partition, nil, nil)
    }

    private static func checkName(_ origin: String, _ audit: String) throws(LogError) {
        guard VerifierKey.isName(origin) else {
            throw LogError(.otherOrigin, file: audit, "\"\(origin)\" can name no log")
        }
    }

    private init(
        _ reader: LogReader, _ origin: String, _ partition: UInt32, _ lock: LogLock?, _ hook: Hook?
    ) throws(LogError) {
        let (head, lastLeaf) = try Self.state(reader, origin)
        (self.lock, self.head, self.lastLeaf) = (lock, head, lastLeaf)
        self.reader = reader
        self.origin = origin
        self.partition = partition
        self.hook = hook
    }

    package var size: UInt64 { head?.size ?? 0 }

    func requireLock() { precondition(lock != nil, "a log is changed only under its lock") }

    /// The stored head, after the tiles at the right edge were found to lead to it.
    private static func state(
        _ reader: LogReader, _ origin: String
    ) throws(LogError) -> (Checkpoint?, [UInt8]) {
        guard let head = try reader.head() else { return (nil, Digest.none) }
        guard head.origin == origin else {
            throw LogReader.error(
                .otherOrigin, LogReader.pendingName,
                "the log is of origin \(head.origin), not \(origin)")
        }
        guard head.size > 0 else { return (head, Digest.none) }
        var nodes = TileNodes(reader, size: head.size)
        guard try nodes.root(size: head.size) == head.root else {
            throw LogReader.error(
                .root, LogReader.pendingName, "the tiles do not lead to the head stored in it")
        }
        return (head, try nodes.node(height: 0, index: head.size - 1))
    }
}

extension LogWriter {
    /// The last segment in the log; 0 when there is none. Reads from the end.
    package func lastSegment() throws(LogError) -> UInt64 {
        var index = size
        while index > 0 {
            index -= 1
            if case .segment(let entry) = try reader.entry(index, size: size) {
                return entry.segmentID
            }
        }
        return 0
    }

    /// The log's keys so far. Reads all entries.
    func keys() throws(LogError) -> KeyChain { try reader.keys(size: size) }

    /// Puts entries of all segments up to `id` into the log that are not in it yet, and gives the
    /// new head, which is on disk and not signed.
    ///
    /// `sha256`: of segment `id`, as publication has just verified it; files of other segments are
    /// read and hashed. A segment that is in the log already is compared: the same is accepted,
    /// another is `.otherContent`. Cost: a few small files; 500 bytes of entry each.
    @discardableResult
    package mutating func append(
        throughSegment id: UInt64, sha256: [UInt8]? = nil
    ) throws(LogError) -> Checkpoint {
        precondition(id > 0, "segments are counted from 1")
        let logged = try lastSegment()
        if id <= logged {
            try compare(segment: id, sha256)
            // A kill may have come between the name of the head and the sync of the folder.
            try LogFile.syncFolder(of: reader.folder + "/" + LogReader.pendingName)
            return head!
        }
        var entries: [LogEntry] = []
        var previous = lastLeaf
        for segment in logged + 1...id {
            let entry = LogEntry.segment(
                try segmentEntry(segment, segment == id ? sha256 : nil, previous: previous))
            entries.append(entry)
            previous = entry.encoded().withUnsafeBytes(Digest.leaf)
        }
        return try append(entries)
    }

    /// Hands the log over to another key: an entry that the old key signs. Heads behind it are
    /// signed by the new one.
    @discardableResult
    package mutating func rotateKey(
        from old: SigningKey, to new: VerifierKey
    ) throws(LogError) -> Checkpoint {
        guard old.verifier.name == origin, new.name == origin else {
            throw LogReader.error(
                .wrongKey, LogReader.checkpointName, "keys of this log have the name \(origin)")
        }
        let rotation: KeyRotation
        do throws(EntryError) {
            rotation = try KeyRotation(
                partition: partition, from: old, to: new, previous: lastLeaf)
        } catch {
            throw LogReader.error(.entryFormat, LogReader.pendingName, error.message)
        }
        if !predecessors.contains(old.verifier) { predecessors.append(old.verifier) }
        return try append([.keyRotation(rotation)])
    }

    private func compare(segment id: UInt64, _ sha256: [UInt8]?) throws(LogError) {
        // Keys take entries too, so a segment stands at its number or later. Whoever wrote the log
        // may have counted otherwise.
        var index = id - 1
        while index < size {
            defer { index += 1 }
            guard case .segment(let known) = try reader.entry(index, size: size),
                known.segmentID == id
            else { continue }
            let ours = try segmentEntry(id, sha256, previous: known.previous)
            guard ours == known else {
                throw LogError(
                    .otherContent, file: LogReader.bundleName(index),
                    "entry \(index) is of segment \(id) with SHA-256 \(Digest.hex(known.sha256)), "
                        + "the file here has \(Digest.hex(ours.sha256))")
            }
            return
        }
        throw LogReader.error(
            .entryChain, LogReader.pendingName, "segment \(id) has no entry before later ones")
    }

    private func segmentEntry(
        _ id: UInt64, _ sha256: [UInt8]?, previous: [UInt8]
    ) throws(LogError) -> SegmentEntry {
        let name = AuditDirectory.fileName(id)
        do throws(SegmentError) {
            let source = try SegmentSource(path: reader.audit + "/" + name)
            let header = try SegmentReader.header(of: source)
            let footer = try SegmentReader.footer(of: source, header)
            guard header.interval.segmentID == id, header.interval.partition == partition else {
                throw SegmentError(
                    .headerContent,
                    "it is segment \(header.interval.segmentID) of partition "
                        + "\(header.interval.partition)")
            }
            var hash = sha256 ?? []
            if sha256 == nil {
                var digest = RunningDigest()
                try source.forEachPiece(of: 0..<source.byteCount) { digest.update($0) }
                hash = digest.value()
            }
            return SegmentEntry(
                header: header, sha256: hash, root: footer.root, previous: previous)
        } catch {
            throw LogError(.segment, file: name, error.message(file: name))
        }
    }
}
