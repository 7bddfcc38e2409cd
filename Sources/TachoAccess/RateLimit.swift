/// How much a user may do: points written, and other commands, one for each, in a second.
package struct RateLimit: Equatable, Sendable {
    package let perSecond: Int
    /// So much at once after a pause.
    package let burst: Int

    package init(perSecond: Int, burst: Int? = nil) {
        self.perSecond = perSecond
        self.burst = burst ?? perSecond
    }
}

/// What a user's connections have left of it together. A request of more than there is takes what will
/// come: it is run while anything is left, and the next ones wait for it.
package struct RateBucket: Sendable {
    private let limit: RateLimit
    private var left: Double
    private var atNs: UInt64

    package init(_ limit: RateLimit, nowNs: UInt64) {
        self.limit = limit
        left = Double(limit.burst)
        atNs = nowNs
    }

    /// nil: it may be run; otherwise after how many ms the next one may.
    package mutating func take(_ cost: Int, nowNs: UInt64) -> Int? {
        if nowNs > atNs {
            left += Double(nowNs - atNs) / 1e9 * Double(limit.perSecond)
            left = min(left, Double(limit.burst))
            atNs = nowNs
        }
        guard left > 0 || cost == 0 else {
            let ms = (-left / Double(limit.perSecond) * 1_000).rounded(.up)
            return max(1, Int(min(ms + 1, 60_000)))
        }
        left -= Double(cost)
        return nil
    }
}
