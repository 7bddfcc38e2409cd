/// Checks the log of an audit directory from its entries up and goes on after a finding.
///
/// Tiles and heads: computed again from the entries. Entries: canonical, each naming the one
/// before, segments 1, 2, 3 … with sequences that meet. Signature: by the pinned key or a
/// successor it signed for. Trust: the accepted head is one of this log. Segments: each entry
/// against the file it names. Memory: about 500 B an entry. Cost: one pass over bundles and tiles.
struct LogCheck {
    enum Event {
        case finding(LogError)
        case info(InfoCode, file: String, String)
    }

    let reader: LogReader
    let pins: LogPins
    let emit: (Event) -> Void
    var report = LogReport()
    var entries = LogEntries()
    private var tree = MerkleTree()
    private var pending: Checkpoint?
    /// Entries, tiles and signed head say the same: what entries say is worth reading.
    private var isSound = true
    /// That the log was set back, or is another one, was told from the heads alone.
    private var isDistrusted = false

    init(audit: String, pins: LogPins, emit: @escaping (Event) -> Void) {
        reader = LogReader(audit: audit)
        self.pins = pins
        self.emit = emit
    }

    mutating func run(_ segments: LoggedSegments) {
        guard reader.exists else { return checkAbsence() }
        let hasHeads = attempt { check throws(LogError) in try check.readHeads() }
        guard !hasHeads || report.size > 0 else { return checkAbsence() }
        // Whatever else is wrong with it: whoever sets a log back would choose what.
        compareHeads()
        guard hasHeads else { return }
        guard attempt({ check throws(LogError) in try check.readEntries() }) else {
            isSound = false
            return checkTrust()
        }
        checkTiles()
        checkHead()
        guard isSound else { return }
        if let error = entries.failure { emit(.finding(error)) }
        checkSignatures()
        report.segments = UInt64(entries.segments.count)
        compare(segments)
    }

    /// Runs a step; false when it found something, which is told.
    private mutating func attempt(
        _ step: (inout LogCheck) throws(LogError) -> Void
    ) -> Bool {
        do throws(LogError) {
            try step(&self)
            return true
        } catch {
            emit(.finding(error))
            return false
        }
    }

    private func checkAbsence() {
        if let trusted = pins.trusted {
            let detail = "the log is gone; it had \(trusted.head.size) entries"
            return emit(
                .finding(LogReader.error(.rollback, LogReader.checkpointName, detail)))
        }
        if pins.needsLog {
            return emit(.finding(LogError(.noLog, file: LogReader.folderName, "there is no log")))
        }
        emit(
            .info(
                .noLog, file: LogReader.folderName,
                "there is no log, so segments missing at the end are not found"))
    }

    private mutating func readHeads() throws(LogError) {
        report.checkpoint = try reader.checkpoint()
        pending = try reader.pending()
        report.size = max(report.checkpoint?.head.size ?? 0, pending?.size ?? 0)
        let signed = report.checkpoint?.head.size ?? 0
        if report.checkpoint == nil && pins.needsLog && report.size > 0 {
            let code: LogError.Code = pins.trusted == nil ? .noCheckpoint : .rollback
            throw LogReader.error(
                code, LogReader.checkpointName, "there is no signed checkpoint")
        }
        guard signed < report.size else { return }
        emit(
            .info(
                .unsigned, file: LogReader.folderName,
                "entries \(signed) to \(report.size - 1) are not signed yet"))
    }

    private mutating func readEntries() throws(LogError) {
        for bundle in Tile.all(size: report.size) where bundle.content == .entries {
            let first = bundle.index * UInt64(Tile.fullWidth)
            for (place, bytes) in try reader.entries(of: bundle).enumerated() {
                let leaf = bytes.withUnsafeBytes(Digest.leaf)
                entries.add(bytes, leaf: leaf, index: first + UInt64(place))
                tree.append(leaf)
            }
        }
    }

    /// Every tile of the log against the entries.
    private mutating func checkTiles() {
        for tile in Tile.all(size: report.size) {
            guard case .level(let level) = tile.content else { continue }
            do throws(LogError) {
                for (place, hash) in try reader.hashes(of: tile).enumerated() {
                    let index = tile.index * UInt64(Tile.fullWidth) + UInt64(place)
                    let ours = tree.node(height: level * Tile.height, index: index)
                    guard hash != ours else { continue }
                    let start = UInt64(place * Digest.byteCount)
                    throw LogError(
                        .tileHash, file: LogReader.folderName + "/" + tile.path,
                        level == 0
                            ? "it is not the hash of entry \(index) in "
                                + LogReader.bundleName(index)
                            : "it is not the head of tile \(index) of level \(level - 1)",
                        bytes: start..<start + UInt64(Digest.byteCount))
                }
            } catch {
                isSound = false
                emit(.finding(error))
            }
        }
    }

