import TachoWire

/// COMMAND: what commands there are, as Redis 7 tells it.
extension ConnectionHandler {
    func run(_ query: CommandQuery) {
        switch query {
        case .count: output.integer(Int64(CommandName.allCases.count))
        case .info(let names):
            output.array(names.count)
            for name in names { output.info(of: name) }
        case .names(let names):
            output.array(names.count)
            for name in names { output.bulk(name.rawValue.lowercased()) }
        case .keys(let keys):
            output.array(keys.count)
            for key in keys { output.bulk(key) }
        case .docs(let names):
            output.map(names.count)
            for name in names { output.docs(of: name) }
        }
    }
}

extension ReplyWriter {
    /// [name, arity, flags, first key, last key, step] as Redis gives it: an arity counts the
    /// name, and is negative where more may follow. In RESP3, whose clients are newer, also what
    /// Redis 7 has behind that: categories, tips, keys, subcommands.
    fileprivate mutating func info(of name: CommandName?) {
        guard let name else { return nullArray() }
        let least = Int64(name.arity.lowerBound + 1)
        array(version == .two ? 6 : 10)
        bulk(name.rawValue.lowercased())
        integer(name.arity.count == 1 ? least : -least)
        set(1)
        simple(name.isWrite ? "write" : "readonly")
        let key: Int64 = name.hasKey ? 1 : 0
        integer(key)
        integer(Int64(name.lastKey))
        integer(key)
        guard version == .three else { return }
        set(1)
        simple(name.isWrite ? "@write" : "@read")
        set(0)
        set(name.hasKey ? 1 : 0)
        if name.hasKey { keys(of: name) }
        set(0)
    }

    /// Where the keys are: from argument 1 on, up to the last one behind it.
    private mutating func keys(of name: CommandName) {
        map(3)
        bulk("flags")
        set(1)
        simple(name.isWrite ? "RW" : "RO")
        bulk("begin_search")
        map(2)
        bulk("type")
        bulk("index")
        bulk("spec")
        map(1)
        bulk("index")
        integer(1)
        bulk("find_keys")
        map(2)
        bulk("type")
        bulk("range")
        bulk("spec")
        map(3)
        bulk("lastkey")
        integer(Int64(name.lastKey < 0 ? name.lastKey : name.lastKey - 1))
        bulk("keystep")
        integer(1)
        bulk("limit")
        integer(0)
    }

    /// The name, and what is known of it.
    fileprivate mutating func docs(of name: CommandName) {
        bulk(name.rawValue.lowercased())
        guard let docs = name.docs else { return map(0) }
        let arguments = docs.arguments
        map(arguments.isEmpty ? 4 : 5)
        for (name, text) in [
            ("summary", docs.summary), ("since", docs.since), ("group", docs.group),
            ("complexity", docs.complexity),
        ] {
            bulk(name)
            bulk(text)
        }
        if !arguments.isEmpty { self.arguments(arguments) }
    }

    private mutating func arguments(_ arguments: [CommandArgument]) {
        bulk("arguments")
        array(arguments.count)
        for argument in arguments {
            let hasFlags = argument.isOptional || argument.isMultiple
            map(
                2 + (argument.token == nil ? 0 : 1) + (hasFlags ? 1 : 0)
                    + (argument.parts.isEmpty ? 0 : 1))
            bulk("name")
            bulk(argument.name)
            bulk("type")
            bulk(argument.kind.rawValue)
            if let token = argument.token {
                bulk("token")
                bulk(token)
            }
            if hasFlags {
                bulk("flags")
                set((argument.isOptional ? 1 : 0) + (argument.isMultiple ? 1 : 0))
                if argument.isOptional { simple("optional") }
                if argument.isMultiple { simple("multiple") }
            }
            if !argument.parts.isEmpty { self.arguments(argument.parts) }
        }
    }
}
