package import TachoClient
import TachoGeo
import TachoWire

extension RemoteTarget {
    package func distance(_ request: DistanceRequest) throws(ToolFailure) -> DistanceRow {
        let reply = try ask(request, ["DIGEST"])
        guard let fields = DistanceReplies.fields(reply),
            let totals = DistanceReplies.totals(fields), let hash = fields["legs_sha256"]?.text
        else { throw notUnderstood("T.DIST: a distance expected") }
        let isKnown = totals.rows > 0 ? true : try isKnown(request.rider)
        return DistanceRow(totals: totals, legsSHA256: hash, isKnownRider: isKnown)
    }

    package func legs(
        _ request: DistanceRequest, after cursor: String?
    ) throws(ToolFailure) -> LegLines {
        let page = ["LEGS", "COUNT", "\(DistanceRequest.pageRows)"]
        let reply = try ask(request, page + (cursor.map { ["CURSOR", $0] } ?? []))
        guard let fields = DistanceReplies.fields(reply),
            let lines = DistanceReplies.lines(fields["legs"])
        else { throw notUnderstood("T.DIST: legs expected") }
        return LegLines(lines: lines, next: fields["cursor"]?.text)
    }

    private func ask(
        _ request: DistanceRequest, _ options: [String]
    ) throws(ToolFailure) -> Reply {
        try call { writer in
            writer.begin(arguments: 4 + options.count)
            writer.argument("T.DIST")
            writer.argument(request.rider)
            writer.argument(request.fromMs.map { String($0) } ?? "-")
            writer.argument(request.toMs.map { String($0) } ?? "+")
            for option in options { writer.argument(option) }
        }
    }
}

/// Replies of T.DIST as values; nil for a reply of another shape.
enum DistanceReplies {
    /// By name.
    static func fields(_ reply: Reply) -> [String: Reply]? {
        guard let elements = reply.elements, elements.count % 2 == 0 else { return nil }
        var fields: [String: Reply] = [:]
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard let name = elements[index].text else { return nil }
            fields[name] = elements[index + 1]
        }
        return fields
    }

    static func totals(_ fields: [String: Reply]) -> DistanceTotals? {
        guard fields["alg"]?.text == DistanceV1.alg, let excluded = fields["excluded"]?.integer
        else { return nil }
        var totals = DistanceTotals()
        let lengths: [(WritableKeyPath<DistanceTotals, Int64>, String)] = [
            (\.mm, "metres"), (\.gapMm, "gap_metres"), (\.excludedMm, "excluded_metres"),
            (\.restingMm, "resting_metres"),
        ]
        for (path, name) in lengths {
            guard let mm = fields[name].flatMap({ TripReplies.scaled($0, 3) }) else { return nil }
            totals[keyPath: path] = mm
        }
        let counts: [(WritableKeyPath<DistanceTotals, Int>, String)] = [
            (\.points, "points"), (\.gaps, "gaps"), (\.held, "held"),
            (\.quarantined, "quarantined"), (\.conflicts, "conflicts"),
        ]
        for (path, name) in counts {
            guard let count = fields[name]?.integer else { return nil }
            totals[keyPath: path] = Int(count)
        }
        guard let gapsMs = fields["gaps_ms"]?.integer else { return nil }
        totals.gapsMs = gapsMs
        totals.excludedLegs = Int(excluded) - totals.held - totals.quarantined
        return totals
    }

    static func lines(_ reply: Reply?) -> [LegLine]? {
        guard let elements = reply?.elements else { return nil }
        var lines: [LegLine] = []
        for element in elements {
            guard let fields = element.elements, fields.count >= 10, let line = line(fields) else {
                return nil
            }
            lines.append(line)
        }
        return lines
    }

    private static func line(_ fields: [Reply]) -> LegLine? {
        guard let kind = fields[0].text, let fromMs = fields[1].integer,
            let toMs = fields[2].integer, let from = TripReplies.place(fields[3], fields[4]),
            let to = TripReplies.place(fields[5], fields[6]),
            let straightMm = fields[7].integer, let mm = fields[8].integer,
            let verdict = fields[9].text
        else { return nil }
        return LegLine(
            kind: kind, fromMs: fromMs, toMs: toMs, from: from, to: to, straightMm: straightMm,
            mm: mm, verdict: verdict)
    }
}
