import FormatSpec
import TachoGeo
@testable import TachoWire
import Testing

/// T.ALERTS with its filters, T.ALERT, T.TARGETS and T.RISK.
struct AlertCommandTests {
    @Test func `filters of T.ALERTS are read in any order and case`() throws {
        var query = AlertQuery()
        query.count = 7
        query.cursorArgument = 10
        query.filter.rider = Array("라이더".utf8)
        query.filter.code = .teleport
        query.filter.severity = "crit"
        query.filter.state = .appealUpheld
        query.filter.fromMs = -5
        #expect(
            try command(
                "T.ALERTS", "state", "APPEAL_UPHELD", "RIDER", "라이더", "from", "-5", "COUNT", "7",
                "CURSOR", "1:2-3", "code", "Teleport", "SEVERITY", "CRIT", "TO", "+")
                == .alerts(query))
    }

    @Test(arguments: [
        (["COUNT"], "ERR syntax error"), (["STATES", "open"], "ERR syntax error"),
        (
            ["CODE", "TS_OVERLAP"],
            "ERR CODE 'TS_OVERLAP' is not known, a code as in TELEPORT expected"
        ),
        (["SEVERITY", "none"], "ERR SEVERITY 'none' is not known, info, warn or crit expected"),
        (
            ["STATE", "closed"],
            "ERR STATE 'closed' is not known, one of open, ack, false_positive, confirmed, appeal,"
                + " appeal_upheld, appeal_rejected expected"
        ),
        (["FROM", "noon"], "ERR FROM 'noon' is not an integer or out of range"),
    ])
    func `a filter that is none is refused`(words: [String], message: String) {
        #expect(throws: CommandError.self) { try command(["T.ALERTS"] + words) }
        do {
            _ = try command(["T.ALERTS"] + words)
        } catch {
            #expect((error as? CommandError)?.message == message)
        }
    }

    @Test(arguments: [
        ("ack", AlertState.acknowledged), ("False", .falsePositive), ("CONFIRM", .confirmed),
        ("appeal", .appeal), ("UPHOLD", .appealUpheld), ("REJECT", .appealRejected),
    ])
    func `each word brings its state`(word: String, state: AlertState) throws {
        let id = StreamID(ms: 5, n: 3)
        #expect(
            try command("T.ALERT", word, "5-3", "by", "kim")
                == .alert(.review(AlertReviewRequest(id: id, state: state, actorArgument: 4))))
        #expect(
            try command("T.ALERT", word, "5-3", "BY", "kim", "note", "a tunnel")
                == .alert(
                    .review(
                        AlertReviewRequest(id: id, state: state, actorArgument: 4, noteArgument: 6))
                ))
        #expect(AlertCommand.word(state) == word.uppercased())
    }

    @Test func `an alert and the feedback are asked for`() throws {
        #expect(try command("T.ALERT", "get", "5-3") == .alert(.get(StreamID(ms: 5, n: 3))))
        #expect(try command("t.alert", "feedback") == .alert(.feedback))
        #expect(AlertCommand.word(.open) == nil)
    }

    @Test func `what is no review says what is wrong`() {
        #expect(
            commandError("T.ALERT", "OPEN", "5-3", "BY", "kim")
                == "ERR unknown subcommand 'OPEN' for 'T.ALERT' command")
        let arity = "ERR wrong number of arguments for 'T.ALERT' command"
        #expect(commandError("T.ALERT") == arity)
        #expect(commandError("T.ALERT", "ACK") == arity)
        #expect(commandError("T.ALERT", "ACK", "5-3", "BY") == arity)
        #expect(commandError("T.ALERT", "ACK", "5-3", "BY", "kim", "NOTE") == arity)
        #expect(
            commandError("T.ALERT", "ACK", "5-3", "NOTE", "x", "BY", "kim") == "ERR syntax error")
        #expect(
            commandError("T.ALERT", "ACK", "5-3", "BY", "kim", "BY", "lee") == "ERR syntax error")
        #expect(commandError("T.ALERT", "GET") == arity)
        #expect(commandError("T.ALERT", "GET", "5-3", "x") == arity)
        #expect(commandError("T.ALERT", "FEEDBACK", "x") == arity)
        #expect(commandError("T.ALERT", "ACK", "5-3", "FOR", "kim") == "ERR syntax error")
        #expect(
            commandError("T.ALERT", "ACK", "5-3", "BY", "kim", "WHY", "x") == "ERR syntax error")
        for id in ["5", "", "-", "5-", "-5-3", "5-4294967296", "x-3", "5-3-1"] {
            #expect(
                commandError("T.ALERT", "GET", id)
                    == "ERR alert '\(id)' is not known, an id as T.ALERTS gives it, MS-N, expected")
        }
    }

    @Test func `a note may have any bytes here, and is bounded by the request`() throws {
        let words = ["T.ALERT", "ACK", "5-3", "BY", "kim", "NOTE"].map { Array($0.utf8) }
        let note = [UInt8](repeating: 0xFF, count: WireLimits.maxBulkBytes)
        let copied = try withArguments(words + [note]) { arguments -> [UInt8] in
            guard case .alert(.review(let request)) = try Command.parse(arguments) else {
                return []
            }
            return arguments.copy(try #require(request.noteArgument))
        }
        #expect(copied == note)
    }

    @Test func `T.TARGETS lists or forgets`() throws {
        #expect(try command("T.TARGETS", "LIST") == .targets(.list))
        #expect(try command("t.targets", "forget", "am") == .targets(.forget))
        #expect(commandError("T.TARGETS")?.contains("wrong number of arguments") == true)
        for words in [["LIST", "x"], ["FORGET"]] {
            #expect(throws: CommandError.self) { try command(["T.TARGETS"] + words) }
        }
        #expect(
            commandError("T.TARGETS", "DROP")
                == "ERR unknown subcommand 'DROP' for 'T.TARGETS' command")
    }

    @Test func `T.RISK takes its options before the riders`() throws {
        #expect(try command("T.RISK") == .risk(RiskRequest()))
        #expect(
            try command("t.risk", "min", "0.25", "COUNT", "3", "at", "-7", "RIDERS", "COUNT", "MIN")
                == .risk(RiskRequest(minE6: 250_000, count: 3, atMs: -7, firstRider: 8)))
        #expect(commandError("T.RISK", "RIDERS") == "ERR syntax error")
        #expect(commandError("T.RISK", "t1", "t2") == "ERR syntax error")
        for value in ["1.1", "-0.1", "x", "nan", "2000001e-6"] {
            #expect(
                commandError("T.RISK", "MIN", value)
                    == "ERR MIN '\(value)' is not known, a number from 0 to 1 expected")
        }
        for value in ["x", "140737488355328", "-9223372036854775808"] {
            #expect(
                commandError("T.RISK", "AT", value)
                    == "ERR AT '\(value)' is not an integer or out of range")
        }
    }

    @Test func `the page's example of a review is what is read and written`() throws {
        let blocks = try SpecPage(section: 15).hexBlocks()
        try #require(blocks.count == 6)
        var writer = RequestWriter()
        let words = [
            "T.ALERT", "ACK", "1767312000100-2", "BY", "kim", "NOTE", "a tunnel",
        ]
        writer.command(words)
        #expect(writer.bytes == blocks[4])
        #expect(hear(blocks[4], cuts: []).requests == [words.map { Array($0.utf8) }])
        var parser = ReplyParser()
        let answer = blocks[5]
        guard case .reply(let reply, answer.count) = parser.next(answer.span.bytes) else {
            Issue.record("no reply")
            return
        }
        let expected: [Reply] = [
            .bulk(Array("step".utf8)), .integer(0), .bulk(Array("state".utf8)),
            .bulk(Array("ack".utf8)), .bulk(Array("at_ms".utf8)), .integer(1_767_312_060_000),
            .bulk(Array("by".utf8)), .bulk(Array("kim".utf8)), .bulk(Array("note".utf8)),
            .bulk(Array("a tunnel".utf8)),
        ]
        #expect(reply.elements == expected)
    }
}
