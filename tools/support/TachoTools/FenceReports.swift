import TachoClient
import TachoCodec
import TachoGeo

/// What `tacho fence` prints.
package enum FenceReports {
    package static func set(
        _ request: FenceRequest, on target: any Target, json: Bool, to output: Output
    ) throws {
        try target.setFence(request)
        try get(
            String(decoding: request.definition.id, as: UTF8.self), from: target, json: json,
            to: output)
    }

    package static func get(
        _ id: String, from target: any Target, json: Bool, to output: Output
    ) throws {
        guard let row = try target.fence(id) else { throw unknown(id) }
        try print(row, json: json, to: output)
        try output.flush()
    }

    package static func delete(
        _ id: String, on target: any Target, json: Bool, to output: Output
    ) throws {
        guard try target.deleteFence(id) else { throw unknown(id) }
        if json {
            var object = JSONObject()
            object.add("id", string: id)
            object.add("deleted", json: Array("true".utf8))
            try output.line(object.finished())
        } else {
            try output.line("deleted \(id); its stream stays")
        }
        try output.flush()
    }

    private static func unknown(_ id: String) -> ToolFailure {
        ToolFailure(ExitStatus.error, "no fence \(id): tacho fence list prints what is set")
    }

    package static func list(from target: any Target, json: Bool, to output: Output) throws {
        var cursor: String?
        var count = 0
        repeat {
            let page = try target.fences(after: cursor)
            for row in page.rows { try print(row, json: json, to: output) }
            count += page.rows.count
            cursor = page.next
        } while cursor != nil
        if count == 0 && !json { try output.line("no fences") }
        try output.flush()
    }

    /// All entries of a fence's stream behind an id.
    package static func events(
        _ id: String, after start: String?, from target: any Target, json: Bool, to output: Output
    ) throws {
        var after = start
        var count = 0
        while true {
            let page = try target.fenceEvents(id, after: after)
            for row in page { try print(row, json: json, to: output) }
            count += page.count
            guard let last = page.last else { break }
            after = last.id
        }
        if count == 0 && !json { try output.line("no events") }
        try output.flush()
    }

    private static func print(_ row: FenceRow, json: Bool, to output: Output) throws {
        guard json else {
            let expiry = row.expiresMs.map { ", until " + UTCTime.text(ms: $0) } ?? ""
            return try output.line(
                "\(row.id)  \(row.area)  \(row.detect)  margin \(row.margin) m\(expiry)  "
                    + "\(row.inside) inside, \(row.events) events")
        }
        var object = JSONObject()
        object.add("id", string: row.id)
        object.add("area", string: row.area)
        object.add("detect", string: row.detect)
        object.add("margin_m", json: Array(row.margin.utf8))
        if let ms = row.expiresMs {
            object.add("expires_ms", integer: ms)
        } else {
            object.addNull("expires_ms")
        }
        object.add("inside", integer: row.inside)
        object.add("events", integer: row.events)
        try output.line(object.finished())
    }

    private static func print(_ row: FenceEventRow, json: Bool, to output: Output) throws {
        guard json else {
            var words = ["\(row.id)  \(UTCTime.text(ms: row.tsMs))  \(row.event)"]
            if let rider = row.rider { words.append(rider) }
            if let position = row.position {
                words.append("\(position.lat),\(position.lon)")
            }
            if let since = row.sinceMs, row.event != "enter" {
                words.append("after \((row.tsMs - since) / 1000) s")
            }
            return try output.line(words.joined(separator: "  "))
        }
        var object = JSONObject()
        object.add("id", string: row.id)
        object.add("event", string: row.event)
        if let rider = row.rider { object.add("rider", string: rider) }
        object.add("ts_ms", integer: row.tsMs)
        if let position = row.position {
            object.add("lat", decimal: Int64(position.latE7), decimals: 7, trimmed: false)
            object.add("lon", decimal: Int64(position.lonE7), decimals: 7, trimmed: false)
        }
        if let since = row.sinceMs { object.add("since_ms", integer: since) }
        try output.line(object.finished())
    }
}
