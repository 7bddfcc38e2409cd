/// Copies the segments of a directory that another one lacks, and checks those it has.
///
/// A copy is written to a temporary file, put on disk, read back from there, compared by SHA-256,
/// renamed without ever replacing, and recorded (`format-spec.md` §9.10). What is copied is checked
/// on the way against the hash in its footer and the one that the next segment states, so that
/// damage is not copied. What the target has is never written over: other content is a finding. A
/// mirror that was stopped is run again and goes on. Memory: 1 MiB. Cost: the disks'.
package struct Mirror {
    private let from: String
    private let isDeep: Bool
    private let pace: (Int) -> Void
    private let emit: (MirrorEvent) -> Void
    private let target: MirrorTarget
    private var summary = MirrorSummary()
    private var done: UInt64 = 0
    private var total: UInt64 = 0
    private var hasOtherContent = false

    /// Mirrors `from` to `to`, passing events to `emit` in order. `deep` reads every copy again. `pace`
    /// is told the bytes of each piece that is copied, and takes as long as it likes.
    package static func run(
        from: String, to: String, deep: Bool = false,
        emit: (MirrorEvent) -> Void = { _ in }, pace: (Int) -> Void = { _ in }
    ) throws(MirrorError) -> MirrorSummary {
        try run(from: from, to: to, deep: deep, afterHead: {}, emit: emit, pace: pace)
    }

    /// `afterHead` runs between the reading of the checkpoint and the listing of the segments.
    static func run(
        from: String, to: String, deep: Bool = false, afterHead: () -> Void,
        emit: (MirrorEvent) -> Void, pace: (Int) -> Void = { _ in }
    ) throws(MirrorError) -> MirrorSummary {
        guard !MirrorLog.areSame(from, to) else {
            throw .usage("\(from) and \(to) are one directory; give another one to copy to")
        }
        // Before the segments are listed, so that those it speaks of are among them.
        let head = MirrorHead(of: from)
        afterHead()
        let entries = try list(from)
        let result = withoutActuallyEscaping(emit) { emit in
            withoutActuallyEscaping(pace) { pace in
                Result { () throws(MirrorError) in
                    let target = try MirrorTarget(path: to)
                    var mirror = Mirror(
                        from: from, isDeep: deep, pace: pace, emit: emit, target: target)
                    try mirror.run(entries, head)
                    return mirror.summary
                }
            }
        }
        return try result.get()
    }

    private init(
        from: String, isDeep: Bool, pace: @escaping (Int) -> Void,
        emit: @escaping (MirrorEvent) -> Void, target: MirrorTarget
    ) {
        self.from = from
        self.isDeep = isDeep
        self.pace = pace
        self.emit = emit
        self.target = target
    }

    private static func list(_ from: String) throws(MirrorError) -> [AuditDirectory.Entry] {
        do throws(SegmentError) {
            let entries = try AuditDirectory.segments(at: from)
            guard entries.isEmpty else { return entries }
            throw SegmentError(.cut, "")
        } catch {
            guard error.code == .inputOutput else {
                throw .source(Finding(.noSegments, file: from, "there is no segment here"))
            }
            throw .source(Finding(error, file: from))
        }
    }

    private mutating func run(
        _ entries: [AuditDirectory.Entry], _ head: MirrorHead
    ) throws(MirrorError) {
        for number in target.record.damagedLines {
            let path = target.file(MirrorRecord.fileName)
            add(Finding(.mirrorRecord, file: path, "line \(number) is no line of a record"))
        }
        let copies = try target.segments()
        let sizes = entries.map { (try? SegmentSource(path: $0.path))?.byteCount ?? 0 }
        total = sizes.reduce(0, +)
        var expectedID: UInt64 = 1
        for (place, entry) in entries.enumerated() {
            checkMissing(expectedID..<entry.id, copies)
            expectedID = entry.id + 1
            let next =
                place + 1 < entries.count && entries[place + 1].id == entry.id + 1
                ? entries[place + 1] : nil
            try mirror(entry, next: next)
            summary.segments += 1
            done += sizes[place]
            emit(.progress(done, total))
        }
        // A log that names other segments than the copies is not for them.
        guard !hasOtherContent else { return }
        var log = MirrorLog(head, from: from, target: target)
        for finding in try log.mirror() { add(finding) }
        summary.logFiles = log.copied
    }

    /// Segments that the source lacks are a finding, one for each gap, unless the target has them.
    private mutating func checkMissing(_ ids: Range<UInt64>, _ copies: [UInt64]) {
        guard !ids.isEmpty else { return }
        var first = ids.lowerBound
        for id in copies where ids.contains(id) {
            addMissing(first..<id)
            first = id + 1
        }
        addMissing(first..<ids.upperBound)
    }

    private mutating func addMissing(_ ids: Range<UInt64>) {
        guard let first = ids.first else { return }
        let last = ids.upperBound - 1
        let detail =
            first == last
            ? "segment \(first) is missing in both"
            : "segments \(first) to \(last) are missing in both"
        add(Finding(.missingSegments, file: AuditDirectory.fileName(first), detail))
    }

    private mutating func mirror(
        _ entry: AuditDirectory.Entry, next: AuditDirectory.Entry?
    ) throws(MirrorError) {
        let original: MirrorOriginal
        do throws(SegmentError) {
            original = try MirrorOriginal(entry, next: next)
        } catch {
            return add(Finding(error, file: entry.path))
        }
        guard original.header.interval.segmentID == entry.id else {
            let detail = "it is segment \(original.header.interval.segmentID) under another number"
            return add(Finding(.wrongName, file: entry.path, detail))
        }
        guard target.has(entry.fileName) else { return try copy(original) }
        try check(original)
    }

    private mutating func copy(_ original: MirrorOriginal) throws(MirrorError) {
        let name = original.entry.fileName
        var copy = try MirrorCopy(target, name: name)
        var failure: MirrorError?
        let sha256: [UInt8]
        do throws(SegmentError) {
            sha256 = try original.read { raw in
                guard failure == nil else { return }
                pace(raw.count)
                do throws(MirrorError) { try copy.write(raw) } catch { failure = error }
            }
        } catch {
            return add(Finding(error, file: original.entry.path))
        }
        if let failure { throw failure }
        guard try copy.publish(as: name, sha256: sha256) else { return try check(original) }
        try record(original, sha256, .copied)
        summary.copied += 1
        summary.copiedBytes += original.header.fileBytes
    }

    /// What the target has already.
    private mutating func check(_ original: MirrorOriginal) throws(MirrorError) {
        let (id, bytes) = (original.entry.id, original.header.fileBytes)
        let theirs = target.file(original.entry.fileName)
        do throws(SegmentError) {
            if !isDeep, let line = target.record.lines[id], line.bytes == bytes,
                line.sha256 == (try original.statedSHA256()),
                try AuditFile(path: theirs).byteCount == bytes
            {
                summary.kept += 1
                return emit(.kept(segment: id, bytes: bytes))
            }
        } catch {
            return add(Finding(error, file: original.entry.path))
        }
        let ours: [UInt8]
        do throws(SegmentError) {
            ours = try original.read { _ in }
        } catch {
            return add(Finding(error, file: original.entry.path))
        }
        let copy: FileDigest
        do throws(SegmentError) {
            copy = try FileDigest.fromDisk(theirs)
        } catch {
            return add(Finding(error, file: theirs))
        }
        guard copy == FileDigest(bytes: bytes, sha256: ours) else {
            let detail =
                "it has \(copy.bytes) bytes and SHA-256 \(Digest.hex(copy.sha256)), the original "
                + "\(bytes) and \(Digest.hex(ours)); nothing was overwritten"
            return add(Finding(.otherContent, file: theirs, detail))
        }
        try target.sync()
        try record(original, ours, .found)
        summary.found += 1
    }

    private func record(
        _ original: MirrorOriginal, _ sha256: [UInt8], _ how: MirrorLine.How
    ) throws(MirrorError) {
        let line = MirrorLine(
            segment: original.entry.id, bytes: original.header.fileBytes, sha256: sha256, how: how,
            atMs: SystemClock.unixMs)
        try target.append(line)
        emit(.line(line))
    }

    private mutating func add(_ finding: Finding) {
        if finding.code == DirectoryCode.otherContent.rawValue { hasOtherContent = true }
        summary.findings += 1
        summary.exit = summary.exit.worst(finding.exit)
        emit(.finding(finding))
    }
}
