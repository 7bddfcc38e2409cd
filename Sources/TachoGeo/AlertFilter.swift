/// Which alerts a list shows; what is nil or at its end selects nothing away.
package struct AlertFilter: Hashable, Sendable {
    package var rider: [UInt8]?
    package var code: Code?
    /// `info`, `warn` or `crit`.
    package var severity: String?
    package var state: AlertState?
    /// Of `at_recv_ms`; both ends belong to the list.
    package var fromMs = Int64.min
    package var toMs = Int64.max

    package init() {}

    package static let severities = ["info", "warn", "crit"]

    /// Cost: a few comparisons, the cheap ones first.
    package func admits(
        rider: [UInt8], code: Code, severity: String, state: AlertState, atRecvMs: Int64
    ) -> Bool {
        atRecvMs >= fromMs && atRecvMs <= toMs
            && (self.code == nil || self.code == code)
            && (self.state == nil || self.state == state)
            && (self.severity == nil || self.severity == severity)
            && (self.rider == nil || self.rider == rider)
    }
}

extension Code {
    /// A built code by its name, in any case.
    package init?(name: String) {
        guard let number = Code.names.firstIndex(of: name.uppercased()),
            let code = Code(rawValue: UInt8(number))
        else { return nil }
        self = code
    }
}
