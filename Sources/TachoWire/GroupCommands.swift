package import TachoGeo

/// What a command about consumer groups asks for, or its help.
package enum GroupCommand: Hashable, Sendable {
    case ask(GroupRequest)
    case help([String])
}

/// XGROUP, XREADGROUP, XACK, XPENDING, XCLAIM, XAUTOCLAIM, XINFO. Errors are worded as Redis 7.0 words
/// them: clients look at them.
extension GroupCommand {
    static func parse(
        _ name: CommandName, _ arguments: Arguments
    ) throws(CommandError) -> GroupCommand {
        switch name {
        case .streamGroup: return try group(arguments)
        case .streamReadGroup: return .ask(.read(try read(arguments)))
        case .streamAcknowledge:
            var ids: [StreamID] = []
            for i in 3..<arguments.count { ids.append(try id(arguments[i])) }
            return .ask(.acknowledge(place(arguments, 1), ids))
        case .streamPending: return .ask(try pending(arguments))
        case .streamClaim: return .ask(.claim(place(arguments, 1), try claim(arguments)))
        case .streamAutoClaim:
            return .ask(.autoClaim(place(arguments, 1), try autoClaim(arguments)))
        case .streamInfo: return try info(arguments)
        default: throw .unknown(arguments.shown(0))
        }
    }

    private static func place(_ arguments: Arguments, _ index: Int) -> GroupPlace {
        GroupPlace(key: StreamKey(arguments[index]), group: arguments.copy(index + 1))
    }

    /// `ms` or `ms-n`.
    private static func id(_ text: UnsafeRawBufferPointer) throws(CommandError) -> StreamID {
        guard let id = StreamID(clamping: text, missing: 0) else { throw .invalidStreamID }
        return id
    }

    private static func integer(
        _ text: UnsafeRawBufferPointer,
        _ message: String = "value is not an integer or out of range"
    ) throws(CommandError) -> Int64 {
        guard let value = Decimal.integer(text) else { throw .asRedis("ERR \(message)") }
        return value
    }

    // MARK: XGROUP

    private static func group(_ arguments: Arguments) throws(CommandError) -> GroupCommand {
        if arguments.isWord(1, "CREATE") { return .ask(try create(arguments)) }
        if arguments.isWord(1, "SETID") { return .ask(try setID(arguments)) }
        if arguments.isWord(1, "DESTROY") {
            try arity(arguments, 4...4, "xgroup|destroy")
            return .ask(.destroy(place(arguments, 2)))
        }
        if arguments.isWord(1, "CREATECONSUMER") {
            try arity(arguments, 5...5, "xgroup|createconsumer")
            return .ask(.createConsumer(place(arguments, 2), arguments.copy(4)))
        }
        if arguments.isWord(1, "DELCONSUMER") {
            try arity(arguments, 5...5, "xgroup|delconsumer")
            return .ask(.deleteConsumer(place(arguments, 2), arguments.copy(4)))
        }
        if arguments.isWord(1, "HELP") {
            try arity(arguments, 2...2, "xgroup|help")
            return .help(groupHelp)
        }
        throw .asRedis("ERR unknown subcommand '\(arguments.shown(1))'. Try XGROUP HELP.")
    }

    private static func arity(
        _ arguments: Arguments, _ counts: ClosedRange<Int>, _ name: String
    ) throws(CommandError) {
        guard counts.contains(arguments.count) else {
            throw .asRedis("ERR wrong number of arguments for '\(name)' command")
        }
    }

    private static func badOption(
        _ arguments: Arguments, _ command: String
    ) -> CommandError {
        .asRedis(
            "ERR unknown subcommand or wrong number of arguments for '\(arguments.shown(1))'."
                + " Try \(command) HELP.")
    }

    private static func create(_ arguments: Arguments) throws(CommandError) -> GroupRequest {
        try arity(arguments, 5...Int.max, "xgroup|create")
        var makesStream = false
        var entriesRead: Int64?
        var i = 5
        while i < arguments.count {
            if arguments.isWord(i, "MKSTREAM") {
                makesStream = true
                i += 1
            } else if arguments.isWord(i, "ENTRIESREAD"), i + 1 < arguments.count {
                entriesRead = try self.entriesRead(arguments[i + 1])
                i += 2
            } else {
                throw badOption(arguments, "XGROUP")
            }
        }
        return .create(
            place(arguments, 2), start: try start(arguments[4]), makesStream: makesStream,
            entriesRead: entriesRead)
    }

    private static func setID(_ arguments: Arguments) throws(CommandError) -> GroupRequest {
        try arity(arguments, 5...Int.max, "xgroup|setid")
        var entriesRead: Int64?
        if arguments.count > 5 {
            guard arguments.count == 7, arguments.isWord(5, "ENTRIESREAD") else {
                throw badOption(arguments, "XGROUP")
            }
            entriesRead = try self.entriesRead(arguments[6])
        }
        return .setID(
            place(arguments, 2), start: try start(arguments[4]), entriesRead: entriesRead)
    }

