/// Signing and cosigning in processes of their own, so that the server need not hold a key.
package enum LogSigning {
    /// Signs what the server stored: verifies the segments that the new entries name, compares
    /// every line of the entries with them, proves consistency from the last signed head and from
    /// the signer's own `state`, signs. Who only stores the log can have nothing else signed.
    ///
    /// Segments are verified before the log is locked, so that the server need not wait for it; under
    /// the lock everything else is looked at again, and an entry that is not one of those verified is
    /// verified then. `state`, a file of the signer, is written before the signature can be seen:
    /// whoever sets the directory back is found, also after a crash here. `progress` is told each
    /// segment.
    package static func sign(
        audit: String, key: SigningKey, state: String?, progress: (String) -> Void = { _ in }
    ) throws(LogError) -> SignedCheckpoint {
        let reader = LogReader(audit: audit)
        let empty = "the log has no entries to sign"
        let partition = try partition(reader, orRefuse: empty)
        let origin = key.verifier.name
        var verified: [UInt64: PlacedEntry] = [:]
        let looking = try LogWriter(lookingAt: audit, origin: origin, partition: partition)
        let size = looking.size
        _ = try looking.checked(for: key.verifier, size: size) { index, entry throws(LogError) in
            try check(entry, index, audit: audit, progress: progress)
            verified[index] = entry
        }
        let writer = try LogWriter(audit: audit, origin: origin, partition: partition)
        let checkpoint = try writer.signature(by: key, size: size) {
            index, entry throws(LogError) in
            guard verified[index] != entry else { return }
            try check(entry, index, audit: audit, progress: progress)
        }
        if let state {
            try checkState(state, checkpoint.head, reader)
            try TrustFile(key: key.verifier, checkpoint: checkpoint).write(state)
        }
        try writer.publish(checkpoint)
        return checkpoint
    }

    /// Hands a log over from one key to the next: what stands in it by the old key, checked as
    /// `sign` does, then the entry, then a checkpoint by the new key. Goes on where it was broken
    /// off.
    package static func rotate(
        audit: String, from old: SigningKey, to new: SigningKey,
        progress: (String) -> Void = { _ in }
    ) throws(LogError) -> SignedCheckpoint {
        let reader = LogReader(audit: audit)
        let empty = "a log without entries has no key to hand over from"
        let partition = try partition(reader, orRefuse: empty)
        let origin = old.verifier.name
        var verified: [UInt64: PlacedEntry] = [:]
        var looking = try LogWriter(lookingAt: audit, origin: origin, partition: partition)
        let isHandedOver = try looking.keys().last == new.verifier
        if isHandedOver { looking.predecessors = [old.verifier] }
        _ = try looking.checked(
            for: isHandedOver ? new.verifier : old.verifier, size: looking.size
        ) { index, entry throws(LogError) in
            try check(entry, index, audit: audit, progress: progress)
            verified[index] = entry
        }
        var writer = try LogWriter(audit: audit, origin: origin, partition: partition)
        let inspect = { (index: UInt64, entry: PlacedEntry) throws(LogError) in
            guard verified[index] != entry else { return }
            try check(entry, index, audit: audit, progress: progress)
        }
        if try writer.keys().last != new.verifier {
            try writer.sign(with: old, inspect)
            try writer.rotateKey(from: old, to: new.verifier)
        }
        writer.predecessors = [old.verifier]
        return try writer.sign(with: new, inspect)
    }

    /// The partition that a log with entries is of.
    private static func partition(
        _ reader: LogReader, orRefuse empty: String
    ) throws(LogError) -> UInt32 {
        guard let head = try reader.head(), head.size > 0 else {
            throw LogReader.error(.noEntries, LogReader.pendingName, empty)
        }
        return try reader.entry(0, size: head.size).partition
    }

    /// Adds a witness's cosignature to the newest checkpoint: the log's signature is that of
    /// `log` or a successor it signed for, and the log begins with what `state` has seen of it.
    /// `seconds`: Unix time to state.
    package static func cosign(
        audit: String, key: SigningKey, log: VerifierKey, state: String, seconds: UInt64
    ) throws(LogError) -> SignedCheckpoint {
        let reader = LogReader(audit: audit)
        guard reader.exists else {
            throw LogError(.noLog, file: LogReader.folderName, "there is no log")
        }
        let lock = try LogLock(reader.folder)
        defer { withExtendedLifetime(lock) {} }
        guard var checkpoint = try reader.checkpoint() else {
            throw LogReader.error(
                .noCheckpoint, LogReader.checkpointName, "there is no signed checkpoint")
        }
        let head = checkpoint.head
        let keys = try reader.keys(size: head.size)
        let signer = keys.key(at: head.size) ?? log
        guard keys.trusts(log, at: head.size) else {
            throw LogReader.error(
                .wrongKey, LogReader.checkpointName,
                "its key is \(signer.text), to which \(log.text) never handed over")
        }
        do throws(NoteError) {
            try checkpoint.verify(by: signer)
        } catch {
            throw LogCheck.finding(error)
        }
        try checkState(state, head, reader)
        checkpoint.note.sign(with: key, seconds: seconds)
        try TrustFile(key: log, checkpoint: checkpoint).write(state)
        try LogFile.replace(
            reader.folder + "/" + LogReader.checkpointName, checkpoint.encoded())
        return checkpoint
    }

    /// That `head` follows from what was seen before.
    private static func checkState(
        _ path: String, _ head: Checkpoint, _ reader: LogReader
    ) throws(LogError) {
        guard let seen = try TrustFile.read(path)?.checkpoint.head else { return }
        var nodes = TileNodes(reader, size: head.size)
        guard seen.origin == head.origin else {
            throw LogReader.error(
                .otherOrigin, LogReader.checkpointName,
                "it is of origin \(head.origin), \(path) is about \(seen.origin)")
        }
        try LogConsistency.check(from: seen, to: head, &nodes)
    }

    /// An entry against the file of the segment it names, which is read whole and verified, and which
    /// must follow the segment of the entry before. `verified`: of a segment that was just now; of
    /// that the header and the footer are enough.
    package static func check(
        _ placed: PlacedEntry, _ index: UInt64, audit: String, verified: SegmentSummary? = nil,
        progress: (String) -> Void = { _ in }
    ) throws(LogError) {
        guard case .segment(let segment) = placed.entry else { return }
        let name = AuditDirectory.fileName(segment.segmentID)
        let facts: LoggedSegments.Facts
        do throws(SegmentError) {
            let source = try SegmentSource(path: audit + "/" + name)
            if let verified, verified.segmentID == segment.segmentID {
                facts = LoggedSegments.Facts(
                    header: try SegmentReader.header(of: source), sha256: verified.sha256,
                    root: verified.root)
            } else {
                progress(name)
                facts = try self.facts(source, segment)
            }
        } catch {
            throw LogError(.segment, file: name, error.message(file: name))
        }
        if let error = facts.difference(from: segment, index) { throw error }
        let stated = facts.header.interval.previousSHA256
        let before = placed.before?.sha256 ?? Digest.none
        guard stated == before else {
            throw LogError(
                .entryChain, file: name,
                "it was sealed after a segment with SHA-256 \(Digest.hex(stated)), entry \(index) "
                    + "follows that of one with \(Digest.hex(before))")
        }
    }

    /// What the whole file says of itself. Where it is not the one that the entry names, that is
    /// all there is to say.
    private static func facts(
        _ source: SegmentSource, _ entry: SegmentEntry
    ) throws(SegmentError) -> LoggedSegments.Facts {
        let report = SegmentCheck.run(source, deep: false)
        guard let header = report.header else {
            throw report.findings.first ?? SegmentError(.headerContent, "it has no header")
        }
        let isOther = !report.sha256.isEmpty && report.sha256 != entry.sha256
        if !isOther, let finding = report.findings.first { throw finding }
        return LoggedSegments.Facts(header: header, sha256: report.sha256, root: report.root)
    }
}