    /// The signed head against the entries.
    private mutating func checkHead() {
        if isSound, let pending { check(pending) }
        guard let head = report.checkpoint?.head else { return }
        if tree.root(size: head.size) != head.root {
            // Where the tiles lead to the head, a damaged entry has been told already.
            var stored = TileNodes(reader, size: report.size)
            let isOfTiles = (try? stored.root(size: head.size)) == head.root
            if isSound || !isOfTiles {
                emit(
                    .finding(
                        LogReader.error(
                            .root, LogReader.checkpointName,
                            "its root is not that of the first \(head.size) entries")))
            }
            isSound = false
        }
        checkTrust()
    }

    private mutating func check(_ pending: Checkpoint) {
        if let origin = report.checkpoint?.head.origin, pending.origin != origin {
            let detail = "it is of origin \(pending.origin), the checkpoint of \(origin)"
            emit(.finding(LogReader.error(.otherOrigin, LogReader.pendingName, detail)))
        }
        guard tree.root(size: pending.size) != pending.root else { return }
        let detail = "its root is not that of the first \(pending.size) entries"
        emit(.finding(LogReader.error(.root, LogReader.pendingName, detail)))
    }

    private mutating func checkSignatures() {
        guard let checkpoint = report.checkpoint, let pinned = pins.key else {
            if pins.key == nil {
                emit(
                    .info(
                        .unpinned, file: LogReader.folderName,
                        "no signature was checked: give --expect-vkey with the key you know"))
            }
            return checkWitnesses()
        }
        let size = checkpoint.head.size
        var signer = entries.keys.key(at: size) ?? pinned
        // Behind an entry that could not be read the log may have gone to the pinned key.
        if entries.failure != nil, checkpoint.note.isNamed(pinned) { signer = pinned }
        guard signer == pinned || entries.keys.trusts(pinned, at: size),
            pinned.name == checkpoint.head.origin
        else {
            let detail =
                "it is of origin \(checkpoint.head.origin), signed by \(signer.text), "
                + "to which \(pinned.text) never handed over"
            return emit(
                .finding(LogReader.error(.wrongKey, LogReader.checkpointName, detail)))
        }
        do throws(NoteError) {
            try checkpoint.verify(by: signer)
            report.signer = signer
        } catch {
            // Or to one that is not known here.
            if case .missing = error, entries.failure != nil { return checkWitnesses() }
            emit(.finding(Self.finding(error)))
        }
        checkWitnesses()
    }

    private mutating func checkWitnesses() {
        guard let checkpoint = report.checkpoint else { return }
        for witness in pins.witnesses {
            do throws(NoteError) {
                report.cosigned.append(try checkpoint.note.verify(by: witness))
            } catch {
                let code: LogError.Code =
                    if case .missing = error { .noCosignature } else { .badSignature }
                emit(
                    .finding(
                        LogReader.error(code, LogReader.checkpointName, error.message)))
            }
        }
    }

    static func finding(_ error: NoteError) -> LogError {
        let code: LogError.Code =
            switch error {
            case .missing: .wrongKey
            case .signature: .badSignature
            case .format: .checkpointFormat
            }
        return LogReader.error(code, LogReader.checkpointName, error.message)
    }

    /// The accepted head against the one here, as far as heads alone tell.
    private mutating func compareHeads() {
        guard let trusted = pins.trusted?.head, let head = report.checkpoint?.head else { return }
        if trusted.size > head.size {
            isDistrusted = true
            let detail = "it has \(head.size) entries, the accepted one had \(trusted.size)"
            emit(.finding(LogReader.error(.rollback, LogReader.checkpointName, detail)))
        } else if trusted.origin != head.origin
            || (trusted.size == head.size && trusted.root != head.root)
        {
            isDistrusted = true
            emit(.finding(Self.fork(from: trusted)))
        }
    }

    /// The head that was accepted must be one this log had. Where entries are damaged or missing
    /// the tiles may still show it; where neither does, damage is no fork.
    private mutating func checkTrust() {
        guard !isDistrusted, let trusted = pins.trusted?.head,
            let head = report.checkpoint?.head,
            let root = isSound
                ? tree.root(size: trusted.size) : storedRoot(size: trusted.size, of: head),
            root != trusted.root
        else { return }
        emit(.finding(Self.fork(from: trusted)))
    }

    /// The root at `size` that the tiles lead to, if they prove that `head` begins with it.
    private func storedRoot(size: UInt64, of head: Checkpoint) -> [UInt8]? {
        var nodes = TileNodes(reader, size: report.size)
        guard let root = try? nodes.root(size: size),
            let path = try? nodes.consistency(from: size, to: head.size),
            MerkleProof.isConsistent(
                oldSize: size, oldRoot: root, size: head.size, root: head.root, path: path)
        else { return nil }
        return root
    }

    private static func fork(from trusted: Checkpoint) -> LogError {
        LogReader.error(
            .fork, LogReader.checkpointName,
            "the log does not begin with the accepted one of \(trusted.size) entries of "
                + trusted.origin)
    }
}
