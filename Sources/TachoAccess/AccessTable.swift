package import TachoWire

/// Every command's rule. A command or subcommand without one is nobody's.
///
/// A value, so that tests can take rules out and see that somebody notices.
package struct AccessTable: Sendable {
    package private(set) var rules: [AccessRule]
    /// By the command's ordinal.
    private var byCommand: [[AccessRule]]

    package init(_ rules: [AccessRule]) {
        self.rules = rules
        byCommand = CommandName.allCases.map { name in rules.filter { $0.command == name } }
    }

    package static let standard = AccessTable(
        writing + tracks + places + alerts + keeping + streams + views + session)

    package func rules(of command: CommandName) -> [AccessRule] { byCommand[command.ordinal] }

    /// nil: nobody may.
    func rule(_ command: CommandName, _ arguments: Arguments) -> AccessRule? {
        byCommand[command.ordinal].first { rule in
            guard let subcommand = rule.subcommand else { return true }
            return arguments.count > 1 && Self.isSame(arguments[1], subcommand)
        }
    }

    /// The same for whoever has no arguments, as a route of HTTP.
    func rule(_ command: CommandName, _ subcommand: String?) -> AccessRule? {
        byCommand[command.ordinal].first {
            $0.subcommand == nil || $0.subcommand == subcommand
        }
    }

    private static func isSame(_ text: UnsafeRawBufferPointer, _ capitals: String) -> Bool {
        text.count == capitals.utf8.count
            && zip(text, capitals.utf8).allSatisfy { byte, capital in
                (byte &- UInt8(ascii: "a") < 26 ? byte & 0xDF : byte) == capital
            }
    }
}

extension AccessTable {
    private static let writing: [AccessRule] = [
        .init(.add, nil, .ingest, .argument(1)),
        .init(.addMany, nil, .ingest, .tuples),
        .init(.addManyExtended, nil, .ingest, .tuples),
        .init(.importFixes, nil, .ingest, .tuples),
        .init(.put, nil, .ingest, .packed),
        .init(.rider, "SET", [.ingest, .ops], .argument(2)),
        .init(.rider, "GET", [.read, .ops], .argument(2)),
        .init(.rider, "LIST", [.read, .ops], .filtered),
        .init(.order, "SET", .ingest, .argument(3)),
        // Of an order whose rider only the server knows.
        .init(.order, "END", .ingest, .whole),
        .init(.order, "GET", [.read, .ops, .auditor], .whole, isHistory: true),
        .init(.order, "RIDER", [.read, .ops], .argument(2)),
        .init(.order, "LIST", [.read, .ops], .whole),
    ]

    private static let history: RoleSet = [.read, .auditor]

    private static let tracks: [AccessRule] = [
        .init(.get, nil, .read, .argument(1)),
        .init(.getMany, nil, .read, .from(1)),
        .init(.range, nil, history, .argument(1), isHistory: true),
        .init(.length, nil, history, .argument(1), isHistory: true),
        .init(.position, nil, history, .argument(1), isHistory: true),
        .init(.distance, nil, history, .argument(1), isHistory: true),
        .init(.trips, nil, history, .argument(1), isHistory: true),
        .init(.stops, nil, history, .argument(1), isHistory: true),
        .init(.explain, nil, [.ops, .auditor], .argument(1), isHistory: true),
    ]

    private static let places: [AccessRule] = [
        .init(.nearby, nil, .read, .filtered),
        .init(.within, nil, .read, .filtered),
        .init(.who, nil, history, .filtered, isHistory: true),
        .init(.fence, nil, .ops, .whole),
    ]

    private static let alerts: [AccessRule] = [
        .init(.alerts, nil, [.ops, .auditor], .named, isHistory: true),
        .init(.alert, "GET", [.ops, .auditor], .whole, isHistory: true),
        .init(.alert, "FEEDBACK", [.ops, .auditor], .whole),
        .init(.alert, "ACK", .ops, .whole),
        .init(.alert, "FALSE", .ops, .whole),
        .init(.alert, "CONFIRM", .ops, .whole),
        .init(.alert, "APPEAL", .ops, .whole),
        .init(.alert, "UPHOLD", .ops, .whole),
        .init(.alert, "REJECT", .ops, .whole),
        .init(.risk, nil, .ops, .named),
        .init(.targets, "LIST", [.ops, .auditor], .whole),
        .init(.targets, "FORGET", .admin),
        .init(.rules, "GET", [.ops, .auditor]),
        .init(.rules, "TEST", .ops, .whole, isHistory: true),
        .init(.rules, "SET", .admin),
        .init(.rules, "RECOMPUTE", .admin, .whole),
    ]

