import TachoClient
package import TachoGeo

/// How far a rider went between two times, both included; nil is open.
package struct DistanceRequest: Sendable {
    package var rider: [UInt8]
    package var fromMs: Int64?
    package var toMs: Int64?

    package init(rider: [UInt8], fromMs: Int64? = nil, toMs: Int64? = nil) {
        self.rider = rider
        self.fromMs = fromMs
        self.toMs = toMs
    }

    /// Legs asked for at a time.
    static let pageRows = 4_096
}

package struct DistanceRow: Equatable, Sendable {
    package var totals: DistanceTotals
    /// Of the legs' CSV, in hexadecimal.
    package var legsSHA256: String
    package var isKnownRider: Bool
}

/// A leg, with the verdict as text.
package struct LegLine: Equatable, Sendable {
    package var kind: String
    package var fromMs: Int64
    package var toMs: Int64
    package var from: Coordinate
    package var to: Coordinate
    package var straightMm: Int64
    package var mm: Int64
    package var verdict: String
}

package struct LegLines: Sendable {
    package var lines: [LegLine]
    /// Where the next page starts; nil at the end.
    package var next: String?
}

/// What `tacho distance` prints.
package enum DistanceReport {
    /// Throws `ToolFailure`; a rider without any fix is one.
    package static func print(
        _ request: DistanceRequest, from target: any Target, legs: Bool, json: Bool,
        to output: Output
    ) throws {
        let rider = String(decoding: request.rider, as: UTF8.self)
        let row = try target.distance(request)
        guard row.isKnownRider else {
            throw ToolFailure(ExitStatus.error, "no fix of rider \(rider): check the name")
        }
        if legs { try printLegs(request, from: target, row.totals, json: json, to: output) }
        try output.line(json ? object(rider, row).finished() : Array(text(rider, row).utf8))
        try output.flush()
    }

    /// The legs are asked for in pages after the sum: if fixes came in between, both would not fit.
    private static func printLegs(
        _ request: DistanceRequest, from target: any Target, _ totals: DistanceTotals, json: Bool,
        to output: Output
    ) throws {
        var cursor: String?
        var (rows, mm) = (0, Int64(0))
        repeat {
            let page = try target.legs(request, after: cursor)
            for line in page.lines {
                try output.line(json ? object(line).finished() : Array(text(line).utf8))
                mm += line.mm
            }
            rows += page.lines.count
            cursor = page.next
        } while cursor != nil
        guard rows == totals.rows && mm == totals.mm else {
            throw ToolFailure(
                ExitStatus.tryAgain,
                "fixes came in while legs were read: ask again, or give a --to that is past")
        }
    }

    private static func object(_ rider: String, _ row: DistanceRow) -> JSONObject {
        let totals = row.totals
        var object = JSONObject()
        object.add("rider", string: rider)
        object.add("metres", decimal: totals.mm, decimals: 3, trimmed: true)
        object.add("points", integer: Int64(totals.points))
        object.add("excluded", integer: Int64(totals.excluded))
        object.add("gaps_ms", integer: totals.gapsMs)
        object.add("alg", string: DistanceV1.alg)
        object.add("gaps", integer: Int64(totals.gaps))
        object.add("gap_metres", decimal: totals.gapMm, decimals: 3, trimmed: true)
        object.add("excluded_metres", decimal: totals.excludedMm, decimals: 3, trimmed: true)
        object.add("resting_metres", decimal: totals.restingMm, decimals: 3, trimmed: true)
        object.add("held", integer: Int64(totals.held))
        object.add("quarantined", integer: Int64(totals.quarantined))
        object.add("conflicts", integer: Int64(totals.conflicts))
        object.add("legs_sha256", string: row.legsSHA256)
        return object
    }

    private static func object(_ line: LegLine) -> JSONObject {
        var object = JSONObject()
        object.add("kind", string: line.kind)
        object.add("from_ts", integer: line.fromMs)
        object.add("to_ts", integer: line.toMs)
        object.add("from_lat", decimal: Int64(line.from.latE7), decimals: 7, trimmed: false)
        object.add("from_lon", decimal: Int64(line.from.lonE7), decimals: 7, trimmed: false)
        object.add("to_lat", decimal: Int64(line.to.latE7), decimals: 7, trimmed: false)
        object.add("to_lon", decimal: Int64(line.to.lonE7), decimals: 7, trimmed: false)
        object.add("straight_mm", integer: line.straightMm)
        object.add("mm", integer: line.mm)
        object.add("verdict", string: line.verdict)
        return object
    }

    /// One line for people.
    private static func text(_ rider: String, _ row: DistanceRow) -> String {
        let totals = row.totals
        var parts = [rider, "\(metres(totals.mm)) m", "\(totals.points) points"]
        if totals.gaps > 0 {
            parts.append(
                "gaps \(totals.gaps): \(PlaceText.decimal(totals.gapsMs, 3)) s,"
                    + " \(metres(totals.gapMm)) m straight, not counted")
        }
        if totals.excluded > 0 {
            parts.append(
                "excluded \(totals.excluded): \(totals.excludedLegs) legs of"
                    + " \(metres(totals.excludedMm)) m, \(totals.held) held,"
                    + " \(totals.quarantined) quarantined")
        }
        if totals.restingMm > 0 {
            parts.append("\(metres(totals.restingMm)) m at rest, not counted")
        }
        if totals.conflicts > 0 { parts.append("\(totals.conflicts) conflicts") }
        parts.append(DistanceV1.alg)
        return parts.joined(separator: "  ")
    }

    private static func text(_ line: LegLine) -> String {
        let (from, to) = (UTCTime.text(ms: line.fromMs), UTCTime.text(ms: line.toMs))
        var parts = [line.kind, from, to, "\(metres(line.mm)) m"]
        if line.mm != line.straightMm { parts.append("\(metres(line.straightMm)) m straight") }
        parts.append("\(PlaceText.place(line.from)) to \(PlaceText.place(line.to))")
        parts.append(line.verdict)
        return parts.joined(separator: "  ")
    }

    private static func metres(_ mm: Int64) -> String { PlaceText.decimal(mm, 3) }
}
