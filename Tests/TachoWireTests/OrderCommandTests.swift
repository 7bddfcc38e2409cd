import TachoGeo
import Testing

@testable import TachoWire

/// T.ORDER as it is written.
struct OrderCommandTests {
    private func parsed(_ words: String...) throws -> OrderCommand? {
        guard case .order(let command) = try command(["T.ORDER"] + words) else { return nil }
        return command
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `events are read with and without what may be missing`() throws {
        #expect(
            try parsed("set", "o 1", "t1", "picked up", "-5")
                == .tell(
                    .set(
                        bytes("o 1"), rider: bytes("t1"), state: bytes("picked up"), tsMs: -5)))
        #expect(
            try parsed("SET", "o1", "t1", "BY", "7", "by", "mysql")
                == .tell(
                    .set(
                        bytes("o1"), rider: bytes("t1"), state: bytes("BY"), tsMs: 7,
                        by: bytes("mysql"))))
        #expect(try parsed("end", "o1", "7") == .tell(.end(bytes("o1"), tsMs: 7)))
        #expect(
            try parsed("END", "o1", "7", "BY")
                == .tell(.end(bytes("o1"), state: bytes("BY"), tsMs: 7)))
        #expect(
            try parsed("END", "o1", "7", "BY", "kim")
                == .tell(.end(bytes("o1"), tsMs: 7, by: bytes("kim"))))
        #expect(
            try parsed("END", "o1", "7", "gone", "BY", "kim")
                == .tell(.end(bytes("o1"), state: bytes("gone"), tsMs: 7, by: bytes("kim"))))
    }

    @Test func `questions are read`() throws {
        #expect(try parsed("get", "o1") == .get(withHistory: false))
        #expect(try parsed("GET", "o1", "history") == .get(withHistory: true))
        #expect(
            try parsed("RIDER", "t1") == .open(ofRider: true, count: nil, cursorArgument: nil))
        #expect(
            try parsed("LIST", "COUNT", "5", "CURSOR", "02")
                == .open(ofRider: false, count: 5, cursorArgument: 5))
        #expect(
            try parsed("RIDER", "t1", "CURSOR", "02", "COUNT", "5")
                == .open(ofRider: true, count: 5, cursorArgument: 4))
    }

    @Test func `what is wrong is said`() throws {
        let long = String(repeating: "x", count: 129)
        for (words, message) in [
            (["SET", "o", "r", "s"], "ERR wrong number of arguments for 'T.ORDER' command"),
            (
                ["SET", "o", "r", "s", "1", "BY"],
                "ERR wrong number of arguments for 'T.ORDER' command"
            ),
            (["END", "o"], "ERR wrong number of arguments for 'T.ORDER' command"),
            (["GET"], "ERR wrong number of arguments for 'T.ORDER' command"),
            (["RIDER"], "ERR wrong number of arguments for 'T.ORDER' command"),
            (["SET", "o", "r", "s", "x"], "ERR ts 'x' is not an integer or out of range"),
            (["SET", "o", "r", "s", "1", "AT", "x"], "ERR syntax error"),
            (["GET", "o", "ALL"], "ERR syntax error"), (["LIST", "o"], "ERR syntax error"),
            (["DEL", "o"], "ERR unknown subcommand 'DEL' for 'T.ORDER' command"),
            (
                ["SET", long, "r", "s", "1"],
                "ERR the id of an order needs 1 to 128 bytes of UTF-8 without control characters"
            ),
            (
                ["SET", "o", "r", "a\u{1}", "1"],
                "ERR the state of an order needs 1 to 64 bytes of UTF-8 without control characters"
            ),
            (
                ["SET", "o", "", "s", "1"],
                "ERR the rider of an order needs 1 to 128 bytes of UTF-8 without control characters"
            ),
            (
                ["END", "o", "140737488355328"],
                "ERR the time of an order is in Unix ms, 140737488355328 is out of range"
            ),
        ] {
            do {
                _ = try command(["T.ORDER"] + words)
                Issue.record("\(words) was taken")
            } catch let error as CommandError {
                #expect(error.message == message)
            }
        }
    }
}
