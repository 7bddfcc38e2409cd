import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import TachoNotify

/// The HTTP client against receivers that keep to nothing.
struct TargetConnectionTests {
    /// Sends so many requests, one after another, and gives what came of each.
    private func post(
        _ count: Int = 1, to receiver: ScriptedReceiver,
        change: (inout HTTPLimits) -> Void = { _ in }
    ) throws -> [Result<HTTPAnswer, HTTPFailure>] {
        try post(count, toPort: receiver.port, change: change)
    }

    private func post(
        _ count: Int, toPort port: Int, change: (inout HTTPLimits) -> Void = { _ in }
    ) throws -> [Result<HTTPAnswer, HTTPFailure>] {
        var limits = HTTPLimits()
        limits.answerMs = 300
        change(&limits)
        let address = try TargetAddress(
            kind: .webhook, text: "http://kim:pw@127.0.0.1:\(port)/in?x=1")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let loop = group.next()
        let done = loop.makePromise(of: [Result<HTTPAnswer, HTTPFailure>].self)
        loop.execute { [limits] in
            let connection = TargetConnection(
                loop: loop, address: address, tls: nil, limits: limits)
            let run = Run(connection, count) { done.succeed($0) }
            run.next()
        }
        return try done.futureResult.wait()
    }

    private final class Run {
        private let connection: TargetConnection
        private var left: Int
        private var results: [Result<HTTPAnswer, HTTPFailure>] = []
        private let done: ([Result<HTTPAnswer, HTTPFailure>]) -> Void

        init(
            _ connection: TargetConnection, _ count: Int,
            _ done: @escaping ([Result<HTTPAnswer, HTTPFailure>]) -> Void
        ) {
            self.connection = connection
            left = count
            self.done = done
        }

        func next() {
            guard left > 0 else {
                connection.close()
                return done(results)
            }
            left -= 1
            connection.post(Array("{}".utf8), headers: [("X-Number", "\(left)")]) { [self] in
                results.append($0)
                next()
            }
        }
    }

    private func reason(_ result: Result<HTTPAnswer, HTTPFailure>?) -> String {
        if case .failure(let failure)? = result { failure.reason } else { "answered" }
    }

    @Test func `requests go over one connection, with what they need`() throws {
        let receiver = try ScriptedReceiver { _, _ in .status(200, body: "fine") }
        let results = try post(5, to: receiver)
        #expect(results.allSatisfy { (try? $0.get().status) == 200 })
        #expect(receiver.received.map(\.connection) == [0, 0, 0, 0, 0])
        let first = try #require(receiver.received.first)
        #expect(first.head.hasPrefix("POST /in?x=1 HTTP/1.1\r\n"))
        #expect(first.header("host") == "127.0.0.1:\(receiver.port)")
        #expect(first.header("content-type") == "application/json")
        #expect(
            first.header("authorization") == "Basic " + Data("kim:pw".utf8).base64EncodedString())
        #expect(first.header("x-number") == "4" && first.body == "{}")
    }

    @Test func `answers in pieces, in chunks and without a length are read to their end`() throws {
        let receiver = try ScriptedReceiver { number, _ in
            switch number {
            case 0: .trickle("HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nhello")
            case 1:
                .bytes(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
            default: .last("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
            }
        }
        let results = try post(3, to: receiver)
        #expect(
            results.map { (try? $0.get().body) ?? [] }
                == Array(repeating: Array("hello".utf8), count: 3))
        #expect(receiver.connectionCount == 1)
    }

    @Test func `an answer that is cut at any byte is none`() throws {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        for cut in 0..<whole.utf8.count {
            let receiver = try ScriptedReceiver { _, _ in
                .last(String(decoding: Array(whole.utf8.prefix(cut)), as: UTF8.self))
            }
            #expect(reason(try post(1, to: receiver).first) != "answered", "cut at \(cut)")
        }
    }

    @Test func `a connection that ended while it idled is made again`() throws {
        let receiver = try ScriptedReceiver { number, _ in
            number == 0
                ? .last("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") : .ok
        }
        let results = try post(3, to: receiver)
        #expect(results.allSatisfy { (try? $0.get().status) == 200 })
        #expect(receiver.connectionCount == 2)
    }

    @Test func `who ends each connection without an answer is no receiver`() throws {
        let receiver = try ScriptedReceiver { _, _ in .hangUp }
        let results = try post(2, to: receiver)
        #expect(reason(results[0]) == "it ended the connection without an answer")
        #expect(reason(results[1]) == "it ended the connection without an answer")
        #expect(receiver.received.count == 2)
    }

    @Test func `silence and a trickle without an end are over in time`() throws {
        let began = ContinuousClock.now
        let silent = try ScriptedReceiver { _, _ in .silence }
        #expect(reason(try post(1, to: silent).first) == "no answer within 300 ms")
        let half = try ScriptedReceiver { _, _ in
            .bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        }
        let results = try post(2, to: half)
        #expect(results.allSatisfy { reason($0) == "no answer within 300 ms" })
        // What comes of the first is not taken for the second.
        #expect(half.connectionCount == 2)
        #expect(ContinuousClock.now - began < .seconds(20))
    }

    @Test func `of an answer without end so much is read that it is known, and no more`() throws {
        let endless = String(repeating: "x", count: 100_000)
        let receiver = try ScriptedReceiver { number, _ in
            .bytes(
                "HTTP/1.1 \(number == 0 ? 200 : 500) X\r\nContent-Length: 999999999\r\n\r\n"
                    + endless)
        }
        let results = try post(2, to: receiver)
        #expect((try? results[0].get().status) == 200)
        #expect((try? results[1].get().status) == 500)
        #expect((try? results[0].get().body.count) == HTTPLimits.keptBytes)
        #expect(receiver.connectionCount == 2)
        let heads = try ScriptedReceiver { _, _ in
            .bytes("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 1_000_000))
        }
        #expect(reason(try post(1, to: heads).first).hasPrefix("its answer is no HTTP"))
    }

    @Test func `what is no HTTP is told`() throws {
        for text in [
            "SSH-2.0-x\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 20x OK\r\n\r\n",
            "\u{16}\u{3}\u{1}",
        ] {
            let receiver = try ScriptedReceiver { _, _ in .last(text) }
            #expect(
                reason(try post(1, to: receiver).first) != "answered", "\(text.debugDescription)")
        }
    }

    @Test func `redirects are answers like others`() throws {
        let receiver = try ScriptedReceiver { _, _ in
            .status(307, "Location: http://127.0.0.1:1/\r\n")
        }
        let results = try post(1, to: receiver)
        #expect((try? results[0].get().status) == 307)
        #expect(receiver.received.count == 1)
    }

    @Test func `nobody there is told in a word`() throws {
        let receiver = try ScriptedReceiver { _, _ in .ok }
        let port = receiver.port
        receiver.stop()
        #expect(reason(try post(1, toPort: port).first) == "connection refused")
    }
}
