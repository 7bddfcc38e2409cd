import TachoGeo
import TachoIngest

/// What an alert rests on, as a JSON object: written once per alert, not per point.
enum AlertEvidence {
    /// For rules that look at the fix alone.
    static func point(_ stored: StoredFix) -> [UInt8] {
        var json = Array("{".utf8)
        add(stored.fix, name: "fix", to: &json)
        add(",\"recv_ms\":", stored.ruleRecvMs, to: &json)
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// For rules that remember how the rider moved: the fix before, and what was measured.
    static func motion(_ stored: StoredFix, _ statistic: Statistic) -> [UInt8] {
        var json = Array("{".utf8)
        add(stored.fix, name: "fix", to: &json)
        add(",\"recv_ms\":", stored.ruleRecvMs, to: &json)
        json += Array(",\"statistic\":\"\(statistic.name)\"".utf8)
        add(",\"value\":", hundredths: statistic.value, to: &json)
        add(",\"limit\":", hundredths: statistic.limit, to: &json)
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// For rules across riders: whose track it is, where the likeness ends and begins, how often.
    static func across(
        _ stored: StoredFix, _ finding: AcrossFinding, source name: [UInt8], _ sourceMs: Int64
    ) -> [UInt8] {
        var json = Array("{".utf8)
        add(stored.fix, name: "fix", to: &json)
        add(",\"recv_ms\":", stored.ruleRecvMs, to: &json)
        json += Array(",\"source_rider\":\"".utf8)
        for byte in name {
            // Names have no control characters.
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                json.append(UInt8(ascii: "\\"))
            }
            json.append(byte)
        }
        json.append(UInt8(ascii: "\""))
        add(",\"source_ts_ms\":", sourceMs, to: &json)
        add(",\"offset_ms\":", finding.offsetMs, to: &json)
        add(",\"first_ts_ms\":", finding.firstMs, to: &json)
        add(",\"hits\":", Int64(finding.hits), to: &json)
        add(",\"of\":", Int64(finding.of), to: &json)
        add(",\"way_m\":", metres: finding.wayM, to: &json)
        json.append(UInt8(ascii: "}"))
        return json
    }

    private static func add(_ key: String, hundredths value: Double, to json: inout [UInt8]) {
        json += Array(key.utf8)
        Decimal.append(Int64((value * 100).rounded()), decimals: 2, trimmed: true, to: &json)
    }

    /// For rules that measure from the anchor.
    static func leg(
        from anchor: Anchor, to fix: Fix, _ leg: Leg, code: Code, isImmediate: Bool,
        _ limits: Thresholds
    ) -> [UInt8] {
        var json = Array("{".utf8)
        add(fix, name: "fix", to: &json)
        json += Array(",\"anchor\":{\"ts_ms\":".utf8)
        Decimal.appendInteger(anchor.tsMs, to: &json)
        addPlace(anchor.latE7, anchor.lonE7, anchor.accuracyDm, to: &json)
        json.append(UInt8(ascii: "}"))
        add(",\"distance_m\":", metres: leg.distanceM, to: &json)
        add(",\"dt_ms\":", leg.dtMs, to: &json)
        add(",\"dt_star_ms\":", leg.dtStarMs, to: &json)
        add(",\"reach_m\":", metres: leg.reachM, to: &json)
        add(
            ",\"limit_m\":",
            metres: limitM(leg, code: code, isImmediate: isImmediate, limits), to: &json)
        json.append(UInt8(ascii: "}"))
        return json
    }

    private static func limitM(
        _ leg: Leg, code: Code, isImmediate: Bool, _ limits: Thresholds
    ) -> Double {
        let seconds = Double(leg.dtMs) * 1e-3
        if code == .gapSpeed {
            return min(
                max(limits.gapM, limits.gapMps * seconds), leg.reachM + limits.teleportBeyondM)
        }
        if code == .teleport && isImmediate { return leg.reachM + limits.teleportBeyondM }
        return limits.jumpBaseM + limits.jumpPerSecondM * min(seconds, limits.jumpSeconds)
            + 0.5 * leg.accuracySumM
    }

    private static func add(_ fix: Fix, name: String, to json: inout [UInt8]) {
        json += Array("\"\(name)\":{\"ts_ms\":".utf8)
        Decimal.appendInteger(fix.tsMs, to: &json)
        addPlace(fix.latE7, fix.lonE7, fix.accuracyDm, to: &json)
        json.append(UInt8(ascii: "}"))
    }

    private static func addPlace(
        _ latE7: Int32, _ lonE7: Int32, _ accuracyDm: Int32, to json: inout [UInt8]
    ) {
        json += Array(",\"lat\":".utf8)
        Decimal.append(Int64(latE7), decimals: 7, trimmed: false, to: &json)
        json += Array(",\"lon\":".utf8)
        Decimal.append(Int64(lonE7), decimals: 7, trimmed: false, to: &json)
        if accuracyDm != Fix.absent {
            json += Array(",\"accuracy_m\":".utf8)
            Decimal.append(Int64(accuracyDm), decimals: 1, trimmed: true, to: &json)
        }
    }

    private static func add(_ key: String, _ value: Int64, to json: inout [UInt8]) {
        json += Array(key.utf8)
        Decimal.appendInteger(value, to: &json)
    }

    private static func add(_ key: String, metres: Double, to json: inout [UInt8]) {
        json += Array(key.utf8)
        Decimal.append(Int64((metres * 10).rounded()), decimals: 1, trimmed: true, to: &json)
    }
}
