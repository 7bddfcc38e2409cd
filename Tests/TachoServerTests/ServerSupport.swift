import Foundation
import Logging
import TachoAccess
import TachoEngine
import TachoServer
import TachoWire
import Testing

/// A small generator with a seed (SplitMix64), so that a failure can be played again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The tests' own time: the year 2026.
let testNowMs: Int64 = 1_767_312_000_000

/// Runs `body` with a server on an engine of its own, in a directory that is removed afterwards.
func withServer(
    limits: ServerLimits = ServerLimits(), accounts: AccountList? = nil, logger: Logger? = nil,
    change: (inout EngineOptions) -> Void = { _ in }, _ body: (RespServer) throws -> Void
) throws {
    let directory = NSTemporaryDirectory() + "tacho-server-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var options = EngineOptions(directory: directory)
    options.nowMs = { testNowMs }
    options.minFreeBytes = 0
    options.rangeSeconds = 0
    options.workers = 1
    change(&options)
    let engine = try Engine.open(options)
    var quiet = Logger(label: "test")
    quiet.logLevel = .error
    let server = try RespServer.start(
        engine: engine, address: try ListenAddress.parse("127.0.0.1:0"), limits: limits,
        nowMs: options.nowMs, logger: logger ?? quiet,
        access: accounts.map { .init(accounts: $0, recordsDirectory: directory + "/access") })
    do {
        try body(server)
    } catch {
        server.stop()
        try? engine.close()
        throw error
    }
    server.stop()
    try engine.close()
}

/// A blocking client on a socket of its own. Waits at most 20 s for a reply, so that a server that
/// never answers is a failure and no hang.
final class TestClient {
    struct Closed: Error {}
    struct Silent: Error {}

    private var descriptor: Int32
    private var held: [UInt8] = []
    private var parser = ReplyParser()

    init(_ server: RespServer) throws { descriptor = try Self.connect(to: server.address) }

    init(address: String) throws { descriptor = try Self.connect(to: address) }

    deinit { close() }

    private static func connect(to text: String) throws -> Int32 {
        let port = UInt16(text.split(separator: ":").last ?? "0") ?? 0
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Closed() }
        // A timeval.
        var wait = (seconds: 20, microseconds: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout.size(ofValue: wait)))
        return descriptor
    }

    func close() {
        if descriptor >= 0 { Foundation.close(descriptor) }
        descriptor = -1
    }

    /// A small buffer on this side, so that a server soon has to keep what is not taken.
    func takeLittle() {
        var bytes: Int32 = 4_096
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Ends this side of the connection; replies can still come.
    func endInput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// False: the server does not take all of it any more.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { Self.send(bytes, to: descriptor) }

    /// Sends from a thread of its own, for more than both sides' buffers hold.
    func sendMeanwhile(_ bytes: [UInt8]) {
        let descriptor = descriptor
        Thread { Self.send(bytes, to: descriptor) }.start()
    }

    @discardableResult
    private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    func send(_ words: String...) { send(request(words)) }

    func receive() throws -> Reply {
        while true {
            switch parser.next(held.span.bytes) {
            case .reply(let reply, let count):
                held.removeFirst(count)
                return reply
            case .refused(let error): throw error
            case .needsMore: try receiveMore()
            }
        }
    }

    func receive(_ count: Int) throws -> [Reply] {
        var replies: [Reply] = []
        while replies.count < count { replies.append(try receive()) }
        return replies
    }

    private func receiveMore() throws {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress!, $0.count, 0) }
        if count == 0 || (count < 0 && errno == ECONNRESET) { throw Closed() }
        guard count > 0 else { throw Silent() }
        held += buffer[..<count]
    }

    /// True if the server ends the connection before another reply.
    func isClosedByServer() -> Bool {
        do {
            _ = try receive()
            return false
        } catch {
            return error is Closed
        }
    }

    func ask(_ words: String...) throws -> Reply {
        send(request(words))
        return try receive()
    }
}

/// One request as bytes.
func request(_ words: [String]) -> [UInt8] {
    var writer = RequestWriter()
    writer.command(words)
    return writer.bytes
}

func request(_ words: String...) -> [UInt8] { request(words) }

extension Reply {
    var errorText: String? {
        if case .error(let text) = self { text } else { nil }
    }

    /// Elements as text, nil and numbers included.
    var plain: [String] {
        (elements ?? []).map { element in
            switch element {
            case .null: "nil"
            case .integer(let value): String(value)
            default: element.text ?? element.errorText ?? "array"
            }
        }
    }
}
