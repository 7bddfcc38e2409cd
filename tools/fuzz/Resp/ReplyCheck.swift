/// The client's side: the same bytes as replies.
enum ReplyCheck {
    private struct Heard: Equatable {
        var replies: [Reply] = []
        var bytes = 0
        var refusal: ReplyError?
    }

    static func run(_ input: UnsafeRawBufferPointer, _ draw: inout Draw) {
        var whole = Heard()
        var parser = ReplyParser()
        listen(input, upTo: input.count, &parser, &whole)
        var cut = Heard()
        parser = ReplyParser()
        var arrived = 0
        while arrived < input.count, cut.refusal == nil {
            arrived = min(input.count, arrived + 1 + draw.below(draw.below(4) == 0 ? 4 : 64))
            listen(input, upTo: arrived, &parser, &cut)
        }
        precondition(whole == cut, "other replies are heard when cut")
    }

    private static func listen(
        _ input: UnsafeRawBufferPointer, upTo end: Int, _ parser: inout ReplyParser,
        _ heard: inout Heard
    ) {
        while heard.refusal == nil {
            let rest = UnsafeRawBufferPointer(rebasing: input[heard.bytes..<end])
            switch parser.next(rest.bytes) {
            case .needsMore: return
            case .refused(let error): heard.refusal = error
            case .reply(let reply, let size):
                precondition(size > 0 && size <= rest.count, "a reply of \(size) bytes")
                heard.replies.append(reply)
                heard.bytes += size
            }
        }
    }
}
