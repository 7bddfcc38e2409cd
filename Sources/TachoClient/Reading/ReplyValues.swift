import TachoCodec
import TachoGeo
import TachoWire

/// Replies of the server as public values. Each gives nil for a reply of another shape.
enum ReplyValues {
    /// ts lat lon speed heading acc verdict cell alt src recv_ms, as of T.GET.
    static func latest(_ rider: String, _ reply: Reply) -> RiderPosition? {
        guard let fields = reply.elements, fields.count >= 11 else { return nil }
        return position(rider, fields, altitude: 8)
    }

    /// ts lat lon speed heading acc verdict alt src recv_ms, as of T.RANGE.
    static func tracked(_ rider: String, _ reply: Reply) -> RiderPosition? {
        guard let fields = reply.elements, fields.count >= 10 else { return nil }
        return position(rider, fields, altitude: 7)
    }

    private static func position(
        _ rider: String, _ fields: [Reply], altitude: Int
    ) -> RiderPosition? {
        guard let tsMs = fields[0].integer, let recvMs = fields[altitude + 2].integer,
            let verdict = fields[6].text.flatMap({ PositionVerdict($0) }),
            let latE7 = scaled(fields[1].text, 7), let lonE7 = scaled(fields[2].text, 7),
            let speedCms = optional(fields[3].text, 2),
            let headingCdeg = optional(fields[4].text, 2),
            let accuracyDm = optional(fields[5].text, 1),
            let altitudeDm = optional(fields[altitude].text, 1),
            let source = source(fields[altitude + 1].text)
        else { return nil }
        let fix = Fix(
            tsMs: tsMs, latE7: latE7, lonE7: lonE7, speedCms: speedCms, headingCdeg: headingCdeg,
            accuracyDm: accuracyDm, altitudeDm: altitudeDm, source: source)
        return RiderPosition(
            fix: RiderFix(rider: rider, fix: fix), verdict: verdict, recvMs: recvMs)
    }

    /// The payload of a message on `pos:RIDER`.
    static func message(_ payload: [UInt8]) -> RiderPosition? {
        guard let object = try? JSONValue.read(payload), let rider = object["rider"]?.text,
            let tsMs = object["ts"]?.integer, let recvMs = object["recv_ms"]?.integer,
            let verdict = object["verdict"]?.text.flatMap({ PositionVerdict($0) }),
            let latE7 = scaled(object["lat"]?.text, 7), let lonE7 = scaled(object["lon"]?.text, 7),
            let speedCms = optional(object["speed"]?.text, 2),
            let headingCdeg = optional(object["heading"]?.text, 2),
            let accuracyDm = optional(object["acc"]?.text, 1),
            let altitudeDm = optional(object["alt"]?.text, 1),
            let source = source(object["src"]?.text)
        else { return nil }
        let fix = Fix(
            tsMs: tsMs, latE7: latE7, lonE7: lonE7, speedCms: speedCms, headingCdeg: headingCdeg,
            accuracyDm: accuracyDm, altitudeDm: altitudeDm, source: source)
        return RiderPosition(
            fix: RiderFix(rider: rider, fix: fix), verdict: verdict, recvMs: recvMs)
    }

    /// [stream, [[id, [field, value, …]], …]] of each stream; null is none. An entry that is no more
    /// has no fields.
    static func alerts(_ reply: Reply) -> [(id: String, alert: RiderAlert?)]? {
        if reply == .null { return [] }
        guard let streams = reply.elements, streams.count == 1,
            let stream = streams[0].elements, stream.count == 2,
            let entries = stream[1].elements
        else { return nil }
        var found: [(id: String, alert: RiderAlert?)] = []
        for entry in entries {
            guard let pair = entry.elements, pair.count == 2, let id = pair[0].text else {
                return nil
            }
            if pair[1] == .null {
                found.append((id, nil))
            } else {
                guard let alert = alert(id, pair[1]) else { return nil }
                found.append((id, alert))
            }
        }
        return found
    }

    private static func alert(_ id: String, _ reply: Reply) -> RiderAlert? {
        guard let words = reply.elements, words.count % 2 == 0 else { return nil }
        var fields: [String: String] = [:]
        for at in stride(from: 0, to: words.count, by: 2) {
            let value = words[at + 1].text ?? words[at + 1].integer.map { String($0) }
            guard let name = words[at].text, let value else { return nil }
            fields[name] = value
        }
        guard let rider = fields["rider"], let tsMs = fields["ts_ms"].flatMap({ Int64($0) }),
            let atRecvMs = fields["at_recv_ms"].flatMap({ Int64($0) }), let code = fields["code"],
            let severity = fields["severity"].flatMap({ RiderAlert.Severity(rawValue: $0) }),
            let verdict = fields["verdict"].flatMap({ PositionVerdict($0) })
        else { return nil }
        return RiderAlert(
            id: id, rider: rider, tsMs: tsMs, atRecvMs: atRecvMs, code: code, severity: severity,
            verdict: verdict, evidenceJSON: fields["evidence"] ?? "{}")
    }

    private static func source(_ name: String?) -> FixSource? {
        guard let name else { return .unknown }
        return PositionSource(rawValue: name)?.stored
    }

    private static func optional(_ text: String?, _ scale: Int) -> Int32? {
        text == nil ? Fix.absent : scaled(text, scale)
    }

    private static func scaled(_ text: String?, _ scale: Int) -> Int32? {
        guard let text,
            case .success(let value) = Array(text.utf8).withUnsafeBytes({
                Decimal.scaled($0, scale: scale)
            })
        else { return nil }
        return Int32(exactly: value)
    }
}
