/// The first and the last bytes of a segment, read once: header and footer. Kept as read, so that
/// the hash of the file is over the very bytes that were looked at.
struct SegmentEnds {
    /// The header, or all of a shorter file.
    let head: [UInt8]
    /// The footer, or all of a shorter file.
    let tail: [UInt8]
    private let fileBytes: UInt64

    init(_ source: SegmentSource) throws(SegmentError) {
        fileBytes = source.byteCount
        head = try source.read(
            at: 0, count: Int(min(fileBytes, UInt64(HeaderLayout.byteCount))))
        let count = min(fileBytes, UInt64(FooterLayout.byteCount))
        tail = try source.read(at: fileBytes - count, count: Int(count))
    }

    /// Checked, with the file's length and the version its end states.
    func header() throws(SegmentError) -> SegmentHeader {
        try head.withUnsafeBytes { head in
            tail.withUnsafeBytes { tail in
                Result { () throws(SegmentError) in
                    try SegmentHeader.decode(head, tail: tail, fileBytes: fileBytes)
                }
            }
        }.get()
    }

    /// Checked against the header of the same file.
    func footer(_ header: SegmentHeader) throws(SegmentError) -> SegmentFooter {
        try tail.withUnsafeBytes { raw in
            Result { () throws(SegmentError) in
                try SegmentFooter.decode(raw, header: header)
            }
        }.get()
    }
}
