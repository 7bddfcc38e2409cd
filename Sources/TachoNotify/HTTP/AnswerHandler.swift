import NIOCore
import NIOHTTP1
import TachoDial

/// What a server answered; of the body as much as a message to people needs.
struct HTTPAnswer: Equatable {
    var status: Int
    var retryAfter: String?
    var body: [UInt8]
}

/// Why there is no answer.
struct HTTPFailure: Error, Equatable {
    var reason: String
    /// The connection ended before the first byte of one: an idle one may do so at any time.
    var isUnanswered = false
}

/// Bounds of an exchange.
struct HTTPLimits: Sendable {
    var connectMs: Int64 = 5_000
    /// From the request to the last byte of its answer, connecting not counted.
    var answerMs: Int64 = 10_000
    var answerBytes = 65_536
    /// Of a body that people may see.
    static let keptBytes = 256
}

/// Puts one answer together. One per connection, on its event loop.
final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    /// `isUsable`: the connection can take another request.
    typealias Done = (Result<HTTPAnswer, HTTPFailure>, _ isUsable: Bool) -> Void

    private let answerBytes: Int
    private var done: Done?
    private var answer: HTTPAnswer?
    private var bytes = 0
    private var keepsAlive = false

    init(answerBytes: Int) { self.answerBytes = answerBytes }

    /// The next answer belongs to `done`.
    func expect(_ done: @escaping Done) {
        self.done = done
        (answer, bytes, keepsAlive) = (nil, 0, false)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard done != nil else {
            // Nobody asked.
            context.close(promise: nil)
            return
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            keepsAlive = head.isKeepAlive
            answer = HTTPAnswer(
                status: Int(head.status.code), retryAfter: head.headers.first(name: "retry-after"),
                body: [])
        case .body(let part):
            bytes += part.readableBytes
            let room = HTTPLimits.keptBytes - (answer?.body.count ?? 0)
            answer?.body += Array(part.readableBytesView.prefix(room))
            // It has said what it has to say; nobody reads the rest.
            if bytes > answerBytes { finish(context, isUsable: false) }
        case .end: finish(context, isUsable: keepsAlive)
        }
    }

    private func finish(_ context: ChannelHandlerContext, isUsable: Bool) {
        guard let answer, let done else { return }
        self.done = nil
        if !isUsable { context.close(promise: nil) }
        done(.success(answer), isUsable)
    }

    private func fail(_ reason: String, isUnanswered: Bool) {
        guard let done else { return }
        self.done = nil
        done(.failure(HTTPFailure(reason: reason, isUnanswered: isUnanswered)), false)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(
            answer == nil
                ? "it ended the connection without an answer" : "its answer was cut short",
            isUnanswered: answer == nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset of a connection that idled is as its end.
        let isReset = error is IOError
        fail(Self.reason(error), isUnanswered: answer == nil && isReset)
        context.close(promise: nil)
    }

    static func reason(_ error: any Error) -> String {
        if let error = error as? HTTPParserError { return "its answer is no HTTP (\(error))" }
        return connectionReason(
            error, tlsRemedy: "--alert-ca names whose certificates are good")
    }
}
