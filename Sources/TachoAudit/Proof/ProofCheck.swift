import TachoCodec
import TachoGeo

/// What a proof proves, once it was checked.
package struct ProvenFixes: Sendable {
    package let rider: [UInt8]
    package let tsMs: Int64
    package let checkpoint: SignedCheckpoint
    package let signer: VerifierKey
    /// Ids, ascending, each once.
    package let segments: [UInt64]
    /// Rows as `export` writes them: the header, then one a fix. Ordinals are counted, and verdicts
    /// amended, by the blocks of the proof alone.
    package let rows: [String]
    /// Amendments of fixes of that time.
    package let amendments: Int

    package var fixes: Int { rows.count - 1 }
}

/// Checks a proof with nothing else at hand than keys.
///
/// Shown: these fixes of this rider are in the log's segments, and so are these amendments. Not
/// shown: that there are no others; that takes the segments themselves.
package struct ProofCheck {
    private let proof: PointProof
    private var fixes: [ProvenBlock] = []
    private var changes: [Change] = []
    private var last: (segment: UInt64, block: UInt64)?
    private var segments: [UInt64] = []

    /// The fixes of the time in one block. A class, because columns are not copied.
    private final class ProvenBlock {
        let segment: UInt64
        let block: Int
        let columns: ChunkColumns
        let places: [Int]

        init(segment: UInt64, block: Int, columns: consuming ChunkColumns, at tsMs: Int64) {
            self.segment = segment
            self.block = block
            places = (0..<columns.count).filter { columns.at.tsMs[$0] == tsMs }
            self.columns = columns
        }
    }

    private struct Change {
        var segment: UInt64
        var amendment: Amendment
    }

    /// `key`: the one the checker knows; later ones are followed from it. `witnesses` must all
    /// have cosigned.
    package static func run(
        _ proof: PointProof, key: VerifierKey, witnesses: [VerifierKey] = []
    ) throws(ProofError) -> ProvenFixes {
        let checkpoint = proof.blocks[0].log.checkpoint
        let signer = try signer(proof, key, checkpoint)
        for witness in witnesses {
            do throws(NoteError) {
                try checkpoint.note.verify(by: witness)
            } catch {
                throw ProofError(.noCosignature, error.message)
            }
        }
        var check = ProofCheck(proof: proof)
        for block in proof.blocks {
            guard block.log.checkpoint == checkpoint else {
                throw ProofError(.entry, "its blocks are under different checkpoints")
            }
            try check.add(block)
        }
        guard check.fixes.contains(where: { !$0.places.isEmpty }) else {
            throw ProofError(.noFix, "no block of it has a fix of that time")
        }
        return ProvenFixes(
            rider: proof.rider, tsMs: proof.tsMs, checkpoint: checkpoint, signer: signer,
            segments: check.segments, rows: check.rows(), amendments: check.changes.count)
    }

    private init(proof: PointProof) { self.proof = proof }

    /// The key that signed, reached from the known one.
    private static func signer(
        _ proof: PointProof, _ key: VerifierKey, _ checkpoint: SignedCheckpoint
    ) throws(ProofError) -> VerifierKey {
        var signer = key
        for note in proof.rotations {
            do throws(EntryError) {
                let rotation = try KeyRotation(parsing: note.encoded())
                if rotation.old == signer { signer = rotation.new }
            } catch {
                throw ProofError(.badSignature, error.message)
            }
        }
        do throws(NoteError) {
            try checkpoint.verify(by: signer)
        } catch {
            let code: ProofError.Code =
                if case .missing = error { .wrongKey } else { .badSignature }
            throw ProofError(code, "its checkpoint: \(error.message)")
        }
        return signer
    }

    private mutating func add(_ block: PointProof.Block) throws(ProofError) {
        let entry = try Self.entry(block)
        let place = (segment: entry.segmentID, block: block.number)
        if let last, last >= place {
            throw ProofError(.content, "its blocks are not in order")
        }
        last = place
        if segments.last != entry.segmentID { segments.append(entry.segmentID) }
        guard block.number <= UInt64(UInt32.max) else {
            throw ProofError(.content, "a block has an impossible number")
        }
        let (end, isTooFar) = block.offset.addingReportingOverflow(UInt64(block.stored.count))
        guard !isTooFar, end <= entry.bytes else {
            throw ProofError(.content, "a block lies outside its segment")
        }
        let location = BlockLocation(
            segmentID: entry.segmentID, block: Int(block.number), offset: block.offset)
        let result = block.stored.withUnsafeBytes { raw in
            Result { () throws(SegmentError) in
                let stored = try StoredBlock.check(raw, at: location)
                guard stored.kind == block.kind else {
                    throw SegmentError(.blockHeader, "a block is of another kind")
                }
                switch stored.kind {
                case .fixes: try addFixes(raw, stored, location, block, entry)
                case .amendments: try addAmendments(raw, stored, location, block, entry)
                }
            }
        }
        do throws(SegmentError) {
            try result.get()
        } catch {
            throw ProofError(.content, error.detail)
        }
    }

    /// The entry of the block's segment, after both ways up were checked.
    private static func entry(_ block: PointProof.Block) throws(ProofError) -> SegmentEntry {
        guard block.log.holds(block.entry) else {
            throw ProofError(.entry, "an entry does not lead to the checkpoint's root")
        }
        let entry: SegmentEntry
        do throws(EntryError) {
            guard case .segment(let segment) = try LogEntry(parsing: block.entry) else {
                throw .format("an entry is of no segment")
            }
            entry = segment
        } catch {
            let code: ProofError.Code =
                if case .unknown = error { .unknownVersion } else { .format }
            throw ProofError(code, error.message)
        }
        guard entry.major == SegmentFormat.major else {
            throw entry.major > SegmentFormat.major
                ? ProofError(.unknownVersion, "segment format \(entry.major) is unknown here")
                : ProofError(.oldFormat, "leaves of segment format 0 do not cover names")
        }
        let leaf = block.stored.withUnsafeBytes { Digest.leaf($0, names: block.names) }
        let root = MerkleProof.root(
            leaf: leaf, index: block.number, size: entry.blocks, path: block.path)
        guard root == entry.root else {
            throw ProofError(.block, "a block does not lead to its segment's root")
        }
        return entry
    }

    private mutating func addFixes(
        _ raw: UnsafeRawBufferPointer, _ stored: StoredBlock, _ location: BlockLocation,
        _ block: PointProof.Block, _ entry: SegmentEntry
    ) throws(SegmentError) {
        guard LeafNames.split(block.names, count: 1) == [proof.rider] else {
            throw location.error(.blockHeader, "a block is of another rider", raw.count)
        }
        var columns = ChunkColumns(capacity: stored.count)
        try BlockContent.fixes(raw, count: stored.count, at: location, into: &columns)
        fixes.append(
            ProvenBlock(
                segment: entry.segmentID, block: location.block, columns: columns,
                at: proof.tsMs))
    }

    private mutating func addAmendments(
        _ raw: UnsafeRawBufferPointer, _ stored: StoredBlock, _ location: BlockLocation,
        _ block: PointProof.Block, _ entry: SegmentEntry
    ) throws(SegmentError) {
        guard let names = LeafNames.split(block.names, count: stored.count) else {
            throw location.error(.amendment, "a block of amendments lacks names", raw.count)
        }
        // The proof has no table of names, so every number may be one.
        var header = SegmentHeader(
            interval: SegmentInterval(
                segmentID: entry.segmentID, partition: entry.partition,
                firstSequence: entry.firstSequence, lastSequence: entry.lastSequence,
                previousSHA256: Digest.none, ruleSet: 0))
        header.riders = .max
        let records = try BlockContent.records(
            raw, count: stored.count, at: location, header: header)
        for (name, record) in zip(names, records) where name == proof.rider {
            guard case .amendment(let amendment) = record, amendment.tsMs == proof.tsMs else {
                continue
            }
            changes.append(Change(segment: entry.segmentID, amendment: amendment))
        }
    }

    /// The fixes as rows of an export, with the verdicts that the proven amendments give them.
    private func rows() -> [String] {
        var format = AuditCSV()
        var out = TextBuffer()
        AuditCSV.putStart(to: &out)
        format.begin(rider: proof.rider)
        var ordinal: UInt16 = 0
        for block in fixes {
            format.begin(segment: block.segment, block: block.block)
            for place in block.places {
                let stored = block.columns.at.verdict(place)
                let all = changes.filter { $0.amendment.ordinal == ordinal }
                let atSeal = all.last { $0.segment <= block.segment }?.amendment.verdict
                let row = AuditRow(
                    fixes: block.columns.at, index: place, verdictAtSeal: atSeal ?? stored,
                    verdict: all.last?.amendment.verdict ?? stored)
                format.append(row, to: &out)
                ordinal &+= 1
            }
        }
        return String(decoding: out.text, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
