package import TachoGeo

extension Statistic {
    /// Of rules that look at one fix; nil: there is nothing to measure.
    package static func point(_ code: Code, _ stored: StoredFix, _ limits: Thresholds) -> Statistic?
    {
        switch code {
        case .tsFuture:
            Statistic(
                name: "ahead_s", value: Double(stored.fix.tsMs - stored.ruleRecvMs) * 1e-3,
                limit: Double(limits.futureMs) * 1e-3)
        case .tsPast:
            Statistic(
                name: "too_old_s", value: Double(limits.pastMs - stored.fix.tsMs) * 1e-3, limit: 0)
        case .invalid:
            Statistic(
                name: "off_zero_deg",
                value: Double(max(abs(stored.fix.latE7), abs(stored.fix.lonE7))) * 1e-7,
                limit: Double(limits.nullIslandE7) * 1e-7)
        default: nil
        }
    }
}
