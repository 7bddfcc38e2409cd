import TachoGeo

/// The first pass of an export: what segments there are, that they follow each other, where the
/// riders asked for are, and how verdicts were amended.
///
/// A later segment can change the verdict of an earlier point, so all of them are looked at before
/// the first row. Cost: a segment without amendments some 50 µs, and reading the names where riders
/// are asked for. Memory: 200 B a segment, 60 B an amendment.
struct ExportPlan {
    struct Segment {
        let entry: AuditDirectory.Entry
        let header: SegmentHeader
        /// Segment root.
        let root: [UInt8]
        /// The riders asked for that have points here, ascending; nil for all riders.
        let riders: [Int]?
    }

    private(set) var segments: [Segment] = []
    private(set) var overlay = AmendmentOverlay()
    /// Riders asked for with points in none of the segments.
    private(set) var unknownRiders: Set<[UInt8]>
    /// What the segment behind the last one says of its SHA-256, if there is one.
    private(set) var lastSHA256: [UInt8]?
    let directory: String

    init(directory: String, query: ExportQuery) throws(ExportError) {
        self.directory = directory
        unknownRiders = query.riders ?? []
        let all = try Self.list(directory)
        let asOf = query.after?.asOf ?? query.asOf
        let entries = asOf.map { all.prefix(Int(clamping: $0)) } ?? all[...]
        segments.reserveCapacity(entries.count)
        for entry in entries { try look(at: entry, query) }
        if let asOf, UInt64(segments.count) < asOf {
            let name = AuditDirectory.fileName(UInt64(segments.count) + 1)
            let detail = "as of \(asOf) asks for \(asOf) segments, there are \(segments.count)"
            throw .directory(Finding(.missingSegments, file: name, detail))
        }
        if entries.endIndex < all.endIndex, all[entries.endIndex].id == asOf.map({ $0 + 1 }) {
            let next = all[entries.endIndex]
            lastSHA256 = try Self.attempt(next) { () throws(SegmentError) in
                try SegmentReader.header(of: SegmentSource(path: next.path))
            }.interval.previousSHA256
        }
        overlay.prepare()
    }

    /// What names each segment. The SHA-256 of a file is stated by the segment behind it.
    var sources: [ExportSource] {
        segments.indices.map { place in
            let segment = segments[place]
            let isLast = place == segments.count - 1
            return ExportSource(
                segment: segment.entry.id, bytes: segment.header.fileBytes, root: segment.root,
                sha256: isLast
                    ? lastSHA256 : segments[place + 1].header.interval.previousSHA256,
                path: segment.entry.path)
        }
    }

    static func attempt<T>(
        _ entry: AuditDirectory.Entry, _ step: () throws(SegmentError) -> T
    ) throws(ExportError) -> T {
        do throws(SegmentError) {
            return try step()
        } catch {
            throw .segment(error, file: entry.fileName)
        }
    }

    private static func list(_ directory: String) throws(ExportError) -> [AuditDirectory.Entry] {
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

    private mutating func look(
        at entry: AuditDirectory.Entry, _ query: ExportQuery
    ) throws(ExportError) {
        let (source, header, footer) = try Self.attempt(entry) { () throws(SegmentError) in
            let source = try SegmentSource(path: entry.path)
            let header = try SegmentReader.header(of: source)
            return (source, header, try SegmentReader.footer(of: source, header))
        }
        try checkLink(entry, header)
        var riders: [Int]?
        // Taken out for the time of the look, which may throw.
        var collected = overlay
        overlay = AmendmentOverlay()
        if let wanted = query.riders {
            let found = try Self.attempt(entry) { () throws(SegmentError) in
                let names = try SegmentNames(source, header, footer)
                if header.amendments > 0 {
                    let glance = try SegmentGlance(source, header, footer, names: names)
                    try collected.collect(glance, riders: wanted, tsMs: query.tsMs)
                }
                return try Self.find(wanted, in: names)
            }
            riders = found.map(\.index).sorted()
            unknownRiders.subtract(found.map(\.name))
        } else if header.amendments > 0 {
            try Self.attempt(entry) { () throws(SegmentError) in
                try collected.collect(try SegmentReader(source: source), riders: nil)
            }
        }
        overlay = collected
        segments.append(
            Segment(entry: entry, header: header, root: footer.root, riders: riders))
    }

    private static func find(
        _ wanted: Set<[UInt8]>, in names: SegmentNames
    ) throws(SegmentError) -> [(name: [UInt8], index: Int)] {
        var found: [(name: [UInt8], index: Int)] = []
        for name in wanted {
            if let index = try names.indexWithPoints(name) { found.append((name, index)) }
        }
        return found
    }

    private func checkLink(
        _ entry: AuditDirectory.Entry, _ header: SegmentHeader
    ) throws(ExportError) {
        let id = UInt64(segments.count) + 1
        guard entry.id == id else {
            let name = AuditDirectory.fileName(id)
            throw .directory(Finding(.missingSegments, file: name, "segment \(id) is missing"))
        }
        let interval = header.interval
        guard interval.segmentID == id else {
            let detail = "it is segment \(interval.segmentID) under another number"
            throw .directory(Finding(.wrongName, file: entry.fileName, detail))
        }
        let next = (segments.last?.header.interval.lastSequence ?? 0) + 1
        guard interval.firstSequence == next else {
            let code: DirectoryCode =
                interval.firstSequence > next ? .intervalGap : .intervalOverlap
            let detail = "it starts at sequence \(interval.firstSequence), not \(next)"
            throw .directory(Finding(code, file: entry.fileName, detail))
        }
    }
}
