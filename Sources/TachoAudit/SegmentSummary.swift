/// What a finished segment holds: what a second pass over the store must find again.
package struct SegmentSummary: Equatable, Sendable {
    package var segmentID: UInt64
    package var points: UInt64
    package var lostPoints: UInt64
    /// Records in amendment blocks, accepted losses included.
    package var amendments: UInt64
    package var riders: UInt32
    package var blocks: UInt32
    /// Size of the file.
    package var bytes: UInt64
    /// RFC 6962 head over the leaves of all blocks: equal roots, equal content.
    package var root: [UInt8]
    /// SHA-256 of the whole file; empty in a tally, which writes none.
    package var sha256: [UInt8]

    /// The same content; a missing file hash on either side is not compared.
    package func agrees(with other: SegmentSummary) -> Bool {
        var a = self
        var b = other
        if a.sha256.isEmpty || b.sha256.isEmpty {
            a.sha256 = []
            b.sha256 = []
        }
        return a == b
    }
}
