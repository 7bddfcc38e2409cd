import Foundation
import Synchronization
import TachoGeo
import TachoStore

@testable import TachoEngine

/// A clock that a test sets.
final class TestClock: Sendable {
    private let ms = Mutex(testNowMs)
    var now: Int64 { ms.withLock { $0 } }
    func advance(_ by: Int64) { ms.withLock { $0 += by } }
}

/// An engine whose alerts come when the test says so.
final class GroupBench {
    let directory = TemporaryDirectory()
    let clock = TestClock()
    var options: EngineOptions
    private(set) var engine: Engine
    private var riders = 0

    init(_ change: (inout EngineOptions) -> Void = { _ in }) throws {
        options = testOptions(directory)
        options.nowMs = { [clock] in clock.now }
        change(&options)
        engine = try Engine.open(options)
    }

    deinit { engine.abandon() }

    func kill() throws {
        engine.abandon()
        engine = try Engine.open(options)
    }

    func restart() throws {
        try engine.close()
        engine = try Engine.open(options)
    }

    /// Fixes from next week: an alert for each, of a rider of its own. Returns when they can be read, which
    /// is soon after they are answered.
    func alert(_ count: Int = 1) throws {
        let fixes = (0..<count).map { index in
            ("r\(riders + index)", fix(600_000 + Double(riders + index)))
        }
        riders += count
        _ = try engine.append(batch(fixes))
        while engine.alertCount < riders || ids.count < riders { sched_yield() }
    }

    var ids: [AlertID] {
        engine.alerts(after: nil, through: nil, limit: .max).map(\.id)
    }

    func ask(_ request: GroupRequest) -> GroupAnswer { engine.ask(request) }

    func place(_ group: String = "g", _ key: String = "alerts") -> GroupPlace {
        GroupPlace(key: Array(key.utf8).withUnsafeBytes { StreamKey($0) }, group: Array(group.utf8))
    }

    @discardableResult
    func create(_ group: String = "g", _ start: GroupStart = .after(.zero)) -> GroupAnswer {
        ask(.create(place(group), start: start, makesStream: false, entriesRead: nil))
    }

    /// `own` nil: new entries.
    func readRequest(
        _ consumer: String, group: String = "g", key: String = "alerts", count: Int? = nil,
        own: StreamID? = nil, blockMs: Int64? = nil, noAck: Bool = false
    ) -> GroupRequest {
        var read = GroupRead(group: Array(group.utf8), consumer: Array(consumer.utf8))
        read.streams = [(place(group, key).key, own)]
        (read.count, read.blockMs, read.noAck) = (count, blockMs, noAck)
        return .read(read)
    }

    func read(
        _ consumer: String, group: String = "g", key: String = "alerts", count: Int? = nil,
        own: StreamID? = nil, noAck: Bool = false
    ) -> [AlertID] {
        ask(
            readRequest(
                consumer, group: group, key: key, count: count, own: own, noAck: noAck)
        ).ids
    }

    func acknowledge(_ ids: [AlertID], group: String = "g") -> GroupAnswer {
        ask(.acknowledge(place(group), ids.map { StreamID($0) }))
    }

    /// Starts a read that waits.
    func wait(_ consumer: String, group: String = "g", count: Int? = nil) -> Waiting {
        let waiting = Waiting()
        waiting.ticket = engine.ask(
            readRequest(consumer, group: group, count: count, blockMs: 0),
            limits: GroupReplyLimits(entries: 16_384, bytes: 7 << 20)
        ) { waiting.give($0) }
        return waiting
    }

    final class Waiting: @unchecked Sendable {
        var ticket: GroupTicket?
        private let answer = Monitor<GroupAnswer?>(nil)

        func give(_ result: GroupAnswer) {
            answer.change { state in
                state = result
                return (true, ())
            }
        }

        /// nil: it waits.
        var now: GroupAnswer? { answer.with { $0 } }
        func get() -> GroupAnswer { answer.wait { $0 } }
    }
}

extension GroupAnswer {
    /// Of all entries that are told.
    var ids: [AlertID] {
        switch self {
        case .read(let streams): streams.flatMap { $0.entries.map(\.id) }
        case .claimed(let entries): entries.map(\.id)
        case .claimedIDs(let ids): ids
        case .autoClaimed(_, let entries, _): entries.map(\.id)
        case .autoClaimedIDs(_, let ids, _): ids
        case .pending(let pending): pending.map(\.id)
        default: []
        }
    }

    var number: Int64? { if case .integer(let value) = self { value } else { nil } }

    var refusal: GroupRefusal? { if case .refused(let refusal) = self { refusal } else { nil } }

    /// As a model can tell it too.
    var text: String {
        func list(_ ids: [AlertID]) -> String { ids.map(\.text).joined(separator: ",") }
        func name(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        func known(_ value: Int64?) -> String { value.map { "\($0)" } ?? "nil" }
        switch self {
        case .ok: return "OK"
        case .integer(let value): return "\(value)"
        case .nothing: return "nil"
        case .read(let streams):
            return streams.map { "\(name($0.key)): \(list($0.entries.map(\.id)))" }
                .joined(separator: "; ")
        case .claimed(let entries): return "claimed \(list(entries.map(\.id)))"
        case .claimedIDs(let ids): return "ids \(list(ids))"
        case .autoClaimed(let next, let entries, let deleted):
            return "\(next?.text ?? "0-0") claimed \(list(entries.map(\.id))) -\(list(deleted))"
        case .autoClaimedIDs(let next, let ids, let deleted):
            return "\(next?.text ?? "0-0") ids \(list(ids)) -\(list(deleted))"
        case .summary(let one):
            return "\(one.count) \(one.first?.text ?? "nil") \(one.last?.text ?? "nil") "
                + one.consumers.map { "\(name($0.name))=\($0.count)" }.joined(separator: ",")
        case .pending(let pending):
            return pending.map { "\($0.id.text) \(name($0.consumer)) \($0.idleMs) \($0.count)" }
                .joined(separator: "; ")
        case .groups(let groups):
            return groups.map { one in
                "\(name(one.name)) \(one.consumers) \(one.pending) \(one.last.text)"
                    + " \(known(one.entriesRead)) \(known(one.lag))"
            }.joined(separator: "; ")
        case .consumers(let consumers):
            return consumers.map { "\(name($0.name)) \($0.pending) \($0.idleMs)" }
                .joined(separator: "; ")
        case .stream(let stream):
            return "\(stream.length) \(stream.last?.text ?? "nil") \(stream.groupCount)"
        case .refused(let refusal):
            return switch refusal {
            case .noGroup: "noGroup"
            case .noGroupOfKey: "noGroupOfKey"
            case .noGroupToRead: "noGroupToRead"
            default: "\(refusal)"
            }
        }
    }
}
