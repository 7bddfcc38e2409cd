import TachoAccess
import TachoWire

/// What asking whether a user may costs a request, where users are configured.
extension Benchmark {
    static let access = Benchmark(
        name: "access", about: "ns for whether a user may run a request, without parsing"
    ) { scale in
        let repeats = max(1, scale.points / 5 / requests.count)
        var figures: [Measurement] = []
        for (name, line) in users {
            let user = try AccessFile.parse(
                line + " nopass-by-certificate", path: "benchmark"
            ).users[0]
            var times: [Double] = []
            var hash = ResultHash()
            for _ in 0..<scale.rounds {
                hash = ResultHash()
                times.append(
                    try Timing.seconds {
                        for words in requests { try ask(user, words, repeats, &hash) }
                    })
            }
            let count = repeats * requests.count
            figures.append(
                Measurement(
                    "access_\(name)", Timing.median(times) / Double(count) * 1e9, "ns", n: count,
                    hash: hash.value))
        }
        return figures
    }

    /// All commands, and a handful of riders' prefixes.
    private static let users = [
        ("ops", "user kim role ingest,read,ops"),
        ("prefixes", "user kim role ingest,read,ops riders a:,b:,c:,d:,own:"),
    ]

    /// Those that come by the million, of a rider that is the user's and of one that is not.
    private static let requests = [
        ["T.GET", "own:4711"], ["T.GET", "other:4711"], ["T.GET", "own:4711", "WITHAGE"],
        ["T.ADD", "own:4711", "1767312000000", "37.5665", "126.9780", "SPEED", "4.2"],
        ["T.MGET"] + (0..<20).map { "own:\($0)" },
    ]

    private static func ask(
        _ user: AccessUser, _ words: [String], _ repeats: Int, _ hash: inout ResultHash
    ) throws {
        var writer = RequestWriter()
        writer.command(words)
        let bytes = writer.bytes
        var parser = RequestParser()
        guard case .request = parser.next(bytes.span.bytes) else { throw AccessError.noRequest }
        var allowed = 0
        try bytes.withUnsafeBytes { raw in
            try parser.withArguments(of: raw) { arguments in
                let name = try Command.name(of: arguments)
                let command = try Command.parse(name, arguments)
                for _ in 0..<repeats {
                    guard Authorisation.standard.refusal(user, name, arguments) == nil,
                        case .allowed(_, let cost) = Authorisation.standard.check(
                            user, name, command, arguments)
                    else { continue }
                    allowed += cost
                }
            }
        }
        hash.mix(UInt64(allowed))
    }

    private enum AccessError: Error { case noRequest }
}
