import TachoClient
package import TachoGeo

/// Where a rider was at one moment.
package struct PositionQuery: Sendable {
    package var rider: [UInt8]
    package var atMs: Int64
    /// Fixes further apart tell nothing of the time between; nil: the default.
    package var maxGapMs: Int64?

    package init(rider: [UInt8], atMs: Int64, maxGapMs: Int64? = nil) {
        self.rider = rider
        self.atMs = atMs
        self.maxGapMs = maxGapMs
    }
}

/// The answer, with the verdict as text.
package struct PositionRow: Equatable, Sendable {
    package var tsMs: Int64
    package var position: Coordinate
    package var speedCms: Int32?
    package var headingCdeg: Int32?
    package var accuracyDm: Int32?
    package var verdict: String
    package var beforeMs: Int64
    package var afterMs: Int64
}

/// What `tacho at` prints.
package enum PositionReport {
    /// Throws `ToolFailure` if nobody knows where the rider was.
    package static func print(
        _ query: PositionQuery, from target: any Target, json: Bool, to output: Output
    ) throws {
        let rider = String(decoding: query.rider, as: UTF8.self)
        guard let row = try target.position(query) else {
            let seconds = PlaceText.decimal(query.maxGapMs ?? TripSettings().gapMs, 3)
            throw ToolFailure(
                ExitStatus.error,
                "nobody knows where \(rider) was at \(UTCTime.text(ms: query.atMs)): no fix then,"
                    + " nor one before and one after within \(seconds) s of each other"
                    + " (--max-gap)")
        }
        try output.line(json ? object(rider, row).finished() : Array(text(rider, row).utf8))
        try output.flush()
    }

    private static func object(_ rider: String, _ row: PositionRow) -> JSONObject {
        var object = JSONObject()
        object.add("rider", string: rider)
        object.add("ts_ms", integer: row.tsMs)
        object.add("lat", decimal: Int64(row.position.latE7), decimals: 7, trimmed: false)
        object.add("lon", decimal: Int64(row.position.lonE7), decimals: 7, trimmed: false)
        func add(_ key: String, _ value: Int32?, _ decimals: Int) {
            if let value {
                object.add(key, decimal: Int64(value), decimals: decimals, trimmed: true)
            } else {
                object.addNull(key)
            }
        }
        add("speed_mps", row.speedCms, 2)
        add("heading_deg", row.headingCdeg, 2)
        add("accuracy_m", row.accuracyDm, 1)
        object.add("verdict", string: row.verdict)
        object.add("before_ts", integer: row.beforeMs)
        object.add("after_ts", integer: row.afterMs)
        object.add(
            "interpolated", json: Array((row.beforeMs == row.afterMs ? "false" : "true").utf8))
        return object
    }

    private static func text(_ rider: String, _ row: PositionRow) -> String {
        var parts = [rider, UTCTime.text(ms: row.tsMs), PlaceText.place(row.position)]
        if let speed = row.speedCms { parts.append("\(PlaceText.decimal(Int64(speed), 2)) m/s") }
        if let heading = row.headingCdeg {
            parts.append("heading \(PlaceText.decimal(Int64(heading), 2))°")
        }
        if let accuracy = row.accuracyDm {
            parts.append("±\(PlaceText.decimal(Int64(accuracy), 1)) m")
        }
        parts.append(row.verdict)
        if row.beforeMs != row.afterMs {
            let (before, after) = (UTCTime.text(ms: row.beforeMs), UTCTime.text(ms: row.afterMs))
            parts.append("between \(before) and \(after)")
        }
        return parts.joined(separator: "  ")
    }
}
