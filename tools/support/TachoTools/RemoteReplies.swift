import TachoGeo
import TachoWire

/// Replies of the server as values. Each function gives nil for a reply of another shape.
enum RemoteReplies {
    static func masks(_ reply: Reply) -> [ReplyMask]? {
        guard let elements = reply.elements else { return nil }
        var masks: [ReplyMask] = []
        masks.reserveCapacity(elements.count)
        for element in elements {
            guard let value = element.integer, let mask = UInt8(exactly: value) else { return nil }
            masks.append(ReplyMask(rawValue: mask))
        }
        return masks
    }

    /// ts lat lon speed heading acc verdict cell alt src recv_ms.
    static func latest(_ reply: Reply) -> FixRow? {
        guard let fields = reply.elements, fields.count >= 11 else { return nil }
        return row(fields, verdict: 6, altitude: 8)
    }

    /// Arrays ts lat lon speed heading acc verdict alt src recv_ms; a cursor last if it was cut.
    static func track(_ reply: Reply) -> TrackRows? {
        guard var elements = reply.elements else { return nil }
        var page = TrackRows(rows: [], next: nil, isKnownRider: true)
        if let last = elements.last, let cursor = last.text {
            page.next = cursor
            elements.removeLast()
        }
        page.rows.reserveCapacity(elements.count)
        for element in elements {
            guard let fields = element.elements, fields.count >= 10,
                let row = row(fields, verdict: 6, altitude: 7)
            else { return nil }
            page.rows.append(row)
        }
        return page
    }

    /// Arrays segment, points, sha256.
    static func seal(_ reply: Reply) -> [SealRow]? {
        guard let elements = reply.elements else { return nil }
        var rows: [SealRow] = []
        for element in elements {
            guard let fields = element.elements, fields.count >= 3,
                let segment = fields[0].integer, let points = fields[1].integer,
                let sha256 = fields[2].text
            else { return nil }
            rows.append(SealRow(segment: segment, points: points, sha256: sha256))
        }
        return rows
    }

    static func stats(_ reply: Reply) -> [StatRow]? {
        guard let pairs = pairs(reply) else { return nil }
        var rows: [StatRow] = []
        for (name, value) in pairs {
            if let integer = value.integer {
                rows.append(StatRow(name: name, value: String(integer)))
            } else if let text = value.text, let real = Double(text), real.isFinite {
                rows.append(StatRow(name: name, value: LocalTarget.text(real)))
            } else {
                return nil
            }
        }
        return rows
    }

    static func pairs(_ reply: Reply) -> [(String, Reply)]? {
        guard let elements = reply.elements, elements.count % 2 == 0 else { return nil }
        var pairs: [(String, Reply)] = []
        for at in stride(from: 0, to: elements.count, by: 2) {
            guard let name = elements[at].text else { return nil }
            pairs.append((name, elements[at + 1]))
        }
        return pairs
    }

    /// `fields` start ts lat lon speed heading acc; src and recv_ms follow the altitude.
    private static func row(_ fields: [Reply], verdict: Int, altitude: Int) -> FixRow? {
        guard let tsMs = fields[0].integer, let recvMs = fields[altitude + 2].integer,
            let verdict = fields[verdict].text
        else { return nil }
        guard let latE7 = scaled(fields[1], 7), let lonE7 = scaled(fields[2], 7) else { return nil }
        var fix = Fix(tsMs: tsMs, latE7: latE7, lonE7: lonE7)
        guard let speedCms = optional(fields[3], 2), let headingCdeg = optional(fields[4], 2),
            let accuracyDm = optional(fields[5], 1), let altitudeDm = optional(fields[altitude], 1)
        else { return nil }
        fix.speedCms = speedCms
        fix.headingCdeg = headingCdeg
        fix.accuracyDm = accuracyDm
        fix.altitudeDm = altitudeDm
        if let name = fields[altitude + 1].text {
            guard let source = FixSource.allCases.first(where: { $0.name == name }) else {
                return nil
            }
            fix.source = source
        }
        return FixRow(fix: fix, recvMs: recvMs, verdict: verdict)
    }

    private static func optional(_ reply: Reply, _ scale: Int) -> Int32? {
        reply == .null ? Fix.absent : scaled(reply, scale)
    }

    private static func scaled(_ reply: Reply, _ scale: Int) -> Int32? {
        guard case .bulk(let text) = reply,
            case .success(let value) = text.withUnsafeBytes({ Decimal.scaled($0, scale: scale) })
        else { return nil }
        return Int32(exactly: value)
    }
}
