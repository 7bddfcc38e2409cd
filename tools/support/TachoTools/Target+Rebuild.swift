package import TachoClient
import TachoEngine
import TachoWire

/// What became of a segment that was to be made again.
package struct RebuildRow: Equatable, Sendable {
    package var segment: Int64
    package var points: Int64
    /// In hexadecimal.
    package var sha256: String
    /// What was wrong with its file; nil: nothing, and it was left alone.
    package var damage: String?
    /// Where the damaged file is kept, below `audit/`; nil: there was none.
    package var kept: String?
}

extension LocalTarget {
    package func rebuild(segment: Int64) throws(ToolFailure) -> RebuildRow {
        do {
            let report = try engine.rebuild(segment: UInt64(clamping: segment))
            return RebuildRow(
                segment: Int64(report.segment), points: Int64(report.points),
                sha256: Self.hexadecimal(report.sha256), damage: report.damage, kept: report.kept)
        } catch {
            switch error {
            case .stopped(let reason): throw Self.stopped(reason)
            case .refused: throw ToolFailure(ExitStatus.error, error.description)
            }
        }
    }
}

extension RemoteTarget {
    package func rebuild(segment: Int64) throws(ToolFailure) -> RebuildRow {
        let reply = try call(refusalsAsTheyAre: true) { writer in
            writer.command(["T.SEAL", "REBUILD", String(segment)])
        }
        guard let row = RemoteReplies.rebuild(reply) else {
            throw notUnderstood("T.SEAL REBUILD: names and values expected")
        }
        return row
    }
}

extension RemoteReplies {
    static func rebuild(_ reply: Reply) -> RebuildRow? {
        guard let pairs = pairs(reply) else { return nil }
        let values = Dictionary(pairs) { $1 }
        guard let segment = values["segment"]?.integer, let points = values["points"]?.integer,
            let sha256 = values["sha256"]?.text, let rebuilt = values["rebuilt"]?.integer
        else { return nil }
        let damage = values["damage"]?.text
        guard (rebuilt == 1) == (damage != nil) else { return nil }
        return RebuildRow(
            segment: segment, points: points, sha256: sha256, damage: damage,
            kept: values["kept"]?.text)
    }
}

extension Reports {
    package static func rebuild(_ row: RebuildRow, json: Bool, to output: Output) throws {
        if json {
            var object = JSONObject()
            object.add("segment", integer: row.segment)
            object.add("rebuilt", json: Array((row.damage == nil ? "false" : "true").utf8))
            object.add("points", integer: row.points)
            object.add("sha256", string: row.sha256)
            for (name, text) in [("damage", row.damage), ("kept", row.kept)] {
                if let text { object.add(name, string: text) } else { object.addNull(name) }
            }
            try output.line(object.finished())
        } else if let damage = row.damage {
            try output.line(
                "made segment \(row.segment) again: \(row.points) points, sha256 \(row.sha256), as "
                    + "sealed")
            try output.line("it was: \(damage)")
            if let kept = row.kept { try output.line("the damaged file is kept: audit/\(kept)") }
        } else {
            try output.line(
                "segment \(row.segment) is sound and was left alone: \(row.points) points, sha256 "
                    + "\(row.sha256)")
        }
        try output.flush()
    }
}
