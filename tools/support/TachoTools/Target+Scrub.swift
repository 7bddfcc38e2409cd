package import TachoClient
import TachoEngine
import TachoWire

/// What a look through sealed segments found.
package struct ScrubSummary: Equatable, Sendable {
    package var segments: Int64 = 0
    package var points: Int64 = 0
    package var bytes: Int64 = 0
    package var damaged: Int64 = 0
    /// Those that could not be read, so that nothing is known of them.
    package var unread: Int64 = 0
    /// A line for each of both, the first hundred.
    package var findings: [String] = []

    package init() {}

    package func write(json: Bool, to output: Output) throws {
        let figures = [
            ("segments", segments), ("points", points), ("bytes", bytes), ("damaged", damaged),
            ("unread", unread),
        ]
        if json {
            var object = JSONObject()
            for (name, value) in figures { object.add(name, integer: value) }
            var list = [UInt8(ascii: "[")]
            for (number, finding) in findings.enumerated() {
                if number > 0 { list.append(UInt8(ascii: ",")) }
                JSONObject.append(quoted: finding, to: &list)
            }
            object.add("findings", json: list + [UInt8(ascii: "]")])
            try output.line(object.finished())
        } else {
            for (name, value) in figures {
                try output.line(name + String(repeating: " ", count: 10 - name.count) + "\(value)")
            }
            for finding in findings { try output.line(finding) }
        }
        try output.flush()
    }
}

extension LocalTarget {
    package func scrub(newestDayOnly: Bool) throws(ToolFailure) -> ScrubSummary {
        do {
            let report = try engine.scrub(newestDayOnly: newestDayOnly)
            var summary = ScrubSummary()
            summary.segments = Int64(report.segments)
            summary.points = Int64(clamping: report.points)
            summary.bytes = Int64(clamping: report.bytes)
            summary.damaged = Int64(report.damaged)
            summary.unread = Int64(report.unread)
            summary.findings = Array(report.findings.prefix(ScrubReport.shownFindings))
            return summary
        } catch {
            throw ToolFailure(ExitStatus.error, "\(error)")
        }
    }
}

extension RemoteTarget {
    package func scrub(newestDayOnly: Bool) throws(ToolFailure) -> ScrubSummary {
        let reply = try call(refusalsAsTheyAre: true) { writer in
            writer.command(["T.SCRUB"] + (newestDayOnly ? ["DAY"] : []))
        }
        var summary = ScrubSummary()
        guard let pairs = RemoteReplies.pairs(reply) else {
            throw notUnderstood("T.SCRUB: names and values expected")
        }
        for (name, value) in pairs {
            switch name {
            case "segments": summary.segments = value.integer ?? 0
            case "points": summary.points = value.integer ?? 0
            case "bytes": summary.bytes = value.integer ?? 0
            case "damaged": summary.damaged = value.integer ?? 0
            case "unread": summary.unread = value.integer ?? 0
            case "findings": summary.findings = (value.elements ?? []).compactMap(\.text)
            default: break
            }
        }
        return summary
    }
}
