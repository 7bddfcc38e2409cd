/// What `Verifier` tells while it goes: one event a segment, after the findings about it.
package enum VerifyEvent: Sendable {
    case finding(Finding)
    case segment(file: String, report: SegmentReport)
    /// Worth knowing and nothing wrong.
    case info(InfoCode, file: String, message: String)
}

/// The end of a verification.
package struct VerifySummary: Equatable, Sendable {
    package var segments: UInt64 = 0
    package var points: UInt64 = 0
    package var lostPoints: UInt64 = 0
    package var amendments: UInt64 = 0
    package var bytes: UInt64 = 0
    package var findings: UInt64 = 0
    /// The first and last sequence of the sound segments.
    package var firstSequence: UInt64 = 0
    package var lastSequence: UInt64 = 0
    /// SHA-256 of the last file: with it in a safe place, a cut-off end can be shown later.
    package var lastSHA256: [UInt8] = []
    package var exit = AuditExit.verified
    package var log = LogReport()
}

/// Checks a directory of segments: each by itself, how they follow each other, then the log.
///
/// Ids 1, 2, 3 … without gaps, each file under its own number, each naming the SHA-256 of the one
/// before, sequence intervals that meet, from sequence 1 on; what the log says of them, and the
/// log itself (`LogCheck`). Goes on after every finding. Without a log it cannot know whether
/// segments are missing at the end. Memory: one segment's index, one rider's arrivals, 1 KiB a
/// segment; with `isDeep` also all amendments.
package struct Verifier {
    private let directory: String
    private let isDeep: Bool
    private let pins: LogPins
    private var logged = LoggedSegments()
    private let emit: (VerifyEvent) -> Void
    private var summary = VerifySummary()
    /// The segment before, if it is there and nothing was found in it.
    private var previous: Previous?
    /// With `isDeep`, as long as all fixes so far are known.
    private var targets: TargetCheck?
    private var expectedID: UInt64 = 1

    private struct Previous {
        var header: SegmentHeader
        var sha256: [UInt8]
    }

    /// Verifies all of `directory`, passing events to `emit` in order.
    package static func run(
        directory: String, deep: Bool, pins: LogPins = LogPins(), emit: (VerifyEvent) -> Void
    ) -> VerifySummary {
        withoutActuallyEscaping(emit) { emit in
            var verifier = Verifier(directory: directory, isDeep: deep, pins: pins, emit: emit)
            verifier.run()
            return verifier.summary
        }
    }

    private init(
        directory: String, isDeep: Bool, pins: LogPins, emit: @escaping (VerifyEvent) -> Void
    ) {
        self.directory = directory
        self.isDeep = isDeep
        self.pins = pins
        self.emit = emit
    }

    private mutating func run() {
        let entries: [AuditDirectory.Entry]
        do throws(SegmentError) {
            entries = try AuditDirectory.segments(at: directory)
        } catch {
            return add(Finding(error, file: directory))
        }
        if entries.isEmpty {
            add(Finding(.noSegments, file: directory, "there is no segment here"))
        }
        if isDeep { targets = TargetCheck(entries) }
        for entry in entries {
            checkMissing(before: entry.id)
            let report = check(entry)
            emit(.segment(file: entry.fileName, report: report))
            expectedID = entry.id + 1
        }
        checkLog()
    }

    private mutating func checkLog() {
        var findings: [Finding] = []
        let emit = emit
        withoutActuallyEscaping({ (event: LogCheck.Event) in
            switch event {
            case .finding(let error): findings.append(Finding(error))
            case .info(let code, let file, let message):
                emit(.info(code, file: file, message: message))
            }
        }) { tell in
            var check = LogCheck(audit: directory, pins: pins, emit: tell)
            check.run(logged)
            summary.log = check.report
        }
        for finding in findings { add(finding) }
    }

    private mutating func checkMissing(before id: UInt64) {
        guard id > expectedID else { return }
        let last = id - 1
        let detail =
            last == expectedID
            ? "segment \(last) is missing" : "segments \(expectedID) to \(last) are missing"
        add(Finding(.missingSegments, file: AuditDirectory.fileName(expectedID), detail))
        previous = nil
        targets = nil
    }

    private mutating func check(_ entry: AuditDirectory.Entry) -> SegmentReport {
        var report = SegmentReport()
        do throws(SegmentError) {
            report = SegmentCheck.run(
                try SegmentSource(path: entry.path), deep: isDeep,
                hashesBeside: SystemCores.count > 1)
        } catch {
            report.findings = [error]
        }
        for error in report.findings { add(Finding(error, file: entry.fileName)) }
        summary.segments += 1
        logged.ids.insert(entry.id)
        if !report.isSound { logged.broken.insert(entry.id) }
        if let header = report.header {
            logged.facts[entry.id] = LoggedSegments.Facts(
                header: header, sha256: report.sha256, root: report.root)
        }
        let follows = report.header.map { $0.interval.segmentID == entry.id } ?? false
        if !report.isSound || !follows { targets = nil }
        checkTargets(entry)
        guard let header = report.header else {
            previous = nil
            return report
        }
        guard follows else {
            let detail = "it is segment \(header.interval.segmentID) under another number"
            add(Finding(.wrongName, file: entry.fileName, detail))
            previous = nil
            return report
        }
        checkLink(header, file: entry.fileName)
        // Of a segment behind one that was refused nothing is asked that rests on that one.
        previous =
            report.isSound ? Previous(header: header, sha256: report.sha256) : nil
        if report.isSound { count(header, report) }
        return report
    }

    /// How a segment follows the one before it.
    private mutating func checkLink(_ header: SegmentHeader, file: String) {
        let interval = header.interval
        guard let previous else {
            if interval.segmentID == 1 && interval.firstSequence != 1 {
                let detail = "the first segment starts at sequence \(interval.firstSequence)"
                add(Finding(.intervalGap, file: file, detail))
            }
            return
        }
        let before = previous.header.interval
        if interval.previousSHA256 != previous.sha256 {
            add(
                Finding(
                    .chainBroken, file: file,
                    "it was sealed after a segment \(before.segmentID) with SHA-256 "
                        + "\(Digest.hex(interval.previousSHA256)), the one here has "
                        + Digest.hex(previous.sha256)))
        }
        if interval.firstSequence > before.lastSequence + 1 {
            add(
                Finding(
                    .intervalGap, file: file,
                    "sequences \(before.lastSequence + 1) to \(interval.firstSequence - 1) "
                        + "are in no segment"))
        } else if interval.firstSequence <= before.lastSequence {
            add(
                Finding(
                    .intervalOverlap, file: file,
                    "it starts at sequence \(interval.firstSequence), "
                        + "the one before ends at \(before.lastSequence)"))
        }
        if interval.partition != before.partition {
            add(
                Finding(
                    .otherPartition, file: file,
                    "it is of partition \(interval.partition), "
                        + "the one before of \(before.partition)"))
        }
    }

    private mutating func count(_ header: SegmentHeader, _ report: SegmentReport) {
        summary.points += header.points
        // Intervals that overlap, which is a finding, may have lost more than there are numbers.
        let (lost, isTooLarge) = summary.lostPoints.addingReportingOverflow(header.lostPoints)
        summary.lostPoints = isTooLarge ? .max : lost
        summary.amendments += header.amendments
        summary.bytes += header.fileBytes
        if summary.firstSequence == 0 { summary.firstSequence = header.interval.firstSequence }
        summary.lastSequence = header.interval.lastSequence
        summary.lastSHA256 = report.sha256
    }

    /// Amendments of a sound segment name fixes that are there by then.
    private mutating func checkTargets(_ entry: AuditDirectory.Entry) {
        do throws(SegmentError) {
            for finding in try targets?.check(entry) ?? [] { add(finding) }
        } catch {
            targets = nil
            add(Finding(error, file: entry.fileName))
        }
    }

    private mutating func add(_ finding: Finding) {
        summary.findings += 1
        summary.exit = summary.exit.worst(finding.exit)
        emit(.finding(finding))
    }
}
