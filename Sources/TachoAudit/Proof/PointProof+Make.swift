import TachoCodec
import TachoGeo

extension PointProof {
    /// Makes the proof of a rider's fixes at a time from a directory with a signed log.
    ///
    /// Looks through all segments the checkpoint covers, in order: a later one may hold another
    /// fix of the time or amend one. `progress` is told each segment's file. Cost: the tables of
    /// every segment whose times can matter, and of those the blocks that do.
    package static func make(
        audit: String, rider: [UInt8], tsMs: Int64, progress: (String) -> Void = { _ in }
    ) throws(ProofError) -> PointProof {
        let reader = LogReader(audit: audit)
        let log = try ofLog { () throws(LogError) in try LoggedState(reader) }
        var nodes = TileNodes(reader, size: log.checkpoint.head.size)
        var blocks: [Block] = []
        for (index, entry) in log.segments {
            let name = AuditDirectory.fileName(entry.segmentID)
            progress(name)
            let found = try ProofSource(audit: audit, name: name, entry: entry)
                .blocks(of: rider, at: tsMs)
            guard !found.isEmpty else { continue }
            let path = try ofLog { () throws(LogError) in
                try nodes.inclusion(of: index, size: log.checkpoint.head.size)
            }
            let proof = LogProof(index: index, path: path, checkpoint: log.checkpoint)
            blocks += found.map { Block($0, entry: entry, proof) }
        }
        guard blocks.contains(where: { $0.kind == .fixes }) else {
            let name = String(decoding: rider, as: UTF8.self)
            throw ProofError(.noFix, "rider \(name) has no logged fix at \(tsMs) ms")
        }
        return PointProof(rider: rider, tsMs: tsMs, rotations: log.rotations, blocks: blocks)
    }

    private static func ofLog<T>(
        _ step: () throws(LogError) -> T
    ) throws(ProofError) -> T {
        do throws(LogError) {
            return try step()
        } catch {
            throw ProofError(.directory, error.message, exit: error.exit)
        }
    }
}

/// What of a log a proof needs.
private struct LoggedState {
    let checkpoint: SignedCheckpoint
    var segments: [(index: UInt64, entry: SegmentEntry)] = []
    var rotations: [SignedNote] = []

    init(_ reader: LogReader) throws(LogError) {
        guard let checkpoint = try reader.checkpoint() else {
            throw LogReader.error(
                reader.exists ? .noCheckpoint : .noLog, LogReader.checkpointName,
                "a proof ends in a signed checkpoint, and there is none")
        }
        self.checkpoint = checkpoint
        var segments: [(index: UInt64, entry: SegmentEntry)] = []
        var rotations: [SignedNote] = []
        let size = checkpoint.head.size
        try reader.forEachEntry(of: 0..<size, size: size) { index, bytes throws(LogError) in
            switch try LogReader.parse(bytes, index) {
            case .segment(let entry): segments.append((index, entry))
            case .keyRotation(let rotation): rotations.append(rotation.note)
            }
        }
        self.segments = segments
        self.rotations = rotations
    }
}

/// A segment's block with its way up to the segment's root.
private struct FoundBlock {
    var kind: BlockKind
    var number: Int
    var offset: UInt64
    var names: [UInt8]
    var stored: [UInt8]
    var path: [[UInt8]]
}

extension PointProof.Block {
    fileprivate init(_ found: FoundBlock, entry: SegmentEntry, _ log: LogProof) {
        self.init(
            kind: found.kind, number: UInt64(found.number), offset: found.offset,
            names: found.names, stored: found.stored, path: found.path,
            entry: LogEntry.segment(entry).encoded(), log: log)
    }
}

/// Finds what a proof needs in one segment.
private struct ProofSource {
    let audit: String
    let name: String
    let entry: SegmentEntry

    func blocks(of rider: [UInt8], at tsMs: Int64) throws(ProofError) -> [FoundBlock] {
        guard entry.tsBounds.overlaps(tsMs...tsMs) || entry.amendments > 0 else { return [] }
        do throws(SegmentError) {
            let reader = try SegmentReader(path: audit + "/" + name)
            let numbers =
                try fixBlocks(reader, rider, tsMs) + amendmentBlocks(reader, rider, tsMs)
            guard !numbers.isEmpty else { return [] }
            guard reader.root == entry.root else {
                throw SegmentError(.root, "it is not the segment that the log names")
            }
            guard reader.header.major >= SegmentFormat.namedLeaves else {
                throw SegmentError(
                    .unknownVersion,
                    "leaves of segment format 0 do not cover names, so there are no proofs of it")
            }
            var tree = reader.tree()
            return try numbers.map { number throws(SegmentError) in
                let (stored, names) = try reader.storedBlock(number)
                return FoundBlock(
                    kind: reader.index[number].kind, number: number,
                    offset: reader.index[number].offset, names: names, stored: stored,
                    path: tree.inclusion(of: UInt64(number), size: tree.count))
            }
        } catch {
            let code: ProofError.Code = error.code == .unknownVersion ? .oldFormat : .directory
            throw ProofError(code, error.message(file: name), exit: error.exit)
        }
    }

    private func fixBlocks(
        _ reader: SegmentReader, _ rider: [UInt8], _ tsMs: Int64
    ) throws(SegmentError) -> [Int] {
        guard let number = reader.names.indexWithPoints(rider) else { return [] }
        var found: [Int] = []
        var buffer: [UInt8] = []
        var columns = ChunkColumns()
        for block in reader.blocks(ofRider: number)
        where reader.index[block].tsBounds.overlaps(tsMs...tsMs) {
            try reader.readFixes(block: block, buffer: &buffer, into: &columns)
            if (0..<columns.count).contains(where: { columns.at.tsMs[$0] == tsMs }) {
                found.append(block)
            }
        }
        return found
    }

    private func amendmentBlocks(
        _ reader: SegmentReader, _ rider: [UInt8], _ tsMs: Int64
    ) throws(SegmentError) -> [Int] {
        var found: [Int] = []
        for block in reader.amendmentBlocks
        where reader.index[block].tsBounds.overlaps(tsMs...tsMs) {
            let names = try reader.readRecords(block: block).contains { record in
                guard case .amendment(let amendment) = record, amendment.tsMs == tsMs else {
                    return false
                }
                return reader.names.name(Int(amendment.rider)) == rider
            }
            if names { found.append(block) }
        }
        return found
    }
}
