package import TachoClient
import TachoCodec
import TachoIngest

/// `tacho rules`: shows and sets rules, tries them on history, applies them to it.
package struct RulesJob {
    private let target: any Target
    private let output: Output

    package init(target: any Target, output: Output) {
        self.target = target
        self.output = output
    }

    package func show(json: Bool) throws {
        let text = try target.rules()
        if json {
            try output.line(text)
        } else {
            for line in try Self.lines(text) { try output.line(line) }
        }
        try output.flush()
    }

    package func set(_ words: [String], json: Bool) throws {
        let revision = try target.setRules(words)
        try output.line(
            json ? "{\"revision\":\(revision)}" : "revision \(revision) of the rules is in force")
        try output.flush()
    }

    /// A page of riders after the other. What was done before a stop stays done.
    package func replay(
        _ request: RulesRequest, json: Bool, shouldStop: () -> Bool
    ) throws {
        var summary = RulesSummary()
        var progress: ProgressBar?
        var cursor: Int64?
        repeat {
            if shouldStop() {
                progress?.clear()
                throw ToolFailure(
                    ExitStatus.interrupted,
                    "stopped after \(summary.riders) of \(summary.ridersInAll) riders; "
                        + "run the same command again, what is done changes nothing")
            }
            let text = try target.replayRules(request, cursor: cursor)
            guard let page = try? JSONValue.read(Array(text.utf8)) else { throw Self.strange }
            let (isUnderstood, next) = summary.add(page)
            guard isUnderstood else { throw Self.strange }
            if progress == nil { progress = ProgressBar(totalBytes: Int(summary.ridersInAll)) }
            progress?.update(doneBytes: Int(summary.riders), fixes: Int(summary.fixes))
            cursor = next
        } while cursor != nil
        progress?.clear()
        if json {
            try output.line(summary.json())
        } else {
            for line in summary.lines(isTest: request.changes != nil) { try output.line(line) }
        }
        try output.flush()
    }

    /// The names this program knows, what they mean and what may be set.
    package static func list(json: Bool, to output: Output) throws {
        let width = ThresholdTable.rows.map(\.name.count).max() ?? 0
        for row in ThresholdTable.rows {
            let standard = row.text(Thresholds())
            if json {
                var object = JSONObject()
                object.add("name", string: row.name)
                object.add("default", json: Array(standard.utf8))
                object.add("allowed", string: row.allowed)
                object.add("meaning", string: row.meaning)
                try output.line(object.finished())
            } else {
                let gap = String(repeating: " ", count: width - row.name.count)
                try output.line(
                    "\(row.name)\(gap)  \(standard)  (\(row.allowed))  \(row.meaning)")
            }
        }
        try output.flush()
    }

    private static func lines(_ text: String) throws -> [String] {
        guard let value = try? JSONValue.read(Array(text.utf8)),
            let revision = value["revision"]?.integer, let ruleSet = value["rule_set"]?.integer,
            let hash = value["hash"]?.text, let off = value["off"]?.elements,
            let thresholds = value["thresholds"]?.members
        else { throw strange }
        let own = value["stored"] == .bool(false) ? ", the program's own" : ""
        var lines = ["revision \(revision)\(own); rule set \(ruleSet), hash \(hash)"]
        let codes = off.compactMap(\.text)
        lines.append("off: " + (codes.isEmpty ? "none" : codes.joined(separator: ",")))
        let width = thresholds.map(\.key.count).max() ?? 0
        for number in thresholds {
            let gap = String(repeating: " ", count: width - number.key.count)
            lines.append("\(number.key)\(gap)  \(number.value.text ?? "?")")
        }
        return lines
    }

    private static var strange: ToolFailure {
        ToolFailure(
            ExitStatus.notReachable,
            "the rules that came back are not understood: is it a tachod of the same version?")
    }
}

extension RulesJob {
    /// A rule set's file as it is sent; at most what one argument of a request holds.
    package static func read(_ path: String) throws(ToolFailure) -> String {
        let file = try InputFile(path: path)
        var bytes: [UInt8] = []
        while true {
            guard let piece = try file.next() else {
                throw ToolFailure(ExitStatus.interrupted, "stopped before \(path) was read")
            }
            if piece.isEmpty { break }
            bytes.append(contentsOf: piece)
            guard bytes.count <= maxFileBytes else {
                throw ToolFailure(
                    ExitStatus.badData,
                    "\(path) is longer than \(maxFileBytes) bytes: a rule set has some thousand")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self),
            text.drop(while: \.isWhitespace).first == "{"
        else {
            throw ToolFailure(
                ExitStatus.badData,
                "\(path) holds no JSON object: write one with tacho rules get --json")
        }
        return text
    }

    private static let maxFileBytes = 65_536
}
