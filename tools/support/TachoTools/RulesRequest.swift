/// Which history is judged again. Bounds in Unix ms, `toMs` not included; nil is open.
package struct RulesRequest: Sendable {
    package var fromMs: Int64?
    package var toMs: Int64?
    /// Empty: all.
    package var riders: [[UInt8]] = []
    /// nil: all history is replayed.
    package var leadInS: Int64?
    /// What a test changes, as `T.RULES SET` takes it; nil: verdicts are recomputed.
    package var changes: [String]?

    package init(fromMs: Int64? = nil, toMs: Int64? = nil) {
        self.fromMs = fromMs
        self.toMs = toMs
    }

    /// Riders asked for at a time: a page is seconds at most, so that progress shows.
    static let pageRiders = 16
}
