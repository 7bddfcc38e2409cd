package import TachoGeo

/// What distance is asked of sealed segments. Unix ms, inclusive.
package struct AuditDistanceQuery: Sendable {
    package var rider: [UInt8]
    package var fromMs: Int64
    package var toMs: Int64

    package init(rider: [UInt8], fromMs: Int64 = .min, toMs: Int64 = .max) {
        self.rider = rider
        self.fromMs = min(max(fromMs, -Fix.timeLimitMs), Fix.timeLimitMs)
        self.toMs = min(max(toMs, -Fix.timeLimitMs), Fix.timeLimitMs)
    }

    /// Fixes so far beyond both ends decide what legs between them are.
    var window: ClosedRange<Int64> {
        let firstMs = fromMs - DistanceV1.contextMs
        return firstMs...max(firstMs, toMs + DistanceV1.contextMs)
    }
}

/// A distance out of segments, and what it rests on.
package struct AuditDistanceResult: Sendable {
    package var query: AuditDistanceQuery
    package var totals: DistanceTotals
    /// Of the legs' CSV.
    package var legsSHA256: [UInt8]
    /// Segments that hold a fix or an amendment that mattered, and their roots, by id.
    package var segments: [(id: UInt64, root: [UInt8])]
    /// Segments there were: later ones may amend what these say.
    package var segmentsInAll: UInt64
    package var isKnownRider: Bool

    /// What `digest` is the SHA-256 of: `format-spec.md` §19.
    package var statement: [UInt8] {
        var text = Array("tacho-distance \(DistanceV1.alg)\nrider ".utf8)
        text += query.rider
        text += Array("\nfrom \(query.fromMs)\nto \(query.toMs)\nmm \(totals.mm)\n".utf8)
        text += Array("legs_sha256 \(Digest.hex(legsSHA256))\nsegments \(segmentsInAll)\n".utf8)
        for segment in segments {
            text += Array("segment \(segment.id) \(Digest.hex(segment.root))\n".utf8)
        }
        return text
    }

    /// Binds the distance to its legs, and these to the segments they came from.
    package var digest: [UInt8] { statement.withUnsafeBytes { Digest.of($0) } }
}

/// Computes a settlement again from sealed segments alone, with the amendments of all of them.
///
/// What is read is checked as in `AuditExport`. Fixes in no segment yet are not part of it.
package enum AuditDistance {
    /// `write` gets the legs' CSV in pieces and empties them. `progress` is told the segment it is
    /// at, from 1, and how many there are. Cost: a header for each segment, 0.3 µs a fix.
    package static func run(
        directory: String, query: AuditDistanceQuery, progress: (Int, Int) -> Void = { _, _ in },
        write: (inout TextBuffer) throws(ExportError) -> Void = { $0.removeAll() }
    ) throws(ExportError) -> AuditDistanceResult {
        var legs = SegmentLegs(rider: query.rider, window: query.window)
        try note(directory, &legs, progress)
        var folder = LegFolder(fromMs: query.fromMs, toMs: query.toMs)
        var rows = RowWriter()
        try legs.forEach { (fix) throws(ExportError) in
            folder.add(fix) { rows.add($0) }
            if rows.out.count >= SegmentSource.pieceBytes { try rows.flush(write) }
        }
        folder.finish { rows.add($0) }
        // Nothing is written about a rider that no segment knows.
        if legs.isKnown { try rows.flush(write) }
        return AuditDistanceResult(
            query: query, totals: rows.totals, legsSHA256: rows.hash.value(),
            segments: legs.roots.sorted { $0.key < $1.key }.map { (id: $0.key, root: $0.value) },
            segmentsInAll: legs.segments, isKnownRider: legs.isKnown)
    }

    /// Headers of all segments, that they follow each other, and where the rider is.
    private static func note(
        _ directory: String, _ legs: inout SegmentLegs, _ progress: (Int, Int) -> Void
    ) throws(ExportError) {
        let entries: [AuditDirectory.Entry]
        do throws(SegmentError) {
            entries = try AuditDirectory.segments(at: directory)
        } catch {
            throw .segment(error, file: directory)
        }
        guard !entries.isEmpty else {
            throw .directory(Finding(.noSegments, file: directory, "there is no segment here"))
        }
        var nextSequence: UInt64 = 1
        for (number, entry) in entries.enumerated() {
            progress(number + 1, entries.count)
            let header: SegmentHeader
            do throws(SegmentError) {
                header = try SegmentReader.header(of: try SegmentSource(path: entry.path))
            } catch {
                throw .segment(error, file: entry.fileName)
            }
            if let finding = finding(entry, header, UInt64(number) + 1, nextSequence) {
                throw .directory(finding)
            }
            nextSequence = header.interval.lastSequence + 1
            do throws(SegmentError) {
                try legs.note(entry, header)
            } catch {
                throw .segment(error, file: entry.fileName)
            }
        }
    }

    private static func finding(
        _ entry: AuditDirectory.Entry, _ header: SegmentHeader, _ id: UInt64,
        _ nextSequence: UInt64
    ) -> Finding? {
        guard entry.id == id else {
            return Finding(
                .missingSegments, file: AuditDirectory.fileName(id), "segment \(id) is missing")
        }
        guard header.interval.segmentID == id else {
            let detail = "it is segment \(header.interval.segmentID) under another number"
            return Finding(.wrongName, file: entry.fileName, detail)
        }
        let first = header.interval.firstSequence
        guard first == nextSequence else {
            let code: DirectoryCode = first > nextSequence ? .intervalGap : .intervalOverlap
            return Finding(
                code, file: entry.fileName, "it starts at sequence \(first), not \(nextSequence)")
        }
        return nil
    }
}

/// Sums rows up, and writes and hashes their CSV.
private struct RowWriter: ~Copyable {
    var totals = DistanceTotals()
    var hash = RunningDigest()
    var out = TextBuffer(capacity: 2 * SegmentSource.pieceBytes)
    private var text = LegText()

    init() { out.append(LegText.header.utf8) }

    mutating func add(_ row: LegRow) {
        totals.add(row)
        text.append(row, to: &out)
    }

    mutating func flush(
        _ write: (inout TextBuffer) throws(ExportError) -> Void
    ) throws(ExportError) {
        hash.update(out.text)
        try write(&out)
    }
}
