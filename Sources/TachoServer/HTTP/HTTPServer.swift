import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The HTTP listener: a thread of its own, an event loop for sockets and for what is answered, so that
/// it answers also while RESP is busy. Hummingbird parses, routes and writes.
package final class HTTPServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let running: Task<Void, Never>
    private let ended: EventLoopFuture<Void>
    private let state: ServerState
    private let limits: ServerLimits
    private let isStopped = Atomic(false)

    /// The address it really listens on, `HOST:PORT`.
    package let address: String

    private init(
        _ group: MultiThreadedEventLoopGroup, _ running: Task<Void, Never>,
        _ ended: EventLoopFuture<Void>, _ state: ServerState, _ limits: ServerLimits,
        address: String
    ) {
        self.group = group
        self.running = running
        self.ended = ended
        self.state = state
        self.limits = limits
        self.address = address
    }

    /// Binds and accepts; waits until it does, or cannot. What is not served yet is answered 503.
    package static func start(
        address: ListenAddress, state: ServerState, limits: ServerLimits = ServerLimits(),
        tls: TLSCredentials? = nil, logger: Logger
    ) throws(RespServer.StartError) -> HTTPServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bound = group.next().makePromise(of: String.self)
        let application = Self.application(address, group, state, limits, tls, logger) {
            bound.succeed($0.localAddress.map(ListenAddress.text) ?? "?")
        }
        let ended = group.next().makePromise(of: Void.self)
        let running = Task(executorPreference: LoopExecutor(group.next())) {
            do {
                try await application.run()
                bound.fail(CancellationError())
            } catch {
                bound.fail(error)
            }
            ended.succeed(())
        }
        do {
            return HTTPServer(
                group, running, ended.futureResult, state, limits,
                address: try bound.futureResult.wait())
        } catch {
            running.cancel()
            try? ended.futureResult.wait()
            try? group.syncShutdownGracefully()
            throw .cannotBind(
                address: ListenAddress.text(address.socketAddress),
                reason: RespServer.reason(error))
        }
    }

    private static func application(
        _ address: ListenAddress, _ group: MultiThreadedEventLoopGroup, _ state: ServerState,
        _ limits: ServerLimits, _ tls: TLSCredentials?, _ logger: Logger,
        onBound: @escaping @Sendable (any Channel) -> Void
    ) -> Application<RouterResponder<HTTPContext>> {
        var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
        decoder.maxHeaderFieldSize = limits.httpHeaderBytes
        decoder.maxHeaderListSize = limits.httpHeaderBytes
        decoder.maxHeaderFieldCount = 100
        let http = HTTP1Channel.Configuration(
            idleTimeout: .seconds(Int64(limits.httpIdleSeconds)), httpDecoderConfiguration: decoder)
        var quiet = logger
        // Of Hummingbird's own life, nobody wants to read.
        quiet.logLevel = max(logger.logLevel, .warning)
        return Application(
            router: router(HTTPRoute.all, state, limits),
            server: HTTPServerBuilder { responder in
                HTTPChannel(
                    base: HTTP1Channel(responder: responder, configuration: http), tls: tls,
                    limits: limits, connections: state.connections)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(
                    address.socketAddress.ipAddress ?? "127.0.0.1",
                    port: address.socketAddress.port ?? 0),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    limits.httpConnections, logger: quiet)),
            onServerRunning: { onBound($0) }, eventLoopGroupProvider: .shared(group),
            logger: quiet)
    }

    /// Each route behind its rule; what there is besides is not found.
    static func router(
        _ routes: [HTTPRoute], _ state: ServerState, _ limits: ServerLimits
    ) -> Router<HTTPContext> {
        let router = Router(context: HTTPContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: HTTPErrors(state: state))
        let gate = HTTPGate(state: state)
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) {
                request, context -> Response in
                if !route.takesBody, request.hasBody {
                    context.closeSoon(limits)
                    throw HTTPError(.badRequest, message: "no body expected")
                }
                try await gate.check(route.rule, request, context)
                return try await route.respond(request, context, state)
            }
        }
        return router
    }

    /// Accepts nothing more, lets requests that are being answered have their answers, at most
    /// `stopSeconds`, and ends the loop. Waits; when it returns nothing of the engine is in use here. A
    /// second call does nothing.
    package func stop() {
        guard isStopped.exchange(true, ordering: .relaxed) == false else { return }
        running.cancel()
        let connections = state.connections
        let deadline = group.next().scheduleTask(in: .seconds(Int64(limits.stopSeconds))) {
            connections.closeAll()
        }
        try? ended.wait()
        deadline.cancel()
        try? group.syncShutdownGracefully()
    }
}

extension Request {
    /// A body comes, or was said to.
    fileprivate var hasBody: Bool {
        headers[.transferEncoding] != nil || (headers[.contentLength].map { $0 != "0" } ?? false)
    }
}

extension HTTPContext {
    /// Who sends what nobody wants is not read to its end.
    fileprivate func closeSoon(_ limits: ServerLimits) {
        let channel = channel
        channel.eventLoop.scheduleTask(in: .seconds(Int64(limits.discardSeconds))) {
            channel.close(promise: nil)
        }
    }
}

/// Errors as a line of text, and a count of everything that was answered.
private struct HTTPErrors: RouterMiddleware {
    typealias Context = HTTPContext

    let state: ServerState

    func handle(
        _ request: Request, context: HTTPContext,
        next: (Request, HTTPContext) async throws -> Response
    ) async throws -> Response {
        let response: Response
        do {
            response = try await next(request, context)
        } catch let refusal as HTTPGate.Refusal {
            response = Self.response(refusal)
        } catch let error as HTTPError {
            response = Self.response(error, request)
        }
        let known = HTTPRoute.all.contains { $0.path == context.endpointPath }
        state.requests.note(
            route: known ? context.endpointPath ?? "other" : "other",
            status: response.status.code)
        return response
    }

    private static func response(_ refusal: HTTPGate.Refusal) -> Response {
        switch refusal {
        case .unknown:
            var response = Response.text(
                "log in: Basic authentication with a user of the file of users, or a client "
                    + "certificate of one\n", .unauthorized)
            response.headers[.wwwAuthenticate] = #"Basic realm="tacho", charset="UTF-8""#
            return response
        case .forbidden(let message): return .text(message + "\n", .forbidden)
        case .later(let seconds, let reason):
            var response = Response.text(reason + "\n", .serviceUnavailable)
            response.headers[.retryAfter] = "\(seconds)"
            return response
        case .notServing: return .text("the server is starting or stopping\n", .serviceUnavailable)
        }
    }

    private static func response(_ error: HTTPError, _ request: Request) -> Response {
        guard error.status == .notFound else {
            return .text((error.body ?? error.status.reasonPhrase) + "\n", error.status)
        }
        // Who may ask is not looked at: that the path is there is no secret.
        let methods = HTTPRoute.all.filter { $0.path == request.uri.path }
            .flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.rawValue] }
        if !methods.isEmpty {
            let allowed = methods.joined(separator: ", ")
            var response = Response.text("only \(allowed) here\n", .methodNotAllowed)
            response.headers[.allow] = allowed
            return response
        }
        let paths = HTTPRoute.all.map(\.path).joined(separator: ", ")
        return .text("not found; there are \(paths)\n", .notFound)
    }
}
