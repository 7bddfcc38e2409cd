/// How `tacho-audit` ends. The numbers are what scripts and auditors rely on.
package enum AuditExit: Int32, Sendable, CaseIterable {
    case verified = 0
    case usage = 1
    /// Damage or forgery.
    case damage = 2
    /// A gap, a missing or a cut segment.
    case incomplete = 3
    /// A fork or rollback against a saved checkpoint.
    case fork = 4
    case inputOutput = 5
    /// Unknown version or algorithm.
    case unknownVersion = 6
    case notDecryptable = 7

    /// Weightier first: when several things are wrong, the first of this list is the exit code.
    package static let precedence: [AuditExit] = [
        .fork, .damage, .incomplete, .inputOutput, .unknownVersion, .notDecryptable, .usage,
        .verified,
    ]

    /// The weightier of the two.
    package func worst(_ other: AuditExit) -> AuditExit {
        Self.precedence.first { $0 == self || $0 == other }!
    }
}
