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
/// times and delivery order recounted. Every byte is read once. Cost: two passes of SHA-256 over
/// the blocks and some 0.7 µs a block. Memory: leaves, index and names (about 90 B a block and
/// rider), 2 MiB, and one rider's arrivals.
package struct SegmentCheck {
    private let source: SegmentSource
    private let isDeep: Bool
    private let hashesBeside: Bool
    private var report = SegmentReport()

    /// What lies behind the blocks, each part as it was read; nil where it could not be.
    private struct Sections {
        var leaves: [UInt8]?
        var index: [UInt8]?
        var names: [UInt8]?

        /// In the order of the file; nil unless all were read.
        var all: [[UInt8]]? {
            guard let leaves, let index, let names else { return nil }
            return [leaves, index, names]
        }
    }

    /// `hashesBeside`: the hash of the file is computed on a second thread while blocks are checked
    /// on this one, for whoever has the machine to himself.
    package static func run(
        _ source: SegmentSource, deep: Bool, hashesBeside: Bool = false
    ) -> SegmentReport {
        var check = SegmentCheck(source: source, isDeep: deep, hashesBeside: hashesBeside)
        check.run()
        return check.report
    }

    private init(source: SegmentSource, isDeep: Bool, hashesBeside: Bool) {
        self.source = source
        self.isDeep = isDeep
        self.hashesBeside = hashesBeside
    }

    private mutating func run() {
        let source = source
        guard let ends = attempt({ _ throws(SegmentError) in try SegmentEnds(source) }),
            let header = attempt({ _ throws(SegmentError) in try ends.header() })
        else { return }
        report.header = header
        let footer = attempt { _ throws(SegmentError) in try ends.footer(header) }
        guard let footer else {
            // Where the blocks end is unknown, but each one can still be found from the one before.
            let end = header.fileBytes - UInt64(FooterLayout.byteCount)
            var walk = self.walk(header, ends, to: end)
            walk.followHeaders(to: end)
            report.findings += walk.findings
            finish(&walk, sections: [], ends)
            return
        }
        checkContent(header, footer, ends)
    }

    private func walk(
        _ header: SegmentHeader, _ ends: SegmentEnds, to end: UInt64
    ) -> BlockWalk {
        let pass = SegmentPass(source, behind: ends.head, to: end, hashesBeside: hashesBeside)
        return BlockWalk(pass, header: header, isDeep: isDeep)
    }

    private mutating func checkContent(
        _ header: SegmentHeader, _ footer: SegmentFooter, _ ends: SegmentEnds
    ) {
        var sections = Sections()
        sections.leaves = read(footer.leaves)
        let leaves = sections.leaves.flatMap {
            isRight($0, footer.leaves, .leavesChecksum, "the leaves") ? $0 : nil
        }
        sections.index = read(footer.index)
        let index = sections.index.flatMap { bytes -> StoredIndex? in
            guard isRight(bytes, footer.index, .indexChecksum, "the index") else { return nil }
            return attempt { _ throws(SegmentError) in try StoredIndex(bytes, header, footer) }
        }
        sections.names = read(footer.names)
        let names = sections.names.flatMap { bytes -> NameTable? in
            guard isRight(bytes, footer.names, .namesChecksum, "the names") else { return nil }
            return attempt { _ throws(SegmentError) in
                try SegmentSections.names(bytes, header, footer)
            }
        }
        var walk = self.walk(header, ends, to: footer.leavesOffset)
        walk.leaves = leaves
        walk.names = names
        if let index {
            walk.follow(index)
        } else {
            walk.followHeaders(to: footer.leavesOffset)
        }
        report.findings += walk.findings
        let covered = finish(&walk, sections: sections.all, ends)
        guard report.isSound else { return }
        report.root = walk.root
        if walk.root != footer.root {
            report.findings.append(
                SegmentError(.root, "the root is not the head over the leaves"))
        } else if covered != footer.sha256 {
            // With anything else wrong the file's hash is wrong as a consequence and says nothing new.
            report.findings.append(
                SegmentError(
                    .fileHash, "the SHA-256 in the footer is not that of the file",
                    bytes: 0..<footer.hashedBytes))
        }
    }

    /// The hash of what the footer's covers; empty when not all of the file could be read.
    @discardableResult
    private mutating func finish(
        _ walk: inout BlockWalk, sections: [[UInt8]]?, _ ends: SegmentEnds
    ) -> [UInt8] {
        let hashes = walk.finish(sections: sections ?? [], footer: ends.tail)
        // That the file cannot be read comes before what is wrong in it.
        if let failure = walk.failure { report.findings.insert(failure, at: 0) }
        guard let hashes, sections != nil else { return [] }
        report.sha256 = hashes.all
        return hashes.covered
    }

    private mutating func read(_ range: Range<UInt64>) -> [UInt8]? {
        let source = source
        return attempt { _ throws(SegmentError) in
            try source.read(at: range.lowerBound, count: Int(range.count))
        }
    }

    private mutating func isRight(
        _ bytes: [UInt8], _ range: Range<UInt64>, _ code: SegmentError.Code, _ what: String
    ) -> Bool {
        attempt { _ throws(SegmentError) in
            try SegmentSections.check(bytes, range, code, what)
        } != nil
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
