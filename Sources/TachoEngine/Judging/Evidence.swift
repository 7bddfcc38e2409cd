import TachoGeo
import TachoIngest

/// What an alert rests on, as a JSON object: written once per alert, not per point.
enum AlertEvidence {
    /// For rules that look at the fix alone.
    static func point(_ stored: StoredFix, _ code: Code, _ limits: Thresholds) -> [UInt8] {
        var json = head(stored)
        if let statistic = Statistic.point(code, stored, limits) { add(statistic, to: &json) }
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// For a fix that is not the first of its time: that one, and how far they may be apart.
    static func conflict(
        _ stored: StoredFix, with first: Fix, others: Int, _ limits: Thresholds
    ) -> [UInt8] {
        var json = head(stored)
        json.append(UInt8(ascii: ","))
        add(first, name: "first", to: &json)
        add(
            ",\"distance_m\":",
            metres: Distance.onSphere(first.coordinate, stored.fix.coordinate), to: &json)
        add(
            ",\"limit_m\":", metres: ClockConflict.limitM(first, stored.fix, limits), to: &json)
        add(",\"run\":", Int64(others + 1), to: &json)
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// For rules that remember how the rider moved: what was measured, and the fix before.
    static func motion(
        _ stored: StoredFix, _ statistic: Statistic, run: Int?, previous: Fix?
    ) -> [UInt8] {
        var json = head(stored)
        add(statistic, to: &json)
        if let run { add(",\"run\":", Int64(run), to: &json) }
        if let previous {
            json.append(UInt8(ascii: ","))
            add(previous, name: "previous", to: &json)
            add(
                ",\"distance_m\":",
                metres: Distance.onSphere(previous.coordinate, stored.fix.coordinate), to: &json)
            add(",\"dt_ms\":", stored.fix.tsMs - previous.tsMs, to: &json)
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// The same object with where and by what it was decided.
    static func with(_ context: EvidenceContext, _ json: [UInt8]) -> [UInt8] {
        var json = json
        precondition(json.last == UInt8(ascii: "}"), "evidence is a JSON object")
        json.removeLast()
        if let fix = context.decidedBy {
            json.append(UInt8(ascii: ","))
            add(fix, name: "decided_by", to: &json)
        }
        add(",\"range\":", Int64(context.range), to: &json)
        add(",\"arrival\":", Int64(context.arrival), to: &json)
        add(",\"rule_set\":", Int64(RuleSet.version), to: &json)
        json += Array(",\"thresholds\":\"\(Thresholds.text(context.thresholds))\"}".utf8)
        return json
    }

    private static func head(_ stored: StoredFix) -> [UInt8] {
        var json = Array("{".utf8)
        add(stored.fix, name: "fix", to: &json)
        add(",\"recv_ms\":", stored.ruleRecvMs, to: &json)
        return json
    }

    private static func add(_ statistic: Statistic, to json: inout [UInt8]) {
        json += Array(",\"statistic\":\"\(statistic.name)\"".utf8)
        add(",\"value\":", hundredths: statistic.value, to: &json)
        add(",\"limit\":", hundredths: statistic.limit, to: &json)
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
        from anchor: Anchor, to fix: Fix, _ leg: Leg, code: Code, vehicle: VehicleClass,
        isImmediate: Bool, run: Int?, _ limits: Thresholds
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
            metres: leg.limitM(
                of: code, vehicle: vehicle, isImmediate: isImmediate, limits), to: &json)
        if let run { add(",\"run\":", Int64(run), to: &json) }
        json.append(UInt8(ascii: "}"))
        return json
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
