import Foundation
import TachoGeo
import Testing

@testable import TachoEngine

/// What people say about alerts: appended, durable, never changed.
@Suite(.serialized)
struct AlertReviewTests {
    private func raise(_ engine: Engine, _ rider: String = "r") throws -> AlertID {
        let before = engine.lastAlertID
        try engine.add(rider, Fix(tsMs: 32_503_680_000_000, latE7: 375_000_000, lonE7: 1))
        return try #require(engine.alerts(after: before, through: nil, limit: 1).first).id
    }

    private func request(
        _ id: AlertID, _ state: AlertState, by actor: String = "kim", _ note: String = ""
    ) -> ReviewRequest {
        ReviewRequest(
            id: id, state: state, actor: Array(actor.utf8), note: Array(note.utf8))
    }

    @Test func `the history lists everything that was said, and the state is the last`() throws {
        let directory = TemporaryDirectory()
        var engine = try Engine.open(testOptions(directory))
        let id = try raise(engine)
        let steps: [AlertState] = [
            .acknowledged, .falsePositive, .confirmed, .appeal, .appealRejected, .appeal,
            .appealUpheld,
        ]
        for (number, state) in steps.enumerated() {
            let record = try engine.review(request(id, state, by: "p\(number)", "n\(number)"))
            #expect(record.step == number)
            #expect(record.state == state)
            #expect(record.atMs == testNowMs)
            #expect(try engine.alertsByReceipt().map(\.state) == [state])
        }
        for restart in 0..<3 {
            let file = try #require(try engine.alertFile(id))
            #expect(file.alert.state == .appealUpheld)
            #expect(file.history.map(\.state) == steps, "restart \(restart)")
            #expect(file.history.map(\.step) == Array(0..<7))
            #expect(file.history.map { String(decoding: $0.actor, as: UTF8.self) }[3] == "p3")
            #expect(file.history.map { String(decoding: $0.note, as: UTF8.self) }[3] == "n3")
            // The stream's entry is what it was.
            #expect(engine.alerts(after: nil, through: nil, limit: 9).map(\.state) == [.open])
            if restart == 0 { engine.abandon() } else { try engine.close() }
            engine = try Engine.open(testOptions(directory))
        }
        try engine.close()
    }

