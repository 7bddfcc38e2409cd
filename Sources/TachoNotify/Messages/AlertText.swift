import TachoCodec
import TachoEngine
import TachoGeo

/// An alert in words.
enum AlertText {
    /// What Alertmanager groups by: families of rules, so that routes need no list of their codes.
    static func name(of code: Code) -> String {
        switch code {
        case .teleport, .spike, .glitch, .gapSpeed, .candidate, .flicker: "TachoImpossibleMovement"
        case .overspeed, .speedMismatch, .headingMismatch, .pvDiverge, .frozen, .staticSynth,
            .synthLine, .synthSpeed, .whiteJitter, .quantised, .constMeta, .altJump, .zigzag,
            .mockFlag:
            "TachoFalsePosition"
        case .replay, .replayFuzzy, .colocated, .lockstep: "TachoSharedTrack"
        case .tsFuture, .tsPast, .tsStep, .tsConflict, .tsRate: "TachoWrongClock"
        case .invalid, .lowAccuracy: "TachoBadPosition"
        }
    }

    /// One line for people: who, which rule, what was seen, where. Has positions.
    static func summary(_ alert: Alert) -> String {
        let evidence = try? JSONValue.read(Array(alert.evidenceJSON.utf8))
        let rider = String(decoding: alert.rider, as: UTF8.self)
        var text = "\(rider): \(alert.code.name)"
        guard let evidence else { return text }
        if let metres = evidence["distance_m"]?.number {
            text += ", \(distance(metres))"
            if let ms = evidence["dt_ms"]?.number {
                text += " in \(seconds(ms))"
                if ms > 0 { text += " (\(Int((metres / ms * 3_600).rounded())) km/h)" }
            }
        }
        if let statistic = evidence["statistic"]?.text, let value = evidence["value"]?.text {
            text += ", \(statistic) \(value)"
            if let limit = evidence["limit"]?.text { text += " (limit \(limit))" }
        }
        let to = place(evidence["fix"])
        if let from = place(evidence["anchor"] ?? evidence["previous"] ?? evidence["first"]) {
            text += ", from \(from)"
            if let to { text += " to \(to)" }
        } else if let to {
            text += ", at \(to)"
        }
        if let other = evidence["source_rider"]?.text { text += ", like the track of \(other)" }
        return text + ", fix of \(UTCTime.text(ms: alert.tsMs))"
    }

    private static func place(_ fix: JSONValue?) -> String? {
        guard let lat = fix?["lat"]?.text, let lon = fix?["lon"]?.text else { return nil }
        return "\(lat),\(lon)"
    }

    private static func distance(_ metres: Double) -> String {
        metres < 1_000
            ? "\(Int(metres.rounded())) m" : "\(tenths(metres / 1_000)) km"
    }

    private static func seconds(_ ms: Double) -> String { "\(tenths(ms / 1_000)) s" }

    private static func tenths(_ value: Double) -> String {
        guard abs(value) < 1e12 else { return "\(value)" }
        var text: [UInt8] = []
        Decimal.append(Int64((value * 10).rounded()), decimals: 1, trimmed: true, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}

/// Builds a JSON object key by key.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var isFirst = true

    mutating func begin(_ bracket: Character) {
        separate()
        bytes.append(bracket.asciiValue!)
        isFirst = true
    }

    mutating func end(_ bracket: Character) {
        bytes.append(bracket.asciiValue!)
        isFirst = false
    }

    mutating func key(_ name: String) {
        separate()
        JSONText.append(quoted: name.utf8, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        isFirst = true
    }

    mutating func add(_ name: String, _ text: String) { add(name, Array(text.utf8)) }

    mutating func add(_ name: String, _ text: [UInt8]) {
        key(name)
        JSONText.append(quoted: text, to: &bytes)
        isFirst = false
    }

    mutating func add(_ name: String, integer value: Int64) { add(name, json: "\(value)") }

    /// What is JSON already.
    mutating func add(_ name: String, json: String) {
        key(name)
        bytes += Array(json.utf8)
        isFirst = false
    }

    private mutating func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
    }
}
