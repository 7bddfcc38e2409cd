extension LogWriter {
    /// Signs the head of what is stored and writes `checkpoint`.
    ///
    /// Before signing, everything is read back: the entries since the last signed head hash to
    /// their tiles and follow each other, and a consistency proof made from the tiles leads from
    /// the old head to the new one. `key` must be the one in force: that of the last head, or the
    /// successor it named. A head that is signed already is left as it is, with its cosignatures.
    /// `size`: sign the log at this size, not what was appended since.
    @discardableResult
    package mutating func sign(
        with key: SigningKey, size wanted: UInt64? = nil
    ) throws(LogError) -> SignedCheckpoint {
        let signed = try signature(by: key, size: wanted ?? size)
        try publish(signed)
        return signed
    }

    /// The first half of `sign`: nothing is written yet.
    func signature(by key: SigningKey, size: UInt64) throws(LogError) -> SignedCheckpoint {
        let (head, known) = try checked(for: key.verifier, size: size)
        if let known, known.head == head, (try? known.verify(by: key.verifier)) != nil {
            return known
        }
        return SignedCheckpoint(signing: head, with: key)
    }

    /// The second half.
    func publish(_ signed: SignedCheckpoint) throws(LogError) {
        let path = reader.folder + "/" + LogReader.checkpointName
        guard try reader.checkpoint() != signed else {
            // A kill may have come between its name and the sync of the folder.
            return try LogFile.syncFolder(of: path)
        }
        try LogFile.replace(path, signed.encoded(), hook: hook)
    }

    /// The head to be signed at `size`, shown to follow from the last signed one, which comes too.
    func checked(
        for key: VerifierKey, size: UInt64
    ) throws(LogError) -> (Checkpoint, SignedCheckpoint?) {
        guard key.kind == .log, key.name == origin else {
            throw LogReader.error(
                .wrongKey, LogReader.checkpointName,
                "keys of this log have the name \(origin), this one is \(key.text)")
        }
        guard size > 0, size <= self.size else {
            throw LogReader.error(
                .noCheckpoint, LogReader.pendingName,
                size == 0 ? "the log has no entries" : "the log has \(self.size) entries")
        }
        let known = try reader.checkpoint()
        let old = known?.head.size ?? 0
        guard old <= size else {
            throw LogReader.error(
                .rollback, LogReader.checkpointName, "a head of \(old) entries was signed already")
        }
        var nodes = TileNodes(reader, size: self.size)
        let root = try nodes.root(size: size)
        let head = Checkpoint(origin: origin, size: size, root: root)
        if let known {
            try LogConsistency.check(from: known.head, to: head, &nodes)
        }
        try checkKeys(known, old..<size, key, &nodes)
        return (head, known)
    }

    /// Reads the entries of `range` again, and finds the key in force behind them.
    private func checkKeys(
        _ known: SignedCheckpoint?, _ range: Range<UInt64>, _ key: VerifierKey,
        _ nodes: inout TileNodes
    ) throws(LogError) {
        var previous = Digest.none
        if range.lowerBound > 0 {
            previous = try nodes.node(height: 0, index: range.lowerBound - 1)
        }
        var keys = KeyChain()
        var tiles = nodes
        try reader.forEachEntry(of: range, size: size) { index, bytes throws(LogError) in
            let leaf = bytes.withUnsafeBytes(Digest.leaf)
            guard try tiles.node(height: 0, index: index) == leaf else {
                throw LogError(
                    .tileHash, file: LogReader.bundleName(index),
                    "entry \(index) does not hash to its tile")
            }
            let entry = try LogReader.parse(bytes, index)
            guard entry.previous == previous else {
                throw LogError(
                    .entryChain, file: LogReader.bundleName(index),
                    "entry \(index) does not name the entry before it")
            }
            previous = leaf
            if case .keyRotation(let rotation) = entry { try keys.add(rotation, at: index) }
        }
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
