import HTTPTypes
import Hummingbird
import NIOCore
package import TachoWire

/// Who may have an answer.
package enum HTTPRule: Sendable, Equatable {
    /// Whoever can connect: the answer tells of no rider, no user and no figure of the fleet.
    case open
    /// Whoever may run this command of RESP, or this subcommand of it.
    case command(CommandName, String? = nil)
}

/// One way into the server by HTTP. There is none without a rule: whatever is not in `all` is not found.
struct HTTPRoute: Sendable {
    var method: HTTPRequest.Method
    /// As Hummingbird's router reads it, with parameters as `{id}`.
    var path: String
    var rule: HTTPRule
    /// A request with a body is refused otherwise, before the body is read.
    var takesBody = false
    var respond: @Sendable (Request, HTTPContext, ServerState) async throws -> Response

    static let all: [HTTPRoute] = operations

    /// `GET /metrics`.
    var name: String { "\(method.rawValue) \(path)" }
}

/// A request's connection.
struct HTTPContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Without the port.
    var address: String { channel.remoteAddress?.ipAddress ?? "?" }
}

extension Response {
    /// Lines of text, each with its end.
    static func text(
        _ text: String, _ status: HTTPResponse.Status = .ok,
        type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
