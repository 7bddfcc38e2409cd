import TachoWire

/// One user, as the file has it.
package final class AccessUser: Sendable, Equatable {
    package enum Login: Equatable, Sendable {
        case password(PasswordHash)
        /// A client certificate of that name, and no password.
        case certificate
    }

    /// A command that a user has beside those of the roles, or has not.
    struct Change: Equatable, Sendable {
        var isAdded: Bool
        var command: CommandName
        /// In capitals; nil: all of them.
        var subcommand: String?

        func concerns(_ rule: AccessRule) -> Bool {
            command == rule.command && (subcommand == nil || subcommand == rule.subcommand)
        }

        /// `+t.seal`, `-client|kill`.
        var text: String { (isAdded ? "+" : "-") + AccessRule.name(command, subcommand) }
    }

    package let name: String
    package let roles: RoleSet
    package let prefixes: RiderPrefixes
    package let rate: RateLimit?
    package let login: Login
    let changes: [Change]
    /// What this user may run without another look: all of the command is allowed, names no rider that
    /// must be looked at, and is not counted or put on record.
    package let free: CommandSet

    init(
        name: String, roles: RoleSet, prefixes: RiderPrefixes = RiderPrefixes(),
        rate: RateLimit? = nil, changes: [Change] = [], login: Login,
        table: AccessTable = .standard
    ) {
        self.name = name
        self.roles = roles
        self.prefixes = prefixes
        self.rate = rate
        self.changes = changes
        self.login = login
        var free = CommandSet()
        for command in CommandName.allCases where rate == nil {
            let rules = table.rules(of: command)
            let isFree =
                !rules.isEmpty
                && rules.allSatisfy { rule in
                    Self.mayRun(rule, roles, changes) && (prefixes.isEmpty || rule.riders == .none)
                        && !(rule.isHistory && !roles.isDisjoint(with: Role.staff))
                }
            // Reviews say who speaks, which only an administrator may choose.
            if isFree, command != .alert || roles.contains(.admin) { free.insert(command) }
        }
        self.free = free
    }

    package var isAdmin: Bool { roles.contains(.admin) }

    /// Whose look-ups of history are put on record.
    package var isStaff: Bool { !roles.isDisjoint(with: Role.staff) }

    func mayRun(_ rule: AccessRule) -> Bool { Self.mayRun(rule, roles, changes) }

    /// What a user has not wins over what the user has, and that over roles.
    private static func mayRun(
        _ rule: AccessRule, _ roles: RoleSet, _ changes: [Change]
    ) -> Bool {
        let own = changes.filter { $0.concerns(rule) }
        if own.contains(where: { !$0.isAdded }) { return false }
        return !own.isEmpty || !roles.isDisjoint(with: rule.roles)
    }

    /// Whether the same things are allowed: what a connection has begun may go on.
    package func maySame(as other: AccessUser) -> Bool {
        roles == other.roles && prefixes == other.prefixes && changes == other.changes
    }

    package static func == (one: AccessUser, other: AccessUser) -> Bool {
        one.name == other.name && one.maySame(as: other) && one.rate == other.rate
            && one.login == other.login
    }

    /// As ACL LIST shows it: the line of the file without the password.
    package var line: String {
        var line = "user \(name) role " + roles.roles.map(\.rawValue).joined(separator: ",")
        if !prefixes.isEmpty {
            line += " riders "
            line += prefixes.all.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
        }
        if let rate { line += " rate \(rate.perSecond)/s burst \(rate.burst)" }
        if !changes.isEmpty { line += " commands " + changes.map(\.text).joined(separator: ",") }
        switch login {
        case .password: line += " password (hidden)"
        case .certificate: line += " nopass-by-certificate"
        }
        return line
    }
}
