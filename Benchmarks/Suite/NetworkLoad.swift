import Foundation
import Synchronization
import TachoWire

/// What one connection sends.
struct Load: Sendable {
    struct Piece: Sendable {
        var bytes: [UInt8]
        /// How many replies it gets.
        var replies: Int
    }

    var pieces: [Piece] = []
}

/// A client that costs little: prepared bytes on blocking sockets, a thread a connection.
enum NetworkLoad {
    enum Failure: Error {
        case system(String, Int32)
        case closed
        case refused(Reply)
        case notStored(Int)
    }

    /// Sends every load on a connection of its own and waits for all replies. `stored`: fixes
    /// acknowledged as stored.
    static func send(
        _ loads: [Load], to address: String, inFlight: Int
    ) throws -> (stored: Int, seconds: Double) {
        let sockets = try loads.map { _ in try connect(address) }
        defer { for socket in sockets { close(socket) } }
        let state = Mutex((stored: 0, failure: (any Error)?.none))
        let seconds = Timing.seconds {
            DispatchQueue.concurrentPerform(iterations: loads.count) { place in
                do {
                    let stored = try run(loads[place], sockets[place], inFlight)
                    state.withLock { $0.stored += stored }
                } catch {
                    state.withLock { $0.failure = error }
                }
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
        return (state.withLock { $0.stored }, seconds)
    }

    private static func run(_ load: Load, _ socket: Int32, _ inFlight: Int) throws -> Int {
        var replies = Replies()
        var next = 0
        while next < load.pieces.count || replies.isWaiting {
            while next < load.pieces.count, replies.piecesWaiting < inFlight {
                try write(load.pieces[next].bytes, socket)
                replies.expect(load.pieces[next].replies)
                next += 1
            }
            try replies.receive(socket)
        }
        return replies.stored
    }

    private static func write(_ bytes: [UInt8], _ socket: Int32) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(
                    socket, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure.system("send", errno) }
            done += count
        }
    }

    private static func connect(_ address: String) throws -> Int32 {
        let port = UInt16(address.split(separator: ":").last ?? "") ?? 0
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        place.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure.system("connect", errno) }
        return socket
    }
}

/// Replies of one connection as they come.
private struct Replies {
    private(set) var stored = 0
    /// Replies still to come of each piece on its way, the oldest first.
    private var open: [Int] = []
    private var parser = ReplyParser()
    private var held: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    var isWaiting: Bool { !open.isEmpty }
    var piecesWaiting: Int { open.count }

    mutating func expect(_ replies: Int) { open.append(replies) }

    mutating func receive(_ socket: Int32) throws {
        let count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress!, $0.count, 0) }
        guard count > 0 else { throw NetworkLoad.Failure.closed }
        var bytes = held
        held = []
        bytes.append(contentsOf: buffer[..<count])
        var start = 0
        parsing: while start < bytes.count {
            switch parser.next(bytes.span.bytes.extracting(start..<bytes.count)) {
            case .needsMore: break parsing
            case .refused(let error): throw error
            case .reply(let reply, let size):
                start += size
                try take(reply)
            }
        }
        bytes.removeFirst(start)
        held = bytes
    }

    private mutating func take(_ reply: Reply) throws {
        if let mask = reply.integer {
            if mask & 65 == 0 { stored += 1 }
        } else if let put = PutReply(reply) {
            stored += put.stored
        } else if let masks = reply.elements {
            stored += masks.count { ($0.integer ?? 1) & 65 == 0 }
        } else {
            throw NetworkLoad.Failure.refused(reply)
        }
        open[0] -= 1
        if open[0] == 0 { open.removeFirst() }
    }
}
