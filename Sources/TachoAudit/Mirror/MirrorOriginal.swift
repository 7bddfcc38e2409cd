/// A segment that is copied from, and what others state of it.
struct MirrorOriginal {
    let entry: AuditDirectory.Entry
    let header: SegmentHeader
    private let source: SegmentSource
    private let footer: SegmentFooter
    /// What the next segment states; nil if there is none.
    private let nextStates: [UInt8]?

    init(_ entry: AuditDirectory.Entry, next: AuditDirectory.Entry?) throws(SegmentError) {
        self.entry = entry
        source = try SegmentSource(path: entry.path)
        header = try SegmentReader.header(of: source)
        footer = try SegmentReader.footer(of: source, header)
        // One that cannot be read is a finding when its turn comes.
        nextStates = next.flatMap { next in
            (try? SegmentReader.header(of: SegmentSource(path: next.path)))?.interval
                .previousSHA256
        }
    }

    /// The SHA-256 of the whole file as the next segment states it, or by reading the file.
    func statedSHA256() throws(SegmentError) -> [UInt8] {
        if let nextStates { return nextStates }
        return try read { _ in }
    }

    /// Passes the whole file through `body` in pieces and gives its SHA-256. Throws behind the last
    /// piece if it is not what its footer and the next segment state.
    func read(_ body: (UnsafeRawBufferPointer) -> Void) throws(SegmentError) -> [UInt8] {
        var digest = RunningDigest()
        let covered = footer.hashedBytes
        try source.forEachPiece(of: 0..<covered) {
            digest.update($0)
            body($0)
        }
        guard digest.value() == footer.sha256 else {
            throw SegmentError(
                .fileHash, "the SHA-256 in the footer is not that of the file",
                bytes: 0..<covered)
        }
        try source.forEachPiece(of: covered..<header.fileBytes) {
            digest.update($0)
            body($0)
        }
        let sha256 = digest.value()
        if let nextStates, nextStates != sha256 {
            throw SegmentError(
                .fileHash,
                "its SHA-256 is \(Digest.hex(sha256)), the next segment was sealed after one with "
                    + Digest.hex(nextStates))
        }
        return sha256
    }
}
