import TachoCodec
import TachoGeo

/// What checking one segment found.
package struct SegmentReport: Sendable {
    /// nil when the header itself is refused.
    package var header: SegmentHeader?
    /// SHA-256 of the whole file as it is; empty without a header, or when it could not be read.
    package var sha256: [UInt8] = []
    /// Head over the leaves of the blocks as they are; empty when some could not be read.
    package var root: [UInt8] = []
    /// In the order found. Empty: every byte of the file is accounted for and right.
    package var findings: [SegmentError] = []

    package var isSound: Bool { findings.isEmpty }

    package var summary: SegmentSummary? {
        guard isSound, let header else { return nil }
        return SegmentSummary(
            segmentID: header.interval.segmentID, points: header.points,
            lostPoints: header.lostPoints, amendments: header.amendments, riders: header.riders,
            blocks: header.blocks, bytes: header.fileBytes, root: root, sha256: sha256)
    }
}

/// Checks one segment by itself and goes on after the first finding.
///
/// Always: structure, every checksum, every leaf, the root, the file's hash, all counts, and that
/// points and accepted losses fill the sequence interval. Deep: every block is decoded, order,
/// times and delivery order recounted. Reads the file twice, once for its hash and once for the
/// blocks; memory: index and one rider's arrivals.
package struct SegmentCheck {
    private let source: SegmentSource
    private let isDeep: Bool
    private var report = SegmentReport()
    private var coveredSHA256: [UInt8] = []

    package static func run(_ source: SegmentSource, deep: Bool) -> SegmentReport {
        var check = SegmentCheck(source: source, isDeep: deep)
        check.run()
        return check.report
    }

    private init(source: SegmentSource, isDeep: Bool) {
        self.source = source
        self.isDeep = isDeep
    }

    private mutating func run() {
        let source = source
        guard
            let header = attempt({ _ throws(SegmentError) in
                try SegmentReader.header(of: source)
            })
        else { return }
        report.header = header
        attempt { check throws(SegmentError) in try check.hashFile() }
        let footer = attempt { _ throws(SegmentError) in
            try SegmentReader.footer(of: source, header)
        }
        guard let footer else {
            // Where the blocks end is unknown, but each one can still be found from the one before.
            let end = header.fileBytes - UInt64(FooterLayout.byteCount)
            var walk = BlockWalk(source: source, header: header, isDeep: isDeep)
            walk.followHeaders(to: end)
            report.findings += walk.findings
            return
        }
        checkContent(header, footer)
        // With anything else wrong the file's hash is wrong as a consequence and says nothing new.
        if report.isSound && coveredSHA256 != footer.sha256 {
            report.findings.append(
                SegmentError(
                    .fileHash, "the SHA-256 in the footer is not that of the file",
                    bytes: 0..<footer.hashedBytes))
        }
    }

    private mutating func checkContent(_ header: SegmentHeader, _ footer: SegmentFooter) {
        let source = source
        let leaves = attempt { _ throws(SegmentError) in
            try SegmentSections.readLeaves(source, footer)
        }
        let index = attempt { _ throws(SegmentError) in
            try SegmentSections.readIndex(source, header, footer)
        }
        let names = attempt { _ throws(SegmentError) in
            try SegmentSections.readNames(source, header, footer)
        }
        var walk = BlockWalk(source: source, header: header, isDeep: isDeep)
        walk.leaves = leaves
        walk.names = names
        if let index {
            walk.follow(index)
        } else {
            walk.followHeaders(to: footer.leavesOffset)
        }
        report.findings += walk.findings
        guard report.isSound else { return }
        report.root = walk.root
        if walk.root != footer.root {
            report.findings.append(
                SegmentError(.root, "the root is not the head over the leaves"))
        }
    }

    /// One pass: the hash of the whole file, and of what the footer's hash covers.
    private mutating func hashFile() throws(SegmentError) {
        let count = source.byteCount
        let covered =
            count - min(count, UInt64(FooterLayout.byteCount - FooterLayout.sha256.offset))
        var digest = RunningDigest()
        try source.forEachPiece(of: 0..<covered) { digest.update($0) }
        coveredSHA256 = digest.value()
        try source.forEachPiece(of: covered..<count) { digest.update($0) }
        report.sha256 = digest.value()
    }

    /// Runs a step; what it refuses is noted and the check goes on.
    @discardableResult
    private mutating func attempt<T>(
        _ step: (inout SegmentCheck) throws(SegmentError) -> T
    ) -> T? {
        do throws(SegmentError) {
            return try step(&self)
        } catch {
            report.findings.append(error)
            return nil
        }
    }
}
