/// An entry where it stands in a log: behind that of the segment before, which it must follow.
package struct PlacedEntry: Equatable, Sendable {
    package let entry: LogEntry
    /// The last entry of a segment before this one; nil before the first.
    let before: SegmentEntry?

    init(_ entry: LogEntry, behind before: SegmentEntry?) {
        self.entry = entry
        self.before = before
    }
}

extension LogWriter {
    /// Is given an entry with its index, and throws to refuse it.
    package typealias Inspection = (UInt64, PlacedEntry) throws(LogError) -> Void

    /// Signs the head of what is stored and writes `checkpoint`.
    ///
    /// Before signing, everything is read back: the entries since the last signed head hash to
    /// their tiles and follow each other, and a consistency proof made from the tiles leads from
    /// the old head to the new one. `key` must be the one in force: that of the last head, or the
    /// successor that one of `predecessors` named. A head that is signed already is left as it is,
    /// with its cosignatures. `size`: sign the log at this size, not what was appended since.
    /// `inspect` is given each entry that was not signed before, and throws to refuse it.
    @discardableResult
    package mutating func sign(
        with key: SigningKey, size wanted: UInt64? = nil, _ inspect: Inspection = { _, _ in }
    ) throws(LogError) -> SignedCheckpoint {
        let signed = try signature(by: key, size: wanted ?? size, inspect)
        try publish(signed)
        return signed
    }

    /// The first half of `sign`: nothing is written yet.
    func signature(
        by key: SigningKey, size: UInt64, _ inspect: Inspection = { _, _ in }
    ) throws(LogError) -> SignedCheckpoint {
        try LogHold.check(reader, size: size)
        let (head, known) = try checked(for: key.verifier, size: size, inspect)
        if let known, known.head == head, (try? known.verify(by: key.verifier)) != nil {
            return known
        }
        return SignedCheckpoint(signing: head, with: key)
    }

    /// The second half.
    func publish(_ signed: SignedCheckpoint) throws(LogError) {
        requireLock()
        let path = reader.folder + "/" + LogReader.checkpointName
        guard try reader.checkpoint() != signed else {
            // A kill may have come between its name and the sync of the folder.
            return try LogFile.syncFolder(of: path)
        }
        try LogFile.replace(path, signed.encoded(), hook: hook)
    }

    /// The head to be signed at `size`, shown to follow from the last signed one, which comes too.
    func checked(
        for key: VerifierKey, size: UInt64, _ inspect: Inspection = { _, _ in }
    ) throws(LogError) -> (Checkpoint, SignedCheckpoint?) {
        guard key.kind == .log, key.name == origin else {
            throw LogReader.error(
                .wrongKey, LogReader.checkpointName,
                "keys of this log have the name \(origin), this one is \(key.text)")
        }
        guard size > 0, size <= self.size else {
            throw LogReader.error(
                .noEntries, LogReader.pendingName,
                size == 0 ? "the log has no entries" : "the log has \(self.size) entries")
        }
        let known = try reader.checkpoint()
        let old = known?.head.size ?? 0
        guard old <= size else {
            throw LogReader.error(
                .rollback, LogReader.checkpointName, "a head of \(old) entries was signed already")
        }
        if let known { try checkSigner(known, key) }
        var nodes = TileNodes(reader, size: self.size)
        let root = try nodes.root(size: size)
        let head = Checkpoint(origin: origin, size: size, root: root)
        if let known {
            try LogConsistency.check(from: known.head, to: head, &nodes)
        }
        try replay(known, old..<size, key, head, inspect)
        return (head, known)
    }

    /// What stands before a signed head is not read again. So `key` has signed it, or a key that is
    /// known to have come before: whoever else did may have invented it, and an entry that hands
    /// over to `key`.
    private func checkSigner(
        _ known: SignedCheckpoint, _ key: VerifierKey
    ) throws(LogError) {
        let isKnown = predecessors.contains { (try? known.verify(by: $0)) != nil }
        guard !isKnown else { return }
        do throws(NoteError) {
            try known.verify(by: key)
        } catch {
            let isSuccessor = (try? keys())?.last == key
            throw LogReader.error(
                .wrongKey, LogReader.checkpointName,
                isSuccessor
                    ? "it is not signed by \(key.text), to which the log was handed over; "
                        + "run key rotate again with both keys"
                    : error.message)
        }
    }

