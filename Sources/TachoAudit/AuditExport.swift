import TachoCodec
import TachoGeo

/// Exports points of a directory of segments, by segment, block and index.
///
/// Two passes: headers and amendments of all segments first, because a later segment can change
/// the verdict of an earlier point, then the points, decoding only blocks whose times can matter.
/// Everything read is checked (checksum, leaf, columns; ids and sequence intervals of the segments
/// without gaps); the hashes of whole files and the chain are `Verifier`'s. Memory: one segment's
/// index, one block, and the amendments of the riders asked for.
package enum AuditExport {
    /// Writes CSV to `output`, which the caller completes or drops. `progress` is told the
    /// segment it is at, from 1, and how many there are.
    package static func csv(
        directory: String, query: ExportQuery, to output: borrowing ExportOutput,
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws(ExportError) -> ExportSummary {
        var run = ExportRun(query: query, format: AuditCSV())
        return try run.run(directory: directory, output: output, progress: progress)
    }
}

private struct ExportRun<Format: AuditRowFormat & ~Copyable>: ~Copyable {
    let query: ExportQuery
    var format: Format
    private var overlay = AmendmentOverlay()
    private var summary = ExportSummary()
    private var found: Set<[UInt8]> = []
    private var out = TextBuffer(capacity: 2 * SegmentSource.pieceBytes)
    private var buffer: [UInt8] = []
    private var fixes = ChunkColumns(capacity: SegmentFormat.blockCapacity)

    init(query: ExportQuery, format: consuming Format) {
        self.query = query
        self.format = format
    }

    mutating func run(
        directory: String, output: borrowing ExportOutput, progress: (Int, Int) -> Void
    ) throws(ExportError) -> ExportSummary {
        let entries = try list(directory)
        let headers = try collect(entries)
        overlay.prepare()
        format.appendHeader(to: &out)
        for (number, entry) in entries.enumerated() {
            progress(number + 1, entries.count)
            summary.segments += 1
            guard mayMatter(headers[number]) else { continue }
            let reader = try attempt(entry) { () throws(SegmentError) in
                try SegmentReader(path: entry.path)
            }
            try export(reader, entry, to: output)
        }
        try output.write(&out)
        if let riders = query.riders {
            summary.unknownRiders = riders.subtracting(found).sorted {
                $0.lexicographicallyPrecedes($1)
            }
        }
        return summary
    }
}

extension ExportRun where Format: ~Copyable {
    private func attempt<T>(
        _ entry: AuditDirectory.Entry, _ step: () throws(SegmentError) -> T
    ) throws(ExportError) -> T {
        do throws(SegmentError) {
            return try step()
        } catch {
            throw .segment(error, file: entry.fileName)
        }
    }

    private func list(_ directory: String) throws(ExportError) -> [AuditDirectory.Entry] {
        let entries: [AuditDirectory.Entry]
        do throws(SegmentError) {
            entries = try AuditDirectory.segments(at: directory)
        } catch {
            throw .segment(error, file: directory)
        }
        guard !entries.isEmpty else {
            throw .directory(Finding(.noSegments, file: directory, "there is no segment here"))
        }
        return entries
    }

    /// The first pass: headers, that they follow each other, and amendments.
    private mutating func collect(
        _ entries: [AuditDirectory.Entry]
    ) throws(ExportError) -> [SegmentHeader] {
        var headers: [SegmentHeader] = []
        headers.reserveCapacity(entries.count)
        var nextSequence: UInt64 = 1
        for (number, entry) in entries.enumerated() {
            let header = try attempt(entry) { () throws(SegmentError) in
                try SegmentReader.header(of: try SegmentSource(path: entry.path))
            }
            let id = UInt64(number) + 1
            guard entry.id == id else {
                let name = AuditDirectory.fileName(id)
                throw .directory(
                    Finding(.missingSegments, file: name, "segment \(id) is missing"))
            }
            guard header.interval.segmentID == id else {
                let detail = "it is segment \(header.interval.segmentID) under another number"
                throw .directory(Finding(.wrongName, file: entry.fileName, detail))
            }
            guard header.interval.firstSequence == nextSequence else {
                let code: DirectoryCode =
                    header.interval.firstSequence > nextSequence ? .intervalGap : .intervalOverlap
                let detail =
                    "it starts at sequence \(header.interval.firstSequence), not \(nextSequence)"
                throw .directory(Finding(code, file: entry.fileName, detail))
            }
            nextSequence = header.interval.lastSequence + 1
            headers.append(header)
            guard header.amendments > 0 else { continue }
            let wanted = query.riders
            var collected = overlay
            overlay = AmendmentOverlay()
            try attempt(entry) { () throws(SegmentError) in
                try collected.collect(try SegmentReader(path: entry.path), riders: wanted)
            }
            overlay = collected
        }
        return headers
    }

    /// Segments outside the query still count when ordinals of amended times depend on them.
    private func mayMatter(_ header: SegmentHeader) -> Bool {
        guard header.points > 0 else { return false }
        return !overlay.isEmpty || query.riders != nil
            || (header.tsBounds.overlaps(query.tsMs) && header.recvBounds.overlaps(query.recvMs))
    }

    private mutating func export(
        _ reader: SegmentReader, _ entry: AuditDirectory.Entry, to output: borrowing ExportOutput
    ) throws(ExportError) {
        let receipts = reader.header.recvBounds.overlaps(query.recvMs)
        for rider in riders(in: reader) {
            let name = reader.names.name(rider)
            if query.riders != nil { found.insert(name) }
            format.begin(rider: name)
            let amendments = overlay.amendments(of: name)
            for block in reader.blocks(ofRider: rider) {
                let bounds = reader.index[block].tsBounds
                let isWanted = receipts && bounds.overlaps(query.tsMs)
                guard isWanted || amendments?.touches(bounds) == true else { continue }
                do throws(SegmentError) {
                    try reader.readFixes(block: block, buffer: &buffer, into: &fixes)
                } catch {
                    throw .segment(error, file: entry.fileName)
                }
                let segment = reader.header.interval.segmentID
                format.begin(segment: segment, block: block)
                appendRows(segment: segment, amendments: amendments)
                if out.count >= SegmentSource.pieceBytes { try output.write(&out) }
            }
        }
    }

    /// Indices of the riders asked for, ascending.
    private func riders(in reader: SegmentReader) -> [Int] {
        guard let wanted = query.riders else { return Array(0..<reader.riderCount) }
        return wanted.compactMap { reader.names.indexWithPoints($0) }.sorted()
    }

    private mutating func appendRows(segment: UInt64, amendments: RiderAmendments?) {
        let at = fixes.at
        var cursor = amendments?.cursor(from: at.tsMs[0]) ?? 0
        for index in 0..<fixes.count {
            let (tsMs, verdict) = (at.tsMs[index], at.verdict(index))
            var row = AuditRow(
                fixes: at, index: index, verdictAtSeal: verdict, verdict: verdict)
            if let amendments,
                let (slot, ordinal) = amendments.advance(&cursor, to: tsMs)
            {
                let verdicts = amendments.verdicts(
                    slot: slot, ordinal: ordinal, stored: verdict, segment: segment)
                row.verdictAtSeal = verdicts.atSeal
                row.verdict = verdicts.current
            }
            guard query.tsMs.contains(tsMs), query.recvMs.contains(at.recvMs[index]) else {
                continue
            }
            format.append(row, to: &out)
            summary.rows += 1
        }
    }
}
