/// What a user is there for. One user may have several.
package enum Role: String, CaseIterable, Sendable {
    /// Writes fixes.
    case ingest
    /// Reads where riders are and were.
    case read
    /// Runs the fleet: alerts, fences, explanations, consumer groups, the server's figures.
    case ops
    /// Reads history, alerts and proofs.
    case auditor
    /// Everything.
    case admin

    /// Whose look-ups of history are put on record.
    package static let staff: RoleSet = [.ops, .auditor, .admin]
}

/// A set of roles.
package struct RoleSet: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ role: Role) {
        self.init(rawValue: 1 << UInt8(Role.allCases.firstIndex(of: role) ?? 0))
    }

    package static let ingest = RoleSet(.ingest)
    package static let read = RoleSet(.read)
    package static let ops = RoleSet(.ops)
    package static let auditor = RoleSet(.auditor)
    package static let admin = RoleSet(.admin)
    /// Whoever is logged in.
    package static let anybody: RoleSet = [.ingest, .read, .ops, .auditor, .admin]

    package var roles: [Role] { Role.allCases.filter { contains(RoleSet($0)) } }
}
