/// How results of `tacho-audit` look: a line for people, or a JSON object a line.
extension VerifyEvent {
    /// `segment` lines for sound segments only: of others the findings are told.
    package var line: String? {
        switch self {
        case .finding(let finding): return finding.message
        case .segment(let file, let report):
            guard let summary = report.summary, let header = report.header else { return nil }
            return "\(file): ok, \(summary.points) points of \(summary.riders) riders, "
                + "sequences \(header.interval.firstSequence)-\(header.interval.lastSequence)"
        }
    }

    package var json: JSONLine {
        var line = JSONLine()
        switch self {
        case .finding(let finding):
            line.add("type", "finding")
            line.add("file", finding.file)
            line.add("code", finding.code)
            line.add("exit", finding.exit.rawValue)
            if let block = finding.block { line.add("block", block) }
            if let bytes = finding.bytes {
                line.add("from_byte", bytes.lowerBound)
                line.add("to_byte", bytes.upperBound)
            }
            line.add("message", finding.message)
        case .segment(let file, let report):
            line.add("type", "segment")
            line.add("file", file)
            line.add("ok", report.isSound)
            line.add("findings", report.findings.count)
            if !report.sha256.isEmpty { line.add("sha256", Digest.hex(report.sha256)) }
            report.header?.add(to: &line)
        }
        return line
    }
}

extension VerifySummary {
    package var line: String {
        let what =
            "\(segments) segments, \(points) points, \(lostPoints) accepted lost, "
            + "\(amendments) amendments, \(bytes) bytes"
        guard exit == .verified else { return "\(findings) findings in \(what)" }
        return "verified: \(what), sequences \(firstSequence)-\(lastSequence), "
            + "last SHA-256 \(Digest.hex(lastSHA256))"
    }

    package var json: JSONLine {
        var line = JSONLine()
        line.add("type", "summary")
        line.add("ok", exit == .verified)
        line.add("exit", exit.rawValue)
        line.add("findings", findings)
        line.add("segments", segments)
        line.add("points", points)
        line.add("lost_points", lostPoints)
        line.add("amendments", amendments)
        line.add("bytes", bytes)
        line.add("first_sequence", firstSequence)
        line.add("last_sequence", lastSequence)
        line.add("last_sha256", Digest.hex(lastSHA256))
        return line
    }
}

extension SegmentHeader {
    /// The fields under the names of `format-spec.md`.
    package func add(to line: inout JSONLine) {
        line.add("version", "\(major).\(minor)")
        line.add("partition", interval.partition)
        line.add("segment_id", interval.segmentID)
        line.add("first_sequence", interval.firstSequence)
        line.add("last_sequence", interval.lastSequence)
        line.add("rule_set", interval.ruleSet)
        line.add("points", points)
        line.add("lost_points", lostPoints)
        line.add("amendments", amendments)
        line.add("riders", riders)
        line.add("other_riders", otherRiders)
        line.add("blocks", blocks)
        line.add("file_bytes", fileBytes)
        if points > 0 {
            line.add("min_ts_ms", tsBounds.minMs)
            line.add("max_ts_ms", tsBounds.maxMs)
            line.add("min_recv_ms", recvBounds.minMs)
            line.add("max_recv_ms", recvBounds.maxMs)
        }
        line.add("previous_sha256", Digest.hex(interval.previousSHA256))
    }
}
