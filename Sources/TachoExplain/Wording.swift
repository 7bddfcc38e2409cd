import TachoGeo

/// Figures as people read them, always with their unit.
enum Wording {
    /// `7.4 m`, `5,012 m`, `1,250 km`.
    static func metres(_ metres: Double) -> String {
        if metres.magnitude < 10 { return decimal(metres, 1) + " m" }
        if metres.magnitude < 100_000 { return grouped(metres) + " m" }
        return grouped(metres / 1_000) + " km"
    }

    /// `1.0 s`, `12 min 5 s`, `3 h 10 min`, `5 days 2 h`.
    static func duration(ms: Int64) -> String {
        let sign = ms < 0 ? "-" : ""
        let size = ms.magnitude
        let seconds = (size + 500) / 1_000
        if size < 120_000 { return sign + decimal(Double(size) * 1e-3, 1) + " s" }
        if seconds < 7_200 { return sign + pair(seconds / 60, "min", seconds % 60, "s") }
        if seconds < 172_800 {
            return sign + pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min")
        }
        return sign + pair(seconds / 86_400, "days", seconds % 86_400 / 3_600, "h")
    }

    static func duration(seconds: Double) -> String {
        duration(ms: Int64((min(max(seconds, -1e12), 1e12) * 1_000).rounded()))
    }

    /// `10.7 m/s`.
    static func speed(_ mps: Double) -> String {
        mps.magnitude < 1_000 ? decimal(mps, 1) + " m/s" : grouped(mps) + " m/s"
    }

    /// At most two decimals, none that are zero at the end.
    static func number(_ value: Double) -> String {
        guard value.magnitude < 1e12 else { return "\(value)" }
        var out: [UInt8] = []
        Decimal.append(Int64((value * 100).rounded()), decimals: 2, trimmed: true, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// `12 fixes`, `1 fix`.
    static func count(_ value: Double, _ one: String, _ many: String) -> String {
        value == 1 ? "1 \(one)" : "\(number(value)) \(many)"
    }

    static func vehicle(_ vehicle: VehicleClass) -> String {
        switch vehicle {
        case .car: "a car"
        case .foot: "a person on foot"
        case .bicycle: "a bicycle"
        case .scooter: "a scooter"
        case .any: "any vehicle"
        }
    }

    static func decimal(_ value: Double, _ decimals: Int) -> String {
        let scale: Double = decimals == 1 ? 10 : 100
        guard value.magnitude < 1e14 else { return "\(value)" }
        var out: [UInt8] = []
        Decimal.append(
            Int64((value * scale).rounded()), decimals: decimals, trimmed: false, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static func pair(_ a: UInt64, _ nameA: String, _ b: UInt64, _ nameB: String) -> String {
        b == 0 ? "\(a) \(nameA)" : "\(a) \(nameA) \(b) \(nameB)"
    }

    /// Whole, with commas between thousands.
    private static func grouped(_ value: Double) -> String {
        guard value.magnitude < 1e15 else { return "\(value)" }
        let whole = Int64(value.rounded())
        let digits = String(whole.magnitude)
        var out = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { out.append(",") }
            out.append(digit)
        }
        return (whole < 0 ? "-" : "") + out
    }
}
