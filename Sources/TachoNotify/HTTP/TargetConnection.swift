import NIOCore
import NIOHTTP1
import NIOSSL
import TachoDial

/// HTTP/1.1 to one target: one request at a time on one connection, which is kept for the next.
///
/// No redirects: an address that has moved is for people to mend, and a signed body with positions
/// goes where they said and nowhere else. On the event loop only.
final class TargetConnection {
    private struct Exchange {
        var headers: [(String, String)]
        var body: [UInt8]
        var done: (Result<HTTPAnswer, HTTPFailure>) -> Void
        /// On a connection that was there before.
        var isReused = false
        var timeout: Scheduled<Void>?
    }

    private let loop: any EventLoop
    private let address: TargetAddress
    private let tls: NIOSSLContext?
    private let limits: HTTPLimits
    private var channel: (any Channel)?
    private var handler: AnswerHandler?
    private var current: Exchange?
    /// Tells the events of one exchange from those of the one before.
    private var number = 0

    init(
        loop: any EventLoop, address: TargetAddress, tls: NIOSSLContext?,
        limits: HTTPLimits = HTTPLimits()
    ) {
        self.loop = loop
        self.address = address
        self.tls = tls
        self.limits = limits
    }

    /// Sends a body; `done` is called once, on the loop, in a later turn or this one.
    func post(
        _ body: [UInt8], headers: [(String, String)],
        _ done: @escaping (Result<HTTPAnswer, HTTPFailure>) -> Void
    ) {
        precondition(current == nil, "one request at a time")
        current = Exchange(headers: headers, body: body, done: done)
        begin()
    }

    /// Ends the connection; a request on its way fails.
    func close() {
        abandon()
        end(.failure(HTTPFailure(reason: "stopped")))
    }

    private func begin() {
        number += 1
        if let channel, channel.isActive, let handler {
            current?.isReused = true
            send(on: channel, handler)
        } else {
            current?.isReused = false
            connect()
        }
    }

    private func connect() {
        drop()
        let (number, answerBytes) = (number, limits.answerBytes)
        Dialer.dial(
            host: address.host, port: address.port, timeoutMs: limits.connectMs, tls: tls, on: loop
        ) { operations in
            try operations.addHTTPClientHandlers()
            try operations.addHandler(AnswerHandler(answerBytes: answerBytes))
        }
        .assumeIsolated()
        .whenComplete { [self] result in connected(result, number) }
    }

    private func connected(_ result: Result<any Channel, any Error>, _ number: Int) {
        switch result {
        case .failure(let error):
            guard number == self.number else { return }
            end(.failure(HTTPFailure(reason: AnswerHandler.reason(error))))
        case .success(let channel):
            let handler = try? channel.pipeline.syncOperations.handler(type: AnswerHandler.self)
            guard number == self.number, current != nil, let handler else {
                channel.close(promise: nil)
                if number == self.number {
                    end(.failure(HTTPFailure(reason: "it ended the connection at once")))
                }
                return
            }
            self.channel = channel
            self.handler = handler
            send(on: channel, handler)
        }
    }

    private func send(on channel: any Channel, _ handler: AnswerHandler) {
        guard let exchange = current else { return }
        let number = number
        handler.expect { [self] result, isUsable in answered(result, isUsable, number) }
        current?.timeout = loop.assumeIsolated().scheduleTask(in: .milliseconds(limits.answerMs)) {
            [self] in
            guard number == self.number else { return }
            abandon()
            end(.failure(HTTPFailure(reason: "no answer within \(limits.answerMs) ms")))
        }
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: address.path)
        head.headers.add(name: "Host", value: address.authority)
        head.headers.add(name: "Content-Type", value: "application/json")
        head.headers.add(name: "Content-Length", value: String(exchange.body.count))
        head.headers.add(name: "User-Agent", value: "tachod")
        if let authorization = address.authorization {
            head.headers.add(name: "Authorization", value: authorization)
        }
        for (name, value) in exchange.headers { head.headers.add(name: name, value: value) }
        let operations = channel.pipeline.syncOperations
        let body = channel.allocator.buffer(bytes: exchange.body)
        operations.write(NIOAny(HTTPClientRequestPart.head(head)), promise: nil)
        operations.write(NIOAny(HTTPClientRequestPart.body(.byteBuffer(body))), promise: nil)
        operations.writeAndFlush(NIOAny(HTTPClientRequestPart.end(nil)), promise: nil)
    }

    private func answered(
        _ result: Result<HTTPAnswer, HTTPFailure>, _ isUsable: Bool, _ number: Int
    ) {
        guard number == self.number, let exchange = current else { return }
        if !isUsable { drop() }
        if case .failure(let failure) = result, failure.isUnanswered, exchange.isReused {
            // It ended while it idled; the request never was there, or comes twice, which is allowed.
            current?.timeout?.cancel()
            return begin()
        }
        end(result)
    }

    private func end(_ result: Result<HTTPAnswer, HTTPFailure>) {
        guard let exchange = current else { return }
        current = nil
        number += 1
        exchange.timeout?.cancel()
        exchange.done(result)
    }

    /// Drops the connection before it can say that it ended.
    private func abandon() {
        number += 1
        drop()
    }

    private func drop() {
        channel?.close(promise: nil)
        (channel, handler) = (nil, nil)
    }
}