    /// Reads the entries of `range` once, and finds that they follow from what was signed before
    /// and lead to `head`, whatever the tiles say, and which key is in force behind them.
    private func replay(
        _ known: SignedCheckpoint?, _ range: Range<UInt64>, _ key: VerifierKey, _ head: Checkpoint,
        _ inspect: Inspection
    ) throws(LogError) {
        var nodes = TileNodes(reader, size: size)
        var tree = try MerkleRoot(size: range.lowerBound, of: &nodes)
        if let known, tree.root() != known.head.root {
            throw LogReader.error(
                .root, LogReader.checkpointName, "the tiles do not lead to its root")
        }
        var entries = LogEntries()
        if let known { entries = try self.entries(before: known.head, &nodes) }
        try reader.forEachEntry(of: range, size: size) { index, bytes throws(LogError) in
            let leaf = bytes.withUnsafeBytes(Digest.leaf)
            guard try nodes.node(height: 0, index: index) == leaf else {
                throw LogError(
                    .tileHash, file: LogReader.bundleName(index),
                    "entry \(index) does not hash to its tile")
            }
            let before = entries.lastSegment
            entries.add(bytes, leaf: leaf, index: index)
            if let failure = entries.failure { throw failure }
            try inspect(index, PlacedEntry(try LogReader.parse(bytes, index), behind: before))
            tree.append(leaf)
        }
        guard tree.root() == head.root else {
            throw LogReader.error(
                .root, LogReader.pendingName, "the tiles are not those of the entries")
        }
        try check(entries.keys, known, key)
    }

    /// Where the entries behind a signed head go on. Those before are its own: shown by their
    /// inclusion, as the tiles of the directory may say anything.
    private func entries(
        before head: Checkpoint, _ nodes: inout TileNodes
    ) throws(LogError) -> LogEntries {
        var last: (entry: LogEntry, leaf: [UInt8])?
        var segment: SegmentEntry?
        var index = head.size
        while index > 0, segment == nil {
            index -= 1
            var found: [UInt8] = []
            try reader.forEachEntry(of: index..<index + 1, size: size) { found = $1 }
            let leaf = found.withUnsafeBytes(Digest.leaf)
            let path = try nodes.inclusion(of: index, size: head.size)
            let root = MerkleProof.root(leaf: leaf, index: index, size: head.size, path: path)
            guard root == head.root else {
                throw LogError(
                    .tileHash, file: LogReader.bundleName(index),
                    "entry \(index) is not the one that was signed")
            }
            let entry = try LogReader.parse(found, index)
            if last == nil { last = (entry, leaf) }
            if case .segment(let one) = entry { segment = one }
        }
        guard let last else { return LogEntries() }
        return LogEntries(after: last.entry, leaf: last.leaf, segment: segment)
    }

    /// The signed head by the key then in force, and `key` by the one in force now.
    private func check(
        _ keys: KeyChain, _ known: SignedCheckpoint?, _ key: VerifierKey
    ) throws(LogError) {
        if let known {
            let signer = keys.first ?? key
            do throws(NoteError) {
                try known.verify(by: signer)
            } catch {
                throw LogReader.error(.wrongKey, LogReader.checkpointName, error.message)
            }
        }
        guard let last = keys.last, last != key else { return }
        throw LogReader.error(
            .wrongKey, LogReader.checkpointName,
            "the log was handed over to key \(last.text), this one is \(key.text)")
    }
}

/// That one head of a log follows from another.
enum LogConsistency {
    /// Makes the proof from the stored tiles and checks it as an outsider would.
    static func check(
        from old: Checkpoint, to new: Checkpoint, _ nodes: inout TileNodes
    ) throws(LogError) {
        guard old.origin == new.origin else {
            throw LogReader.error(
                .otherOrigin, LogReader.checkpointName,
                "it is of origin \(new.origin), the one before of \(old.origin)")
        }
        guard old.size <= new.size else {
            throw LogReader.error(
                .rollback, LogReader.checkpointName,
                "it has \(new.size) entries, the one before had \(old.size)")
        }
        // Damaged tiles are no fork: what they lead to must be the head that is looked at.
        guard try nodes.root(size: new.size) == new.root else {
            throw LogReader.error(
                .root, LogReader.checkpointName,
                "the tiles do not lead to its root at \(new.size) entries")
        }
        let proof = try nodes.consistency(from: old.size, to: new.size)
        guard
            MerkleProof.isConsistent(
                oldSize: old.size, oldRoot: old.root, size: new.size, root: new.root, path: proof)
        else {
            throw LogReader.error(
                .fork, LogReader.checkpointName,
                "the log at \(new.size) entries does not begin with the log at \(old.size)")
        }
    }
}
