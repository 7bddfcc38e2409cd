import TachoClient
package import TachoGeo

/// What `tacho riders` prints.
package enum RiderReports {
    package static func set(
        _ vehicle: VehicleClass, of rider: [UInt8], on target: any Target, json: Bool,
        to output: Output
    ) throws {
        try target.setVehicle(vehicle, of: rider)
        try get(rider, from: target, json: json, to: output)
    }

    package static func get(
        _ rider: [UInt8], from target: any Target, json: Bool, to output: Output
    ) throws {
        guard let row = try target.rider(rider) else {
            throw ToolFailure(
                ExitStatus.error,
                "no rider \(String(decoding: rider, as: UTF8.self)): check the name")
        }
        try print(row, json: json, to: output)
        try output.flush()
    }

    package static func list(
        from target: any Target, json: Bool, to output: Output
    ) throws {
        var cursor: String?
        var count = 0
        repeat {
            let page = try target.riders(after: cursor)
            for row in page.rows { try print(row, json: json, to: output) }
            count += page.rows.count
            cursor = page.next
        } while cursor != nil
        if count == 0 && !json { try output.line("no riders") }
        try output.flush()
    }

    private static func print(_ row: RiderRow, json: Bool, to output: Output) throws {
        guard json else {
            let newest = row.newestTsMs.map { "newest " + UTCTime.text(ms: $0) } ?? "no fix yet"
            return try output.line(
                "\(row.rider)  \(row.vehicle)  \(row.points) points  \(newest)")
        }
        var object = JSONObject()
        object.add("rider", string: row.rider)
        object.add("vehicle", string: row.vehicle)
        object.add("points", integer: row.points)
        if let newest = row.newestTsMs {
            object.add("newest_ts_ms", integer: newest)
        } else {
            object.addNull("newest_ts_ms")
        }
        try output.line(object.finished())
    }
}