    private static func start(_ text: UnsafeRawBufferPointer) throws(CommandError) -> GroupStart {
        text.elementsEqual("$".utf8) ? .newest : .after(try id(text))
    }

    private static func entriesRead(
        _ text: UnsafeRawBufferPointer
    ) throws(CommandError) -> Int64 {
        let value = try integer(text)
        guard value >= -1 else {
            throw .asRedis("ERR value for ENTRIESREAD must be positive or -1")
        }
        return value
    }

    // MARK: XREADGROUP

    private static func read(_ arguments: Arguments) throws(CommandError) -> GroupRead {
        var read = GroupRead(group: [], consumer: [])
        var hasGroup = false
        var i = 1
        while i < arguments.count, !arguments.isWord(i, "STREAMS") {
            if arguments.isWord(i, "NOACK") {
                read.noAck = true
                i += 1
                continue
            }
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "GROUP"), i + 2 < arguments.count {
                (read.group, read.consumer) = (arguments.copy(i + 1), arguments.copy(i + 2))
                hasGroup = true
                i += 3
                continue
            }
            if arguments.isWord(i, "COUNT") {
                // None, and less than none, is as many as there are.
                let count = try integer(arguments[i + 1])
                read.count = count > 0 ? Int(count) : nil
            } else if arguments.isWord(i, "BLOCK") {
                let ms = try integer(arguments[i + 1], "timeout is not an integer or out of range")
                guard ms >= 0 else { throw .asRedis("ERR timeout is negative") }
                guard ms < 1 << 47 else {
                    throw .asRedis("ERR timeout is not an integer or out of range")
                }
                read.blockMs = ms
            } else {
                throw .syntax
            }
            i += 2
        }
        try streams(arguments, from: i + 1, &read)
        guard hasGroup else { throw .asRedis("ERR Missing GROUP option for XREADGROUP") }
        return read
    }

    private static func streams(
        _ arguments: Arguments, from first: Int, _ read: inout GroupRead
    ) throws(CommandError) {
        let names = arguments.count - first
        guard names > 0 else { throw .syntax }
        guard names % 2 == 0 else {
            throw .asRedis(
                "ERR Unbalanced XREAD list of streams:"
                    + " for each stream key an ID or '$' must be specified.")
        }
        for k in 0..<names / 2 {
            let text = arguments[first + names / 2 + k]
            if text.elementsEqual("$".utf8) {
                throw .asRedis(
                    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the"
                        + " history of this consumer by specifying a proper ID, or use the > ID to"
                        + " get new messages. The $ ID would just return an empty result set.")
            }
            let own = text.elementsEqual(">".utf8) ? nil : try id(text)
            read.streams.append((StreamKey(arguments[first + k]), own))
        }
    }

    // MARK: XPENDING

    private static func pending(_ arguments: Arguments) throws(CommandError) -> GroupRequest {
        let place = place(arguments, 1)
        if arguments.count == 3 { return .summary(place) }
        guard arguments.count >= 6 else { throw .syntax }
        var query = PendingQuery()
        var i = 3
        if arguments.isWord(i, "IDLE") {
            query.minIdleMs = try integer(arguments[i + 1])
            guard (8...9).contains(arguments.count) else { throw .syntax }
            i += 2
        }
        query.count = Int(try integer(arguments[i + 2]))
        (query.start, query.end) = (
            try bound(arguments[i], isStart: true), try bound(arguments[i + 1], isStart: false)
        )
        if i + 3 < arguments.count { query.consumer = arguments.copy(i + 3) }
        return .pending(place, query)
    }

    /// `-`, `+`, an id, or `(` and an id that is not included.
    private static func bound(
        _ text: UnsafeRawBufferPointer, isStart: Bool
    ) throws(CommandError) -> StreamID {
        if text.elementsEqual("-".utf8) { return .zero }
        if text.elementsEqual("+".utf8) { return .greatest }
        let missing = isStart ? 0 : UInt64.max
        guard text.first == UInt8(ascii: "(") else {
            guard let id = StreamID(clamping: text, missing: missing) else {
                throw .invalidStreamID
            }
            return id
        }
        let rest = UnsafeRawBufferPointer(rebasing: text[1...])
        guard let id = StreamID(clamping: rest, missing: missing) else { throw .invalidStreamID }
        guard let next = isStart ? id.successor : id.predecessor else {
            throw .asRedis("ERR invalid \(isStart ? "start" : "end") ID for the interval")
        }
        return next
    }

    // MARK: XCLAIM, XAUTOCLAIM

    private static func claim(_ arguments: Arguments) throws(CommandError) -> GroupClaim {
        let minIdleMs = try integer(
            arguments[4], "Invalid min-idle-time argument for XCLAIM")
        var claim = GroupClaim(consumer: arguments.copy(3), minIdleMs: max(0, minIdleMs))
        var i = 5
        while i < arguments.count, let id = StreamID(clamping: arguments[i], missing: 0) {
            claim.ids.append(id)
            i += 1
        }
        func value(_ name: String) throws(CommandError) -> Int64 {
            try integer(arguments[i + 1], "Invalid \(name) option argument for XCLAIM")
        }
        while i < arguments.count {
            let hasValue = i + 1 < arguments.count
            if arguments.isWord(i, "FORCE") {
                claim.forces = true
                i += 1
                continue
            }
            if arguments.isWord(i, "JUSTID") {
                claim.idsOnly = true
                i += 1
                continue
            }
            if arguments.isWord(i, "IDLE"), hasValue {
                claim.delivered = .idleMs(try value("IDLE"))
            } else if arguments.isWord(i, "TIME"), hasValue {
                claim.delivered = .atMs(try value("TIME"))
            } else if arguments.isWord(i, "RETRYCOUNT"), hasValue {
                let retries = try value("RETRYCOUNT")
                claim.retries = retries >= 0 ? retries : nil
            } else if arguments.isWord(i, "LASTID"), hasValue {
                claim.lastID = try id(arguments[i + 1])
            } else {
                throw .asRedis("ERR Unrecognized XCLAIM option '\(arguments.shown(i))'")
            }
            i += 2
        }
        return claim
    }

    private static func autoClaim(_ arguments: Arguments) throws(CommandError) -> GroupAutoClaim {
        let minIdleMs = try integer(
            arguments[4], "Invalid min-idle-time argument for XAUTOCLAIM")
        var claim = GroupAutoClaim(
            consumer: arguments.copy(3), minIdleMs: max(0, minIdleMs),
            start: try bound(arguments[5], isStart: true))
        var i = 6
        while i < arguments.count {
            if arguments.isWord(i, "JUSTID") {
                claim.idsOnly = true
                i += 1
            } else if arguments.isWord(i, "COUNT"), i + 1 < arguments.count {
                let count = try integer(arguments[i + 1], "COUNT must be > 0")
                guard count > 0, count <= Int64.max / 16 else {
                    throw .asRedis("ERR COUNT must be > 0")
                }
                claim.count = Int(count)
                i += 2
            } else {
                throw .syntax
            }
        }
        return claim
    }

    // MARK: XINFO

    private static func info(_ arguments: Arguments) throws(CommandError) -> GroupCommand {
        if arguments.isWord(1, "STREAM") {
            try arity(arguments, 3...Int.max, "xinfo|stream")
            let key = StreamKey(arguments[2])
            if arguments.count == 3 { return .ask(.stream(key)) }
            guard arguments.isWord(3, "FULL"), arguments.count == 4 || arguments.count == 6,
                arguments.count == 4 || arguments.isWord(4, "COUNT")
            else { throw badOption(arguments, "XINFO") }
            var count: Int64 = 10
            if arguments.count == 6 {
                count = try integer(arguments[5])
                if count < 0 { count = 10 }
            }
            return .ask(.streamInFull(key, count: Int(count)))
        }
        if arguments.isWord(1, "GROUPS") {
            try arity(arguments, 3...3, "xinfo|groups")
            return .ask(.groups(StreamKey(arguments[2])))
        }
        if arguments.isWord(1, "CONSUMERS") {
            try arity(arguments, 4...4, "xinfo|consumers")
            return .ask(.consumers(place(arguments, 2)))
        }
        if arguments.isWord(1, "HELP") {
            try arity(arguments, 2...2, "xinfo|help")
            return .help(infoHelp)
        }
        throw .asRedis("ERR unknown subcommand '\(arguments.shown(1))'. Try XINFO HELP.")
    }

    private static let groupHelp = [
        "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CREATE <key> <groupname> <id|$> [option]",
        "    Create a new consumer group. Options are:",
        "    * MKSTREAM",
        "      Create the empty stream if it does not exist.",
        "    * ENTRIESREAD entries_read",
        "      Set the group's entries_read counter (internal use).",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Create a new consumer in the specified group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove the specified consumer.",
        "DESTROY <key> <groupname>",
        "    Remove the specified group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the current group ID and entries_read counter.",
        "HELP",
        "    Prints this help.",
    ]

    private static let infoHelp = [
        "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CONSUMERS <key> <groupname>",
        "    Show consumers of <groupname>.",
        "GROUPS <key>",
        "    Show the stream consumer groups.",
        "STREAM <key> [FULL [COUNT <count>]",
        "    Show information about the stream.",
        "HELP",
        "    Prints this help.",
    ]
}
