/// Requests and replies, whole and cut. What is found must be the same, and nothing may read
/// outside the input, run for ever or hoard memory: any of it ends the process.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzResp(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: bytes, count: count)
    guard count > 0 else { return 0 }
    var draw = Draw(input)
    RequestCheck.run(input, &draw)
    // What begins as an array is a request as a rule, and costs most as a reply.
    if input[0] != UInt8(ascii: "*") || draw.below(8) == 0 { ReplyCheck.run(input, &draw) }
    return 0
}

enum RequestCheck {
    private static let atOnce = ServerLimits()
    /// So small that every bound is met by inputs of some hundred bytes.
    private static let small: ServerLimits = {
        var limits = ServerLimits()
        limits.unansweredWrites = 5
        limits.batchFixes = 3
        return limits
    }()

    // From run to run, as a connection keeps its own.
    nonisolated(unsafe) private static var outputs = (ReplyWriter(), ReplyWriter())

    private static func lend(_ output: inout ReplyWriter) -> ReplyWriter {
        var lent = ReplyWriter()
        swap(&lent, &output)
        return lent
    }

    static func run(_ input: UnsafeRawBufferPointer, _ draw: inout Draw) {
        var whole = ServedConnection(
            input, limits: atOnce, readsLatestAtOnce: true, output: lend(&outputs.0))
        whole.receive(upTo: input.count)
        while whole.isWaitingForEngine { whole.engineAnswers(&draw) }
        check(&whole)
        if draw.below(4) == 0 { checkReplies(whole) }

        var cut = ServedConnection(
            input, limits: small, readsLatestAtOnce: draw.below(2) == 0, output: lend(&outputs.1))
        var arrived = 0
        while arrived < input.count {
            arrived = min(input.count, arrived + 1 + draw.below(draw.below(4) == 0 ? 4 : 64))
            cut.receive(upTo: arrived)
            while cut.isWaitingForEngine, draw.below(3) == 0 { cut.engineAnswers(&draw) }
        }
        while cut.isWaitingForEngine { cut.engineAnswers(&draw) }
        check(&cut)

        precondition(whole.refusal == cut.refusal, "refused by where it was cut")
        precondition(whole.requests == cut.requests, "\(whole.requests), cut \(cut.requests)")
        precondition(whole.digest == cut.digest, "arguments lie elsewhere when cut")
        precondition(whole.output.bytes == cut.output.bytes, "other replies when cut")
        outputs = (whole.takeOutput(), cut.takeOutput())
    }

    /// A connection whose engine has answered ends.
    private static func check(_ connection: inout ServedConnection) {
        let isRefused = connection.refusal != nil
        let phase = connection.phase
        precondition(
            phase == .serving || phase == .finishing(isRefused ? .discard : .close),
            "\(phase) with nothing left to answer")
        precondition(connection.end() == .close, "it does not end when its input does")
    }

    /// Every request has one reply that a client can read.
    private static func checkReplies(_ connection: ServedConnection) {
        var replies = 0
        var start = 0
        var parser = ReplyParser()
        connection.output.bytes.withUnsafeBytes { output in
            while start < output.count {
                let rest = UnsafeRawBufferPointer(rebasing: output[start...])
                guard case .reply(_, let size) = parser.next(rest.bytes) else {
                    preconditionFailure("replies that are none")
                }
                start += size
                replies += 1
            }
        }
        precondition(replies == connection.due, "\(replies) replies, \(connection.due) are due")
    }
}
