package import TachoBackup

/// What backups and restores print.
package enum BackupReports {
    package static func backup(
        _ summary: BackupSummary, seconds: Double, json: Bool, to output: Output
    ) throws {
        let manifest = summary.manifest
        if json {
            var object = figures(of: manifest)
            object.add("copied_files", integer: Int64(clamping: summary.copiedFiles))
            object.add("copied_bytes", integer: Int64(clamping: summary.copiedBytes))
            object.add("pruned", json: list(summary.pruned))
            object.add("warnings", json: list(summary.warnings))
            object.add("seconds", decimal: Int64(seconds * 1000), decimals: 3, trimmed: true)
            try output.line(object.finished())
        } else {
            try output.line(line(of: manifest))
            try output.line(
                "copied \(summary.copiedFiles) of \(manifest.files.count) files, "
                    + "\(size(summary.copiedBytes)) of \(size(manifest.bytes)), in "
                    + "\(text(seconds)) s")
            if !summary.pruned.isEmpty {
                let numbers = summary.pruned.map { String($0) }.joined(separator: ", ")
                try output.line("gave up generations \(numbers)")
            }
            for warning in summary.warnings { try output.line("warning: \(warning)") }
        }
        try output.flush()
    }

    package static func list(_ manifests: [BackupManifest], json: Bool, to output: Output) throws {
        for manifest in manifests {
            if json {
                try output.line(figures(of: manifest).finished())
            } else {
                try output.line(line(of: manifest))
            }
        }
        if manifests.isEmpty && !json { try output.line("no generation yet") }
        try output.flush()
    }

    /// What became of a check, a drill or a restore to `target`.
    package static func restore(
        _ summary: RestoreSummary, as kind: RestoreKind, seconds: Double, json: Bool,
        to output: Output
    ) throws {
        let manifest = summary.manifest
        if json {
            var object = figures(of: manifest)
            object.add("did", string: kind.word)
            object.add("points_read", integer: Int64(clamping: summary.pointsRead))
            object.add("pinned_key", json: Array((summary.isPinned ? "true" : "false").utf8))
            for (name, value) in times(summary) + [("seconds", seconds)] {
                object.add(name, decimal: Int64(value * 1000), decimals: 3, trimmed: true)
            }
            try output.line(object.finished())
            return try output.flush()
        }
        try output.line(line(of: manifest))
        let steps = times(summary).filter { $0.1 > 0 }.map {
            "\($0.0.prefix { $0 != "_" }) \(text($0.1)) s"
        }
        try output.line(
            "\(kind.done): \(size(manifest.bytes)), \(summary.pointsRead) fixes read back, in "
                + "\(text(seconds)) s (\(steps.joined(separator: ", ")))")
        try output.line(
            "what was acknowledged after \(Instant.text(ms: manifest.atMs)), behind sequence "
                + "\(manifest.nextSequence - 1), is not in it: let devices send it again")
        if case .restore(let target) = kind {
            for advice in Self.advice(summary, target) { try output.line(advice) }
        }
        try output.flush()
    }

    private static func advice(_ summary: RestoreSummary, _ target: String) -> [String] {
        var lines: [String] = []
        if !summary.manifest.hasKey && summary.manifest.hasPublicKey {
            lines.append(
                "the key that signs the log is not in the backup: put it back as "
                    + "\(target)/audit-key (mode 0600); until then all is served and nothing is sealed"
            )
        }
        lines.append(
            "nothing more of the log is signed until you say that no other server goes on from here: "
                + "tacho restore --continue \(target)")
        return lines
    }

    private static func line(of manifest: BackupManifest) -> String {
        "generation \(manifest.generation): \(manifest.points) points of \(manifest.riders) riders, "
            + "\(manifest.segments) segments, all that was acknowledged by "
            + "\(Instant.text(ms: manifest.atMs)), up to sequence \(manifest.nextSequence - 1), "
            + size(manifest.bytes) + (manifest.hasKey ? ", with the key that signs" : "")
    }

    private static func figures(of manifest: BackupManifest) -> JSONObject {
        var object = JSONObject()
        object.add("generation", integer: Int64(clamping: manifest.generation))
        object.add("engine", string: manifest.engine)
        object.add("at_ms", integer: manifest.atMs)
        object.add("last_sequence", integer: Int64(clamping: manifest.nextSequence - 1))
        for (name, value) in [
            ("points", manifest.points), ("lost", manifest.lost), ("riders", manifest.riders),
            ("segments", manifest.segments), ("log_entries", manifest.logEntries),
            ("files", UInt64(manifest.files.count)), ("bytes", manifest.bytes),
        ] {
            object.add(name, integer: Int64(clamping: value))
        }
        object.add("with_key", json: Array((manifest.hasKey ? "true" : "false").utf8))
        return object
    }

    private static func times(_ summary: RestoreSummary) -> [(String, Double)] {
        [
            ("check_seconds", summary.checkSeconds), ("copy_seconds", summary.copySeconds),
            ("open_seconds", summary.openSeconds), ("audit_seconds", summary.auditSeconds),
        ]
    }

    private static func list(_ numbers: [UInt64]) -> [UInt8] {
        Array("[\(numbers.map { String($0) }.joined(separator: ","))]".utf8)
    }

    private static func list(_ texts: [String]) -> [UInt8] {
        var bytes = [UInt8(ascii: "[")]
        for (place, text) in texts.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONObject.append(quoted: text, to: &bytes)
        }
        return bytes + [UInt8(ascii: "]")]
    }

    static func size(_ bytes: UInt64) -> String {
        if bytes < 10 << 10 { return "\(bytes) bytes" }
        if bytes < 10 << 20 { return "\(bytes >> 10) KiB" }
        if bytes < 10 << 30 { return "\(bytes >> 20) MiB" }
        return "\(bytes >> 30) GiB"
    }

    private static func text(_ seconds: Double) -> String {
        let hundredths = Int64((seconds * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}

/// What was done with a generation.
package enum RestoreKind: Equatable, Sendable {
    case check
    case drill
    /// To this directory.
    case restore(String)

    var word: String {
        switch self {
        case .check: "check"
        case .drill: "drill"
        case .restore: "restore"
        }
    }

    var done: String {
        switch self {
        case .check: "checked, nothing was restored"
        case .drill: "restored, checked and removed"
        case .restore(let target): "restored to \(target)"
        }
    }
}