    @Test func `an unknown id, a step that is not allowed and a long note are told apart`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        let id = try raise(engine)
        let unknown = AlertID(ms: id.ms, n: id.n + 1)
        #expect(throws: ReviewError.unknownAlert(unknown)) {
            try engine.review(request(unknown, .acknowledged))
        }
        #expect(throws: ReviewError.notAllowed(id, from: .open, to: .appealUpheld)) {
            try engine.review(request(id, .appealUpheld))
        }
        #expect(throws: ReviewError.notAllowed(id, from: .open, to: .open)) {
            try engine.review(request(id, .open))
        }
        #expect(throws: ReviewError.text("the note has 1025 bytes, at most 1024")) {
            try engine.review(request(id, .acknowledged, String(repeating: "x", count: 1_025)))
        }
        #expect(throws: ReviewError.text("who reviews must have a name")) {
            try engine.review(request(id, .acknowledged, by: ""))
        }
        #expect(try engine.alertFile(unknown) == nil)
        #expect(try engine.alertFile(id)?.history == [])
        #expect(
            ReviewError.notAllowed(id, from: .appeal, to: .confirmed).description
                == "alert \(id.text) is appeal and cannot become confirmed,"
                + " only appeal_upheld or appeal_rejected")
        try engine.close()
        #expect(throws: ReviewError.stopped("the engine is closed")) {
            try engine.review(request(id, .acknowledged))
        }
    }

    @Test func `sent again it is answered with the record that is there`() throws {
        let directory = TemporaryDirectory()
        var engine = try Engine.open(testOptions(directory))
        let id = try raise(engine)
        let first = try engine.review(request(id, .acknowledged, "looking"))
        #expect(try engine.review(request(id, .acknowledged, "looking")) == first)
        engine.abandon()
        engine = try Engine.open(testOptions(directory))
        #expect(try engine.review(request(id, .acknowledged, "looking")) == first)
        // Another person, or another note, is another record, and ack does not follow ack.
        #expect(throws: ReviewError.notAllowed(id, from: .acknowledged, to: .acknowledged)) {
            try engine.review(request(id, .acknowledged, by: "lee", "looking"))
        }
        #expect(try engine.alertFile(id)?.history == [first])
        try engine.close()
    }

    @Test func `a history has its end`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.fault = .skipSync
        let engine = try Engine.open(options)
        let id = try raise(engine)
        for step in 0..<100 {
            _ = try engine.review(request(id, step % 2 == 0 ? .confirmed : .falsePositive))
        }
        #expect(throws: ReviewError.historyFull(id)) { try engine.review(request(id, .confirmed)) }
        #expect(try engine.alertFile(id)?.history.count == 100)
        try engine.close()
    }

    /// Two decisions that exclude each other, at the same time, on many alerts.
    @Test func `of two that exclude each other one is taken`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.fault = .skipSync
        let engine = try Engine.open(options)
        let ids = try (0..<40).map { try raise(engine, "r\($0)") }
        let done = DispatchSemaphore(value: 0)
        let lock = NSLock()
        nonisolated(unsafe) var taken: [AlertID: [AlertState]] = [:]
        for id in ids {
            for state in [AlertState.falsePositive, .appeal] {
                engine.review(request(id, state)) { result in
                    if case .success(let record) = result {
                        lock.withLock { taken[id, default: []].append(record.state) }
                    }
                    done.signal()
                }
            }
        }
        for _ in 0..<80 { done.wait() }
        for id in ids {
            let states = lock.withLock { taken[id] ?? [] }
            #expect(states.count == 1)
            #expect(try engine.alertFile(id)?.history.map(\.state) == states)
        }
        try engine.close()
    }

    @Test func `a nearly full disk is told as try again`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        let engine = try Engine.open(options)
        let id = try raise(engine)
        try engine.close()
        options.minFreeBytes = UInt64.max
        let full = try Engine.open(options)
        #expect {
            try full.review(request(id, .acknowledged))
        } throws: { error in
            if case .tryAgain? = error as? ReviewError { true } else { false }
        }
        try full.close()
    }

    @Test func `lists select by rider, code, severity, state and time`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        for (number, rider) in ["a", "b"].enumerated() {
            let start = Double(number * 100)
            try engine.add(
                rider, fix(start), fix(start + 1, north: 9000), fix(start + 2),
                provenance: .history)
        }
        let all = try engine.alertsByReceipt()
        #expect(all.map(\.code) == [.teleport, .spike, .teleport, .spike])
        _ = try engine.review(request(all[3].id, .confirmed))
        func listed(_ change: (inout AlertFilter) -> Void) throws -> [Int] {
            var filter = AlertFilter()
            change(&filter)
            let ids = try engine.alertsByReceipt(filter).map(\.id)
            return ids.map { id in all.firstIndex { $0.id == id }! }
        }
        #expect(try listed { $0.rider = Array("b".utf8) } == [2, 3])
        #expect(try listed { $0.rider = Array("c".utf8) } == [])
        #expect(try listed { $0.code = .spike } == [1, 3])
        #expect(try listed { $0.severity = "crit" } == [0, 2])
        #expect(try listed { $0.state = .open } == [0, 1, 2])
        #expect(try listed { $0.state = .confirmed } == [3])
        #expect(try listed { $0.fromMs = fix(2).tsMs } == [1, 2, 3])
        #expect(try listed { $0.toMs = fix(2).tsMs } == [0, 1])
        try engine.close()
    }

    @Test(arguments: [
        "", "-", "1", "1-", "-1", "1-2-3", "+1-2", "1-4294967296", "9223372036854775808-0", " 1-2",
        "x-1",
    ])
    func `an id that none gave is none`(text: String) {
        #expect(AlertID(text: text) == nil)
    }

    @Test func `an id reads back equal`() {
        for id in [AlertID(ms: 0, n: 0), AlertID(ms: .max, n: .max)] {
            #expect(AlertID(text: id.text) == id)
        }
    }
}
