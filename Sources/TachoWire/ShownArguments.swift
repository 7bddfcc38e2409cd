/// The arguments of a request as the slow log keeps them: at most 32, each cut at 128 bytes,
/// without positions, passwords and what else is secret. One memory for all, filled again and
/// again without allocating.
package struct ShownArguments: Equatable, Sendable {
    package static let maxArguments = 32
    package static let maxBytes = 128

    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    package init() {}

    package var count: Int { ends.count }

    package subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// Copies what is shown. Cost: 0.1 µs for usual requests.
    package mutating func fill(_ arguments: Arguments) {
        removeAll()
        let rule = Rule(CommandName.find(arguments[0]))
        let shown = arguments.count <= Self.maxArguments ? arguments.count : Self.maxArguments - 1
        for i in 0..<shown {
            if i > 0, let replacement = rule.replacement(of: arguments[i]) {
                append(replacement.utf8)
            } else {
                let argument = arguments[i]
                append(argument.prefix(Self.maxBytes), more: argument.count - Self.maxBytes)
            }
        }
        if shown < arguments.count {
            append("... (\(arguments.count - shown) more arguments)".utf8)
        }
    }

    private mutating func append(_ text: some Sequence<UInt8>, more: Int = 0) {
        bytes.append(contentsOf: text)
        if more > 0 { bytes.append(contentsOf: "... (\(more) more bytes)".utf8) }
        ends.append(bytes.count)
    }

    /// What must not be read in a log.
    private enum Rule {
        case allShown
        /// Whatever starts like a number may be a coordinate or a cell.
        case noNumbers
        case nothing

        /// A command that is not named here may take positions.
        init(_ name: CommandName?) {
            switch name {
            case .get, .getMany, .range, .length, .position, .distance, .trips, .stops, .alerts,
                .explain, .order, .rider, .alert, .risk, .targets, .seal, .reindex, .scrub, .retire,
                .stats,
                .rules,
                .streamRange, .streamLength, .streamRead, .streamGroup, .streamReadGroup,
                .streamAcknowledge, .streamPending, .streamClaim, .streamAutoClaim, .streamInfo,
                .subscribe, .unsubscribe, .patternSubscribe, .patternUnsubscribe, .pubsub,
                .geoPositions, .geoDistance,
                .geoHashes, .memberScore, .memberCount, .exists, .type, .ping, .echo, .info,
                .client, .command, .config, .slowlog, .time, .size, .select, .reset, .quit,
                .shutdown:
                self = .allShown
            case .hello, .auth, .acl: self = .nothing
            default: self = .noNumbers
            }
        }

        func replacement(of argument: UnsafeRawBufferPointer) -> String? {
            switch self {
            case .allShown: nil
            case .nothing: "(redacted)"
            case .noNumbers: argument.first.map(Self.startsNumber) == true ? "?" : nil
            }
        }

        private static func startsNumber(_ byte: UInt8) -> Bool {
            byte &- 48 < 10 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
                || byte == UInt8(ascii: ".")
        }
    }
}
