/// What an export says of itself, beside its output: what was asked, of which segments, and what
/// came out. `format-spec.md` §11 has its keys. It has no time and no place of this machine, so the
/// same question of the same segments has the same manifest.
package struct ExportManifest: Sendable {
    package var program: String
    package var format: ExportFormat
    package var query: ExportQuery
    package var summary: ExportSummary
    /// The name of the output, without its folder; nil for standard output.
    package var file: String?
    package var bytes: UInt64
    package var sha256: [UInt8]
    /// Text of the log's newest checkpoint, if the directory has a log.
    package var checkpoint: String?

    package init(
        program: String, format: ExportFormat, query: ExportQuery, summary: ExportSummary,
        output: ExportOutput, checkpoint: String?
    ) {
        self.program = program
        self.format = format
        self.query = query
        self.summary = summary
        file =
            output.path == "-"
            ? nil : output.path.split(separator: "/").last.map(String.init) ?? output.path
        bytes = output.byteCount
        sha256 = output.sha256 ?? []
        self.checkpoint = checkpoint
    }

    package var text: String {
        var line = JSONLine()
        line.add("v", 1)
        line.add("program", program)
        line.add("format", format.rawValue)
        line.add("query", ExportQuestion.object(query))
        line.add("as_of", summary.segments)
        line.add("rows", summary.rows)
        addBounds(summary.tsBounds, "ts_ms", to: &line)
        addBounds(summary.recvBounds, "recv_ms", to: &line)
        if let cursor = summary.cursor {
            line.add("cursor", cursor.text)
        } else {
            line.addNull("cursor")
        }
        line.add(
            "unknown_riders",
            texts: summary.unknownRiders.map { String(decoding: $0, as: UTF8.self) })
        var output = JSONLine()
        if let file { output.add("file", file) } else { output.addNull("file") }
        output.add("bytes", bytes)
        output.add("sha256", Digest.hex(sha256))
        line.add("output", output)
        line.add("segments", summary.sources.map(Self.object))
        if let checkpoint {
            var log = JSONLine()
            log.add("size", Self.size(of: checkpoint) ?? 0)
            log.add("checkpoint", checkpoint)
            line.add("log", log)
        } else {
            line.addNull("log")
        }
        return line.text + "\n"
    }

    private func addBounds(_ bounds: TimeBounds, _ name: String, to line: inout JSONLine) {
        guard !bounds.isEmpty else {
            line.addNull("first_" + name)
            line.addNull("last_" + name)
            return
        }
        line.add("first_" + name, bounds.minMs)
        line.add("last_" + name, bounds.maxMs)
    }

    private static func object(_ source: ExportSource) -> JSONLine {
        var line = JSONLine()
        line.add("segment", source.segment)
        line.add("bytes", source.bytes)
        line.add("sha256", Digest.hex(source.sha256 ?? []))
        line.add("root", Digest.hex(source.root))
        return line
    }

    /// The second line of a checkpoint (C2SP tlog-checkpoint) is the size of the tree.
    static func size(of checkpoint: String) -> UInt64? {
        let lines = checkpoint.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count > 1 ? UInt64(lines[1]) : nil
    }
}

extension ExportSummary {
    /// Hashes the last segment, of which no other says the SHA-256. Cost: reading that file.
    package mutating func hashLastSegment() throws(ExportError) {
        guard let last = sources.indices.last, sources[last].sha256 == nil else { return }
        let path = sources[last].path
        let name = AuditDirectory.fileName(sources[last].segment)
        do throws(SegmentError) {
            let source = try SegmentSource(path: path)
            var digest = RunningDigest()
            try source.forEachPiece(of: 0..<source.byteCount) { digest.update($0) }
            sources[last].sha256 = digest.value()
        } catch {
            throw .segment(error, file: name)
        }
    }
}
