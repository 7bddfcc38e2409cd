/// What a mirror tells while it goes.
package enum MirrorEvent: Sendable {
    case finding(Finding)
    /// A copy was made, or one that was there was read whole.
    case line(MirrorLine)
    /// A copy was there with the size and hash that the record states; its content was not read.
    case kept(segment: UInt64, bytes: UInt64)
    /// Bytes of all segments done so far, and of all there are.
    case progress(UInt64, UInt64)
}

/// The end of a mirror.
package struct MirrorSummary: Equatable, Sendable {
    package var segments: UInt64 = 0
    package var copied: UInt64 = 0
    package var copiedBytes: UInt64 = 0
    package var found: UInt64 = 0
    package var kept: UInt64 = 0
    package var logFiles: UInt64 = 0
    package var findings: UInt64 = 0
    package var exit = AuditExit.verified

    package var line: String {
        let log = logFiles > 0 ? ", \(logFiles) files of the log" : ""
        let what =
            "\(segments) segments: \(copied) copied (\(copiedBytes) bytes), "
            + "\(found) read and found the same, \(kept) as recorded\(log)"
        return exit == .verified ? "mirrored: \(what)" : "\(findings) findings in \(what)"
    }

    package var json: JSONLine {
        var line = JSONLine()
        line.add("type", "summary")
        line.add("ok", exit == .verified)
        line.add("exit", exit.rawValue)
        line.add("findings", findings)
        line.add("segments", segments)
        line.add("copied", copied)
        line.add("copied_bytes", copiedBytes)
        line.add("found", found)
        line.add("kept", kept)
        line.add("log_files", logFiles)
        return line
    }
}

extension MirrorEvent {
    /// A line for people; nil where the summary says enough.
    package var text: String? {
        switch self {
        case .finding(let finding): finding.message
        case .line(let line):
            "\(line.file): \(line.how.rawValue), \(line.bytes) bytes, "
                + "SHA-256 \(Digest.hex(line.sha256))"
        case .kept, .progress: nil
        }
    }

    /// nil for progress.
    package var json: JSONLine? {
        switch self {
        case .finding(let finding): return VerifyEvent.finding(finding).json
        case .line(let copy):
            var line = JSONLine()
            line.add("type", "segment")
            line.add("segment", copy.segment)
            line.add("file", copy.file)
            line.add("bytes", copy.bytes)
            line.add("sha256", Digest.hex(copy.sha256))
            line.add("how", copy.how.rawValue)
            return line
        case .kept(let segment, let bytes):
            var line = JSONLine()
            line.add("type", "segment")
            line.add("segment", segment)
            line.add("file", AuditDirectory.fileName(segment))
            line.add("bytes", bytes)
            line.add("how", "kept")
            return line
        case .progress: return nil
        }
    }
}