    private static let keeping: [AccessRule] = [
        .init(.seal, nil, .admin),
        .init(.reindex, nil, .admin),
        .init(.scrub, nil, .admin),
        .init(.retire, nil, .admin),
        .init(.backup, nil, .admin),
        .init(.stats, nil, [.ops, .auditor], .whole),
    ]

    private static let streams: [AccessRule] = [
        .init(.streamRange, nil, [.ops, .auditor], .whole, isHistory: true),
        .init(.streamLength, nil, [.ops, .auditor], .whole),
        .init(.streamRead, nil, [.ops, .auditor], .whole, isHistory: true),
        .init(.streamGroup, nil, .ops, .whole),
        .init(.streamReadGroup, nil, .ops, .whole, isHistory: true),
        .init(.streamAcknowledge, nil, .ops, .whole),
        .init(.streamPending, nil, .ops, .whole),
        .init(.streamClaim, nil, .ops, .whole, isHistory: true),
        .init(.streamAutoClaim, nil, .ops, .whole, isHistory: true),
        // It has entries: the first and the last, in full more of them.
        .init(.streamInfo, "STREAM", [.ops, .auditor], .whole, isHistory: true),
        .init(.streamInfo, "GROUPS", [.ops, .auditor], .whole),
        .init(.streamInfo, "CONSUMERS", [.ops, .auditor], .whole),
        .init(.streamInfo, "HELP", [.ops, .auditor]),
        .init(.subscribe, nil, .read, .channels),
        .init(.patternSubscribe, nil, .read, .patterns),
        // Leaving tells nothing.
        .init(.unsubscribe, nil, .anybody),
        .init(.patternUnsubscribe, nil, .anybody),
        .init(.pubsub, nil, [.read, .ops], .whole),
    ]

    private static let views: [AccessRule] = [
        .init(.geoPositions, nil, .read, .from(2)),
        .init(.geoDistance, nil, .read, .arguments(2, through: 3)),
        .init(.geoHashes, nil, .read, .from(2)),
        .init(.geoSearch, nil, .read, .search),
        .init(.geoRadius, nil, .read, .filtered),
        .init(.geoRadiusByMember, nil, .read, .search),
        .init(.geoRadiusReadOnly, nil, .read, .filtered),
        .init(.geoRadiusByMemberReadOnly, nil, .read, .search),
        // Errors that say what to use instead.
        .init(.geoAdd, nil, [.ingest, .read]),
        .init(.geoSearchStore, nil, .read),
        .init(.memberScore, nil, .read, .argument(2)),
        .init(.memberCount, nil, .read, .whole),
        .init(.exists, nil, .read, .whole),
        .init(.type, nil, .read, .whole),
    ]

    private static let session: [AccessRule] =
        [
            .init(.hello, nil, .anybody),
            .init(.auth, nil, .anybody),
            .init(.acl, "WHOAMI", .anybody),
            .init(.acl, "HELP", .anybody),
            .init(.acl, "CAT", .anybody),
            .init(.acl, "LIST", .admin),
            .init(.ping, nil, .anybody),
            .init(.echo, nil, .anybody),
            .init(.info, nil, .ops, .whole),
            .init(.client, "LIST", .ops, .whole),
            .init(.client, "KILL", .ops, .whole),
            .init(.command, nil, .anybody),
            .init(.config, "GET", .ops),
            .init(.slowlog, nil, .ops, .whole),
            .init(.time, nil, .anybody),
            .init(.size, nil, [.read, .ops, .auditor], .whole),
            .init(.select, nil, .anybody),
            .init(.reset, nil, .anybody),
            .init(.quit, nil, .anybody),
            .init(.shutdown, nil, .admin),
        ]
        + ["SETNAME", "SETINFO", "GETNAME", "ID", "INFO", "NO-EVICT", "NO-TOUCH"].map {
            .init(.client, $0, .anybody)
        }
}

extension AccessTable {
    /// What a role may run, as ACL CAT lists it.
    package func names(of role: Role) -> [String] {
        rules.filter { $0.roles.contains(RoleSet(role)) }.map(\.name).sorted()
    }
}
