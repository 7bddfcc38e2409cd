import Foundation
import Logging
import TachoAccess
import TachoEngine
import TachoServer
import Testing

/// What a server answered by HTTP.
struct HTTPReply {
    var status: Int
    var headers: [String: String]
    var body: String

    /// nil: no answer, or none of HTTP.
    init?(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n"), text.hasPrefix("HTTP/1.1 ") else { return nil }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        guard let status = Int(lines[0].split(separator: " ")[1]) else { return nil }
        self.status = status
        headers = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        body = String(text[end.upperBound...])
    }
}

enum HTTPAsk {
    struct NoAnswer: Error {}

    /// One request on a connection of its own.
    static func get(
        _ path: String, at address: String, method: String = "GET", _ headers: [String] = [],
        body: String = ""
    ) throws -> HTTPReply {
        let lines =
            ["\(method) \(path) HTTP/1.1", "Host: \(address)", "Connection: close"] + headers
        let bytes = try send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body, to: address)
        guard let reply = HTTPReply(bytes) else { throw NoAnswer() }
        return reply
    }

    /// Sends bytes and reads until the server closes, or 20 s of silence.
    static func send(_ text: String, to address: String) throws -> [UInt8] {
        let port = UInt16(address.split(separator: ":").last ?? "0") ?? 0
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        place.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw NoAnswer() }
        // A timeval.
        var wait = (seconds: 20, microseconds: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout.size(ofValue: wait)))
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes {
            Foundation.send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL))
        }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress!, $0.count, 0)
            }
            guard count > 0 else { return all }
            all += buffer[..<count]
        }
    }

    static func basic(_ user: String, _ password: String) -> String {
        "Authorization: Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }
}

/// A RESP server with HTTP beside it. `state` is that of a server that serves, unless the body says
/// otherwise.
func withHTTP(
    limits: ServerLimits = ServerLimits(), accounts: AccountList? = nil, logger: Logger? = nil,
    change: (inout EngineOptions) -> Void = { _ in },
    _ body: (_ http: HTTPServer, _ resp: RespServer, _ engine: Engine, _ state: ServerState) throws
        -> Void
) throws {
    let directory = NSTemporaryDirectory() + "tacho-http-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var options = EngineOptions(directory: directory)
    options.minFreeBytes = 0
    options.rangeSeconds = 0
    change(&options)
    var quiet = Logger(label: "test")
    quiet.logLevel = .error
    let engine = try Engine.open(options)
    defer { try? engine.close() }
    let state = ServerState(startedMs: options.nowMs())
    let here = try ListenAddress.parse("127.0.0.1:0")
    let resp = try RespServer.start(
        engine: engine, address: here, limits: limits, nowMs: options.nowMs,
        logger: logger ?? quiet,
        access: accounts.map { .init(accounts: $0, recordsDirectory: directory + "/access") })
    defer { resp.stop() }
    let http = try HTTPServer.start(address: here, state: state, limits: limits, logger: quiet)
    defer { http.stop() }
    state.serve(engine, resp)
    try body(http, resp, engine, state)
}
