/// Signing and cosigning in processes of their own, so that the server need not hold a key.
package enum LogSigning {
    /// Signs what the server stored: verifies the segments that the new entries name, compares
    /// every line of the entries with them, proves consistency from the last signed head and from
    /// the signer's own `state`, signs. Who only stores the log can have nothing else signed.
    ///
    /// `state`, a file of the signer, is written before the signature can be seen: whoever sets
    /// the directory back is found, also after a crash here. `progress` is told each segment.
    package static func sign(
        audit: String, key: SigningKey, state: String?, progress: (String) -> Void = { _ in }
    ) throws(LogError) -> SignedCheckpoint {
        let reader = LogReader(audit: audit)
        guard let head = try reader.head(), head.size > 0 else {
            throw LogReader.error(
                .noCheckpoint, LogReader.pendingName, "the log has no entries to sign")
        }
        let partition = try reader.entry(0, size: head.size).partition
        let writer = try LogWriter(audit: audit, origin: key.verifier.name, partition: partition)
        let checkpoint = try writer.signature(by: key, size: head.size) {
            index, entry throws(LogError) in
            guard case .segment(let segment) = entry else { return }
            progress(AuditDirectory.fileName(segment.segmentID))
            try check(segment, index, reader)
        }
        if let state {
            try checkState(state, checkpoint.head, reader)
            try TrustFile(key: key.verifier, checkpoint: checkpoint).write(state)
        }
        try writer.publish(checkpoint)
        return checkpoint
    }

    /// Hands a log over from one key to the next: the entry, then a checkpoint by the new key.
    package static func rotate(
        audit: String, from old: SigningKey, to new: SigningKey
    ) throws(LogError) -> SignedCheckpoint {
        let reader = LogReader(audit: audit)
        guard let head = try reader.head(), head.size > 0 else {
            throw LogReader.error(
                .noCheckpoint, LogReader.pendingName,
                "a log without entries has no key to hand over from")
        }
        let partition = try reader.entry(0, size: head.size).partition
        var writer = try LogWriter(audit: audit, origin: old.verifier.name, partition: partition)
        // What stands in the log so far must be the old key's, or nobody would follow.
        if try writer.keys().last != new.verifier {
            _ = try writer.checked(for: old.verifier, size: writer.size)
            try writer.rotateKey(from: old, to: new.verifier)
        }
        return try writer.sign(with: new)
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

    /// An entry against the file of the segment it names, which is read whole and verified.
    private static func check(
        _ entry: SegmentEntry, _ index: UInt64, _ reader: LogReader
    ) throws(LogError) {
        let name = AuditDirectory.fileName(entry.segmentID)
        let report: SegmentReport
        do throws(SegmentError) {
            report = SegmentCheck.run(
                try SegmentSource(path: reader.audit + "/" + name), deep: false)
        } catch {
            throw LogError(.segment, file: name, error.message(file: name))
        }
        let hash = report.sha256
        guard hash.isEmpty || hash == entry.sha256 else {
            throw LogError(
                .entryDiffers, file: name,
                "entry \(index) of the log is of a segment with SHA-256 "
                    + "\(Digest.hex(entry.sha256)), this one has \(Digest.hex(hash))")
        }
        guard report.isSound, let header = report.header else {
            let what = report.findings.first?.message(file: name) ?? "\(name) has no header"
            throw LogError(.segment, file: name, what)
        }
        let ours = SegmentEntry(
            header: header, sha256: hash, root: report.root, previous: entry.previous)
        guard ours == entry else {
            throw LogError(
                .entryDiffers, file: name,
                "entry \(index) of the log states other counts, times or another root than the "
                    + "file with its SHA-256")
        }
    }
}
