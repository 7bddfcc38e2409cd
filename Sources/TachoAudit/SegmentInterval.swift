/// What is decided about a segment before its first point is written.
package struct SegmentInterval: Equatable, Sendable {
    /// From 1, without gaps.
    package var segmentID: UInt64
    package var partition: UInt32
    /// Ingest sequence, inclusive. Every number in it is a stored or an accepted lost point.
    package var firstSequence: UInt64
    package var lastSequence: UInt64
    /// SHA-256 of the whole file of segment `segmentID` − 1; 32 zero bytes for segment 1.
    package var previousSHA256: [UInt8]
    /// Rule-set version in force when the range was cut.
    package var ruleSet: UInt16

    package init(
        segmentID: UInt64, partition: UInt32, firstSequence: UInt64, lastSequence: UInt64,
        previousSHA256: [UInt8], ruleSet: UInt16
    ) {
        self.segmentID = segmentID
        self.partition = partition
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.previousSHA256 = previousSHA256
        self.ruleSet = ruleSet
    }

    /// Why no segment can have this interval; nil when one can.
    var defect: String? {
        if segmentID == 0 { return "segment ids start at 1" }
        if previousSHA256.count != Digest.byteCount {
            return "the previous SHA-256 is not 32 bytes"
        }
        if (segmentID == 1) != (previousSHA256 == Digest.none) {
            return "exactly segment 1 has no predecessor"
        }
        if firstSequence == 0 || lastSequence < firstSequence || lastSequence == .max {
            return "the sequence interval \(firstSequence)-\(lastSequence) is empty or out of range"
        }
        return nil
    }

    /// How many sequence numbers the interval has.
    package var length: UInt64 { lastSequence - firstSequence + 1 }
}
