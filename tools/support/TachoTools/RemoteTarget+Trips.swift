package import TachoClient
import TachoGeo
import TachoWire

extension RemoteTarget {
    package func trips(
        _ request: TripsRequest, after cursor: String?
    ) throws(ToolFailure) -> TripRows {
        let name = request.wanted == .trips ? "T.TRIPS" : "T.STOPS"
        let reply = try call { writer in
            writer.begin(arguments: 12 + (cursor == nil ? 0 : 2))
            writer.argument(name)
            writer.argument(request.rider)
            writer.argument(request.fromMs.map { String($0) } ?? "-")
            writer.argument(request.toMs.map { String($0) } ?? "+")
            writer.argument("MINSTOP")
            writer.argument(request.settings.minStopMs, decimals: 3)
            writer.argument("RADIUS")
            writer.argument(request.settings.radiusMm, decimals: 3)
            writer.argument("GAP")
            writer.argument(request.settings.gapMs, decimals: 3)
            writer.argument("COUNT")
            writer.argument(integer: Int64(TripsRequest.pageRows))
            if let cursor {
                writer.argument("CURSOR")
                writer.argument(cursor)
            }
        }
        guard var rows = TripReplies.page(reply) else {
            throw notUnderstood("\(name): trips, stops or gaps expected")
        }
        if cursor == nil && rows.items.isEmpty {
            rows.isKnownRider = try isKnown(request.rider)
        }
        return rows
    }

    package func position(_ query: PositionQuery) throws(ToolFailure) -> PositionRow? {
        let reply = try call { writer in
            writer.begin(arguments: 3 + (query.maxGapMs == nil ? 0 : 2))
            writer.argument("T.AT")
            writer.argument(query.rider)
            writer.argument(integer: query.atMs)
            if let maxGapMs = query.maxGapMs {
                writer.argument("MAXGAP")
                writer.argument(integer: maxGapMs)
            }
        }
        if reply == .null { return nil }
        guard let row = TripReplies.position(reply) else {
            throw notUnderstood("T.AT: a position expected")
        }
        return row
    }
}

/// Replies of T.TRIPS, T.STOPS and T.AT as values; nil for a reply of another shape.
enum TripReplies {
    static func page(_ reply: Reply) -> TripRows? {
        guard var elements = reply.elements else { return nil }
        var page = TripRows(items: [], next: nil, isKnownRider: true)
        if let last = elements.last, let cursor = last.text {
            page.next = cursor
            elements.removeLast()
        }
        for element in elements {
            guard let fields = element.elements, let item = item(fields) else { return nil }
            page.items.append(item)
        }
        return page
    }

    private static func item(_ fields: [Reply]) -> TripItem? {
        guard fields.count >= 8, let fromMs = fields[1].integer, let toMs = fields[2].integer,
            let place = place(fields[4], fields[5])
        else { return nil }
        switch fields[0].text {
        case "trip" where fields.count >= 14:
            guard let to = self.place(fields[6], fields[7]),
                let millimetres = scaled(fields[8], 3), let points = fields[9].integer,
                let excluded = fields[10].integer, let isOpen = fields[13].integer
            else { return nil }
            var speed: Int32?
            if fields[11] != .null {
                guard let value = scaled(fields[11], 2) else { return nil }
                speed = Int32(clamping: value)
            }
            return .trip(
                Trip(
                    fromMs: fromMs, toMs: toMs, from: place, to: to,
                    micrometres: millimetres * 1_000, points: Int(points),
                    excluded: Int(excluded), maxSpeedCms: speed, isOpen: isOpen != 0))
        case "stop" where fields.count >= 9:
            guard let points = fields[6].integer, let radiusMm = scaled(fields[7], 3),
                let isOpen = fields[8].integer
            else { return nil }
            return .stop(
                Stop(
                    fromMs: fromMs, toMs: toMs, centre: place, points: Int(points),
                    radiusMm: radiusMm, isOpen: isOpen != 0))
        case "gap":
            guard let to = self.place(fields[6], fields[7]) else { return nil }
            return .gap(TripGap(fromMs: fromMs, toMs: toMs, from: place, to: to))
        default: return nil
        }
    }

    static func position(_ reply: Reply) -> PositionRow? {
        guard let fields = reply.elements, fields.count >= 9, let tsMs = fields[0].integer,
            let place = place(fields[1], fields[2]), let verdict = fields[6].text,
            let beforeMs = fields[7].integer, let afterMs = fields[8].integer
        else { return nil }
        var row = PositionRow(
            tsMs: tsMs, position: place, verdict: verdict, beforeMs: beforeMs, afterMs: afterMs)
        let numbers: [(WritableKeyPath<PositionRow, Int32?>, Int, Int)] = [
            (\.speedCms, 3, 2), (\.headingCdeg, 4, 2), (\.accuracyDm, 5, 1),
        ]
        for (path, index, decimals) in numbers where fields[index] != .null {
            guard let value = scaled(fields[index], decimals) else { return nil }
            row[keyPath: path] = Int32(clamping: value)
        }
        return row
    }

    static func place(_ lat: Reply, _ lon: Reply) -> Coordinate? {
        guard let latE7 = scaled(lat, 7), let lonE7 = scaled(lon, 7) else { return nil }
        return Coordinate(latE7: Int32(clamping: latE7), lonE7: Int32(clamping: lonE7))
    }

    static func scaled(_ reply: Reply, _ scale: Int) -> Int64? {
        guard case .bulk(let text) = reply,
            case .success(let value) = text.withUnsafeBytes({ Decimal.scaled($0, scale: scale) })
        else { return nil }
        return value
    }
}
