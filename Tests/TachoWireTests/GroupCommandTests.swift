import TachoGeo
import Testing

@testable import TachoWire

/// Commands about consumer groups, and what is said of wrong ones: the texts are those of redis-server 7.0.
struct GroupCommandTests {
    private func parsed(_ words: String) throws -> GroupRequest? {
        guard
            case .group(.ask(let request)) = try command(
                words.split(separator: " ").map(String.init))
        else { return nil }
        return request
    }

    private let place = GroupPlace(
        key: Array("alerts".utf8).withUnsafeBytes { StreamKey($0) }, group: Array("g".utf8))

    @Test func `options are read in any case and order`() throws {
        #expect(
            try parsed("xgroup create alerts g $ entriesread 5 mkstream")
                == .create(place, start: .newest, makesStream: true, entriesRead: 5))
        #expect(
            try parsed("XGROUP SETID alerts g 5")
                == .setID(place, start: .after(StreamID(ms: 5, n: 0)), entriesRead: nil))
        var read = GroupRead(group: [103], consumer: [99])
        (read.count, read.blockMs, read.noAck) = (2, 10, true)
        read.streams = [(place.key, nil), (place.key, StreamID(ms: 7, n: 1))]
        #expect(
            try parsed("xreadgroup block 10 noack group g c count 2 streams alerts alerts > 7-1")
                == .read(read))
        #expect(
            try parsed("XACK alerts g 1 2-3")
                == .acknowledge(place, [StreamID(ms: 1, n: 0), StreamID(ms: 2, n: 3)]))
        var query = PendingQuery()
        (query.minIdleMs, query.count, query.consumer) = (9, 4, [99])
        (query.start, query.end) = (StreamID(ms: 1, n: 1), StreamID(ms: 3, n: .max))
        #expect(try parsed("XPENDING alerts g IDLE 9 (1-0 3 4 c") == .pending(place, query))
        var claim = GroupClaim(consumer: [99], minIdleMs: 10)
        claim.ids = [StreamID(ms: 1, n: 0)]
        (claim.delivered, claim.retries) = (.idleMs(5), 3)
        (claim.forces, claim.idsOnly, claim.lastID) = (true, true, StreamID(ms: 9, n: 0))
        #expect(
            try parsed("XCLAIM alerts g c 10 1 IDLE 5 RETRYCOUNT 3 FORCE JUSTID LASTID 9")
                == .claim(place, claim))
        var auto = GroupAutoClaim(consumer: [99], minIdleMs: 0, start: StreamID(ms: 5, n: 1))
        (auto.count, auto.idsOnly) = (7, true)
        #expect(
            try parsed("XAUTOCLAIM alerts g c -4 (5 COUNT 7 JUSTID") == .autoClaim(place, auto))
        #expect(
            try parsed("XINFO STREAM alerts FULL COUNT -1")
                == .streamInFull(place.key, count: 10))
    }

    @Test func `times that no entry can have stand behind all entries`() throws {
        #expect(
            try parsed("XACK alerts g 18446744073709551615-18446744073709551615")
                == .acknowledge(place, [.greatest]))
    }

    @Test(arguments: [
        ("XGROUP CREATE s", "wrong number of arguments for 'xgroup|create' command"),
        ("XGROUP CREATE s g $ FOO", Self.wrong("CREATE", "XGROUP")),
        ("XGROUP CREATE s g $ ENTRIESREAD", Self.wrong("CREATE", "XGROUP")),
        ("XGROUP CREATE s g $ ENTRIESREAD x", "value is not an integer or out of range"),
        ("XGROUP CREATE s g $ ENTRIESREAD -2", "value for ENTRIESREAD must be positive or -1"),
        ("XGROUP CREATE s g -", "Invalid stream ID specified as stream command argument"),
        ("XGROUP CREATE s g 1-", "Invalid stream ID specified as stream command argument"),
        ("XGROUP SETID s g $ FOO 3", Self.wrong("SETID", "XGROUP")),
        ("XGROUP FOO", "unknown subcommand 'FOO'. Try XGROUP HELP."),
        ("XGROUP HELP x", "wrong number of arguments for 'xgroup|help' command"),
        ("XREADGROUP GROUP g c STREAMS s", "wrong number of arguments for 'xreadgroup' command"),
        ("XREADGROUP COUNT 1 BLOCK 1 STREAMS s >", "Missing GROUP option for XREADGROUP"),
        ("XREADGROUP GROUP g c COUNT x STREAMS s >", "value is not an integer or out of range"),
        (
            "XREADGROUP GROUP g c BLOCK x STREAMS s >",
            "timeout is not an integer or out of range"
        ),
        ("XREADGROUP GROUP g c BLOCK -1 STREAMS s >", "timeout is negative"),
        ("XREADGROUP GROUP g c FOO STREAMS s >", "syntax error"),
        (
            "XREADGROUP GROUP g c STREAMS s t >",
            "Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
        ),
        (
            "XREADGROUP GROUP g c STREAMS s $",
            "The $ ID is meaningless in the context of XREADGROUP: you want to read the history of "
                + "this consumer by specifying a proper ID, or use the > ID to get new messages. "
                + "The $ ID would just return an empty result set."
        ),
        (
            "XREAD STREAMS s >",
            "The > ID can be specified only when calling XREADGROUP using the GROUP <group> "
                + "<consumer> option."
        ),
        (
            "XREAD GROUP g c STREAMS s 0",
            "The GROUP option is only supported by XREADGROUP. You called XREAD instead."
        ),
        (
            "XREAD NOACK STREAMS s 0",
            "The NOACK option is only supported by XREADGROUP. You called XREAD instead."
        ),
        ("XACK s g", "wrong number of arguments for 'xack' command"),
        ("XACK s g x", "Invalid stream ID specified as stream command argument"),
        ("XPENDING s g - +", "syntax error"),
        ("XPENDING s g - + x", "value is not an integer or out of range"),
        ("XPENDING s g IDLE 5 - + 10 c d", "syntax error"),
        ("XPENDING s g - (0-0 10", "invalid end ID for the interval"),
        (
            "XPENDING s g (18446744073709551615-18446744073709551615 + 10",
            "invalid start ID for the interval"
        ),
        ("XCLAIM s g c x 1-1", "Invalid min-idle-time argument for XCLAIM"),
        ("XCLAIM s g c 0 1-1 FOO", "Unrecognized XCLAIM option 'FOO'"),
        ("XCLAIM s g c 0 1-1 IDLE", "Unrecognized XCLAIM option 'IDLE'"),
        ("XCLAIM s g c 0 1-1 FORCE 2-2", "Unrecognized XCLAIM option '2-2'"),
        ("XCLAIM s g c 0 1-1 IDLE x", "Invalid IDLE option argument for XCLAIM"),
        ("XCLAIM s g c 0 1-1 RETRYCOUNT x", "Invalid RETRYCOUNT option argument for XCLAIM"),
        ("XAUTOCLAIM s g c 0", "wrong number of arguments for 'xautoclaim' command"),
        ("XAUTOCLAIM s g c x 0", "Invalid min-idle-time argument for XAUTOCLAIM"),
        ("XAUTOCLAIM s g c 0 0 COUNT 0", "COUNT must be > 0"),
        ("XAUTOCLAIM s g c 0 0 COUNT", "syntax error"),
        ("XINFO STREAM s FOO", Self.wrong("STREAM", "XINFO")),
        ("XINFO STREAM s FULL COUNT", Self.wrong("STREAM", "XINFO")),
        ("XINFO GROUPS", "wrong number of arguments for 'xinfo|groups' command"),
        ("XINFO FOO", "unknown subcommand 'FOO'. Try XINFO HELP."),
    ])
    func `what is wrong is said as Redis says it`(words: String, message: String) {
        do {
            _ = try command(words.split(separator: " ").map(String.init))
            Issue.record("\(words) was taken")
        } catch {
            #expect((error as? CommandError)?.message == "ERR " + message)
        }
    }

    private static func wrong(_ subcommand: String, _ command: String) -> String {
        "unknown subcommand or wrong number of arguments for '\(subcommand)'. Try \(command) HELP."
    }
}
