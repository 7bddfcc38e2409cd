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
        case .info(_, let file, let message): return "\(file): \(message)"
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
        case .info(let code, let file, let message):
            line.add("type", "info")
            line.add("file", file)
            line.add("code", code.rawValue)
            line.add("message", message)
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
            + "last SHA-256 \(Digest.hex(lastSHA256))" + log.text
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
        log.add(to: &line)
        return line
    }
}

extension LogReport {
    /// How the log stands, behind a summary of segments.
    fileprivate var text: String {
        guard let head = checkpoint?.head else { return "" }
        var text = ", log \(head.origin) at \(head.size) entries"
        if let signer { text += ", signed by \(signer.text)" }
        if !cosigned.isEmpty { text += ", \(cosigned.count) cosignatures" }
        return text
    }

    fileprivate func add(to line: inout JSONLine) {
        guard size > 0 else { return }
        line.add("log_entries", size)
        line.add("log_segments", segments)
        guard let head = checkpoint?.head else { return }
        line.add("origin", head.origin)
        line.add("checkpoint_size", head.size)
        line.add("checkpoint_root", Digest.hex(head.root))
        if let signer { line.add("signed_by", signer.text) }
        if let time = cosigned.first { line.add("cosigned_at", time) }
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

extension SignedCheckpoint {
    package var line: String {
        "\(head.origin) at \(head.size) entries, root \(Digest.hex(head.root))"
    }

    package var json: JSONLine {
        var line = JSONLine()
        line.add("origin", head.origin)
        line.add("size", head.size)
        line.add("root", Digest.hex(head.root))
        line.add("signatures", note.signatures.count)
        return line
    }
}
