import TachoClient
package import TachoGeo

/// Trips or stops of a rider between two times, both included; nil is open.
package struct TripsRequest: Sendable {
    package enum Wanted: Sendable {
        case trips
        case stops
    }

    package var rider: [UInt8]
    package var fromMs: Int64?
    package var toMs: Int64?
    package var wanted: Wanted
    package var settings: TripSettings

    package init(
        rider: [UInt8], fromMs: Int64? = nil, toMs: Int64? = nil, wanted: Wanted,
        settings: TripSettings = TripSettings()
    ) {
        self.rider = rider
        self.fromMs = fromMs
        self.toMs = toMs
        self.wanted = wanted
        self.settings = settings
    }

    /// Rows asked for at a time.
    static let pageRows = 4_096
}

package struct TripRows: Sendable {
    package var items: [TripItem]
    /// Where the next page starts; nil at the end.
    package var next: String?
    package var isKnownRider: Bool
}

/// What `tacho trips` and `tacho stops` print.
package enum TripReport {
    /// Throws `ToolFailure`; a rider without any fix is one.
    package static func print(
        _ request: TripsRequest, from target: any Target, json: Bool, to output: Output
    ) throws {
        let rider = String(decoding: request.rider, as: UTF8.self)
        var cursor: String?
        var count = 0
        repeat {
            let page = try target.trips(request, after: cursor)
            guard page.isKnownRider else {
                throw ToolFailure(ExitStatus.error, "no fix of rider \(rider): check the name")
            }
            for item in page.items {
                try output.line(json ? object(rider, item).finished() : Array(text(item).utf8))
            }
            count += page.items.count
            cursor = page.next
        } while cursor != nil
        if count == 0 && !json {
            try output.line(request.wanted == .trips ? "no trips" : "no stops")
        }
        try output.flush()
    }

    private static func object(_ rider: String, _ item: TripItem) -> JSONObject {
        var object = JSONObject()
        object.add("rider", string: rider)
        switch item {
        case .trip(let trip):
            begin(&object, "trip", trip.fromMs, trip.toMs)
            ends(&object, trip.from, trip.to)
            object.add("metres", decimal: trip.millimetres, decimals: 3, trimmed: true)
            object.add("points", integer: Int64(trip.points))
            object.add("excluded", integer: Int64(trip.excluded))
            if let speed = trip.maxSpeedCms {
                object.add("max_speed_mps", decimal: Int64(speed), decimals: 2, trimmed: true)
            } else {
                object.addNull("max_speed_mps")
            }
            object.add(
                "mean_speed_mps", decimal: Int64(trip.meanSpeedCms), decimals: 2, trimmed: true)
            object.add("open", json: Array((trip.isOpen ? "true" : "false").utf8))
        case .stop(let stop):
            begin(&object, "stop", stop.fromMs, stop.toMs)
            place(&object, "lat", "lon", stop.centre)
            object.add("points", integer: Int64(stop.points))
            object.add("radius_m", decimal: stop.radiusMm, decimals: 3, trimmed: true)
            object.add("open", json: Array((stop.isOpen ? "true" : "false").utf8))
        case .gap(let gap):
            begin(&object, "gap", gap.fromMs, gap.toMs)
            ends(&object, gap.from, gap.to)
        }
        return object
    }

    private static func begin(
        _ object: inout JSONObject, _ kind: String, _ fromMs: Int64, _ toMs: Int64
    ) {
        object.add("class", string: kind)
        object.add("from_ts", integer: fromMs)
        object.add("to_ts", integer: toMs)
        object.add("duration_ms", integer: toMs - fromMs)
    }

    private static func ends(_ object: inout JSONObject, _ from: Coordinate, _ to: Coordinate) {
        place(&object, "from_lat", "from_lon", from)
        place(&object, "to_lat", "to_lon", to)
    }

    private static func place(
        _ object: inout JSONObject, _ lat: String, _ lon: String, _ place: Coordinate
    ) {
        object.add(lat, decimal: Int64(place.latE7), decimals: 7, trimmed: false)
        object.add(lon, decimal: Int64(place.lonE7), decimals: 7, trimmed: false)
    }

    /// One line for people.
    private static func text(_ item: TripItem) -> String {
        switch item {
        case .trip(let trip):
            var parts = [line("trip", trip.fromMs, trip.toMs)]
            parts.append("\(PlaceText.decimal(trip.millimetres, 3)) m")
            parts.append("\(trip.points) points")
            parts.append("mean \(PlaceText.decimal(Int64(trip.meanSpeedCms), 2)) m/s")
            if let speed = trip.maxSpeedCms {
                parts.append("at most \(PlaceText.decimal(Int64(speed), 2)) m/s")
            }
            if trip.excluded > 0 { parts.append("\(trip.excluded) legs of 0 m") }
            parts.append("\(PlaceText.place(trip.from)) to \(PlaceText.place(trip.to))")
            if trip.isOpen { parts.append("open") }
            return parts.joined(separator: "  ")
        case .stop(let stop):
            let radius = PlaceText.decimal(stop.radiusMm, 3)
            return line("stop", stop.fromMs, stop.toMs)
                + "  \(PlaceText.place(stop.centre))  within \(radius) m  \(stop.points) points"
                + (stop.isOpen ? "  open" : "")
        case .gap(let gap):
            return line("gap", gap.fromMs, gap.toMs)
                + "  \(PlaceText.place(gap.from)) to \(PlaceText.place(gap.to))"
        }
    }

    private static func line(_ kind: String, _ fromMs: Int64, _ toMs: Int64) -> String {
        let seconds = (toMs - fromMs) / 1_000
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let length = "\(seconds / 3_600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        return "\(kind)  \(UTCTime.text(ms: fromMs))  \(UTCTime.text(ms: toMs))  \(length)"
    }
}

/// Places and numbers for people.
enum PlaceText {
    static func place(_ place: Coordinate) -> String {
        var text: [UInt8] = []
        Decimal.append(Int64(place.latE7), decimals: 7, trimmed: false, to: &text)
        text.append(UInt8(ascii: " "))
        Decimal.append(Int64(place.lonE7), decimals: 7, trimmed: false, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    static func decimal(_ value: Int64, _ decimals: Int) -> String {
        var text: [UInt8] = []
        Decimal.append(value, decimals: decimals, trimmed: true, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
