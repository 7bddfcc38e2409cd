package import TachoClient
import TachoGeo
import TachoWire

extension RemoteTarget {
    package func setFence(_ request: FenceRequest) throws(ToolFailure) {
        let fence = request.definition
        let reply = try call(refusalsAsTheyAre: true) { writer in
            let words = fence.areaText.split(separator: " ").map(String.init)
            let expiry = request.expiresAfterS.map { ["EX", String($0)] } ?? []
            writer.begin(arguments: 3 + words.count + 4 + expiry.count)
            writer.argument("T.FENCE")
            writer.argument("SET")
            writer.argument(fence.id)
            for word in words { writer.argument(word) }
            for word in [
                "DETECT", fence.detection.text, "MARGIN", LocalTarget.text(fence.marginM),
            ] + expiry {
                writer.argument(word)
            }
        }
        guard reply == .simple("OK") else { throw notUnderstood("T.FENCE: OK expected") }
    }

    package func fence(_ id: String) throws(ToolFailure) -> FenceRow? {
        let reply = try call { $0.command(["T.FENCE", "GET", id]) }
        if reply == .null { return nil }
        guard let row = FenceRow(reply) else { throw notUnderstood("T.FENCE: a fence expected") }
        return row
    }

    package func deleteFence(_ id: String) throws(ToolFailure) -> Bool {
        let reply = try call(refusalsAsTheyAre: true) { $0.command(["T.FENCE", "DEL", id]) }
        guard let count = reply.integer else {
            throw notUnderstood("T.FENCE: a number expected")
        }
        return count > 0
    }

    package func fences(after cursor: String?) throws(ToolFailure) -> FenceRows {
        let reply = try call { writer in
            let words = ["T.FENCE", "LIST", "COUNT", String(FenceRows.pageFences)]
            writer.command(words + (cursor.map { ["CURSOR", $0] } ?? []))
        }
        guard var elements = reply.elements else {
            throw notUnderstood("T.FENCE: fences expected")
        }
        var page = FenceRows(rows: [], next: nil)
        if let last = elements.last, let cursor = last.text {
            page.next = cursor
            elements.removeLast()
        }
        for element in elements {
            guard let row = FenceRow(element) else {
                throw notUnderstood("T.FENCE: a fence expected")
            }
            page.rows.append(row)
        }
        return page
    }

    package func fenceEvents(
        _ id: String, after: String?
    ) throws(ToolFailure) -> [FenceEventRow] {
        let reply = try call { writer in
            writer.command([
                "XRANGE", "fence:\(id)", after.map { "(" + $0 } ?? "-", "+", "COUNT",
                String(FenceEventRow.pageEvents),
            ])
        }
        guard let elements = reply.elements else {
            throw notUnderstood("XRANGE: entries expected")
        }
        var rows: [FenceEventRow] = []
        for element in elements {
            guard let row = FenceEventRow(element) else {
                throw notUnderstood("XRANGE: an event of a fence expected")
            }
            rows.append(row)
        }
        return rows
    }
}

extension FenceRow {
    /// A flat name–value list; nil: of another shape.
    init?(_ reply: Reply) {
        guard let pairs = RemoteReplies.pairs(reply) else { return nil }
        var values: [String: Reply] = [:]
        for (name, value) in pairs { values[name] = value }
        guard let id = values["id"]?.text, let area = values["area"]?.text,
            let detect = values["detect"]?.text, let margin = values["margin_m"]?.text,
            let inside = values["inside"]?.integer, let events = values["events"]?.integer
        else { return nil }
        self.init(
            id: id, area: area, detect: detect, margin: margin,
            expiresMs: values["expires_ms"]?.integer, inside: inside, events: events)
    }
}

extension FenceEventRow {
    /// [id, [name, value, …]]; nil: of another shape.
    init?(_ reply: Reply) {
        guard let parts = reply.elements, parts.count == 2, let id = parts[0].text,
            let pairs = RemoteReplies.pairs(parts[1])
        else { return nil }
        var values: [String: String] = [:]
        for (name, value) in pairs { values[name] = value.text }
        guard let event = values["event"], let tsMs = values["ts_ms"].flatMap({ Int64($0) }) else {
            return nil
        }
        var position: Coordinate?
        if let lat = values["lat"], let lon = values["lon"] {
            guard let latE7 = Self.degrees(lat), let lonE7 = Self.degrees(lon) else { return nil }
            position = Coordinate(latE7: latE7, lonE7: lonE7)
        }
        self.init(
            id: id, event: event, rider: values["rider"], tsMs: tsMs, position: position,
            sinceMs: values["since_ms"].flatMap { Int64($0) })
    }

    private static func degrees(_ text: String) -> Int32? {
        let scaled = Array(text.utf8).withUnsafeBytes { Decimal.scaled($0, scale: 7) }
        guard case .success(let value) = scaled else { return nil }
        return Int32(exactly: value)
    }
}
