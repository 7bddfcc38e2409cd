import Foundation
import ScriptedServer
import Synchronization
import TachoGeo
import TachoWire

@testable import TachoClient

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

extension Mutex where Value == Int {
    /// Counts: 1 the first time.
    func next() -> Int {
        withLock { count in
            count += 1
            return count
        }
    }
}

let testStartMs: Int64 = 1_767_312_000_000

/// Fixes that differ in their time.
func testFixes(_ count: Int, from first: Int = 0, riders: Int = 3) -> [RiderFix] {
    (first..<first + count).map {
        RiderFix(
            rider: "r\($0 % riders)", tsMs: testStartMs + Int64($0), latE7: 375_000_000,
            lonE7: 1_270_000_000)
    }
}

/// A packed batch as a server reads it: (rider, fix) in order.
func rows(_ payload: [UInt8]) -> [(rider: String, fix: Fix, malformed: Bool)] {
    var batch = FixBatch()
    let count = payload.withUnsafeBytes { try? PackedReader.append($0, to: &batch) }
    guard count != nil else { return [] }
    return batch.entries.map { entry in
        let name = batch.names[Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameCount)]
        return (String(decoding: name, as: UTF8.self), entry.fix, entry.malformed != nil)
    }
}

/// What a `tachod` does with T.PUT, as far as a client can see it, and what can go wrong: it
/// remembers fixes over "restarts", and answers of sessions until one.
final class FakeEngine: Sendable {
    enum Trouble {
        case none
        /// Stored, and the connection ends before the answer.
        case lostAnswer
        /// Not even stored.
        case lostRequest
        case tryAgain
        /// The server was killed in between: it has forgotten its sessions.
        case killedBefore
        case error(String)
        case silence
    }

    struct State {
        var stored: [String: [Fix]] = [:]
        /// In the order in which they were first stored.
        var order: [Fix] = []
        var answers: [String: (sequence: Int64, reply: String)] = [:]
        var put = 0
        var requests: [[String]] = []
        var memoryAnswers = 0
        var olderErrors = 0
    }

    let state = Mutex(State())
    private let trouble: @Sendable (_ put: Int) -> Trouble
    private let other: @Sendable (Int, [String]) -> ScriptedServer.Answer?

    init(_ trouble: @escaping @Sendable (_ put: Int) -> Trouble = { _ in .none }) {
        self.trouble = trouble
        other = { _, _ in nil }
    }

    /// `other` answers what is not T.PUT; nil: with OK.
    init(other: @escaping @Sendable (Int, [String]) -> ScriptedServer.Answer?) {
        trouble = { _ in .none }
        self.other = other
    }

    func start(port: Int = 0) throws -> ScriptedServer {
        try ScriptedServer.start(port: port, raw: { self.answer($0, $1) })
    }

    var storedCount: Int { state.withLock { $0.order.count } }
    var puts: Int { state.withLock { $0.put } }

    private func answer(_ number: Int, _ words: [[UInt8]]) -> ScriptedServer.Answer {
        let text = words.map { String(decoding: $0, as: UTF8.self) }
        guard text[0] == "T.PUT" else {
            state.withLock { $0.requests.append(text) }
            return other(number, text) ?? .bytes("+OK\r\n")
        }
        return state.withLock { state in
            state.put += 1
            let trouble = trouble(state.put)
            switch trouble {
            case .tryAgain: return .bytes("-TRYAGAIN 5 busy\r\n")
            case .error(let line): return .bytes("-\(line)\r\n")
            case .lostRequest: return .hangUp
            case .silence: return .silence
            case .killedBefore: state.answers = [:]
            case .none, .lostAnswer: break
            }
            let reply = store(words[1], Array(text.dropFirst(2)), &state)
            if case .lostAnswer = trouble { return .hangUp }
            return .bytes(reply)
        }
    }

    private func store(_ payload: [UInt8], _ session: [String], _ state: inout State) -> String {
        if session.count == 4, let sequence = Int64(session[3]) {
            if let known = state.answers[session[1]] {
                if known.sequence == sequence {
                    state.memoryAnswers += 1
                    return known.reply
                }
                if known.sequence > sequence {
                    state.olderErrors += 1
                    return "-ERR SEQ \(sequence) is older than \(known.sequence)\r\n"
                }
            }
        }
        let masks = rows(payload).map { row -> ReplyMask in
            if row.malformed { return .malformed }
            if state.stored[row.rider]?.contains(row.fix) == true { return .duplicate }
            state.stored[row.rider, default: []].append(row.fix)
            state.order.append(row.fix)
            return .stored
        }
        var writer = ReplyWriter()
        writer.put(masks[...])
        let reply = String(decoding: writer.bytes, as: UTF8.self)
        if session.count == 4, let sequence = Int64(session[3]) {
            state.answers[session[1]] = (sequence, reply)
        }
        return reply
    }
}

/// A configuration that loses no time in tests.
func testConfiguration(_ servers: ScriptedServer...) -> TachoClientConfiguration {
    var configuration = TachoClientConfiguration(
        endpoints: servers.map { $0.address.description })
    configuration.minBackoffMs = 2
    configuration.maxBackoffMs = 20
    configuration.connectTimeoutMs = 2_000
    configuration.replyTimeoutMs = 2_000
    configuration.maxBatchPoints = 10
    return configuration
}

func withDirectory<T>(_ body: (String) async throws -> T) async throws -> T {
    let path = NSTemporaryDirectory() + "tacho-client-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
