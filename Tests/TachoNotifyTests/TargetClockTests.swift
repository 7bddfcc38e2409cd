import TachoGeo
import Testing

@testable import TachoEngine
@testable import TachoNotify

/// A target while its clock, or what is known of it, is not what it was.
struct TargetClockTests {
    private func settings() -> TargetMachine.Settings {
        var settings = TargetMachine.Settings()
        settings.resendMs = 60_000
        return settings
    }

    /// Lets the machine read from `stream`, and make its episodes again, until it has something to send
    /// or nothing to do.
    private func next(
        _ machine: inout TargetMachine, _ stream: [Alert], atMs nowMs: Int64
    ) -> TargetMachine.Action {
        while true {
            let action = machine.next(nowMs: nowMs, last: stream.last?.id)
            switch action {
            case .read(let after, let limit):
                let rest = stream.filter { alert in after.map { alert.id > $0 } ?? true }
                machine.read(Array(rest.prefix(limit)), nowMs: nowMs)
            case .rebuild(let after, let through, let limit):
                let part = stream.filter { alert in
                    alert.id <= through && (after.map { alert.id > $0 } ?? true)
                }
                let page = Array(part.prefix(limit))
                machine.rebuilt(page, decided: [], isLast: page.count < limit, nowMs: nowMs)
            case .send, .wait: return action
            }
        }
    }

    private func sends(_ action: TargetMachine.Action) -> Delivery? {
        if case .send(let delivery) = action { delivery } else { nil }
    }

    private let hourMs: Int64 = 3_600_000

    /// A machine with one open episode, delivered just after `startMs`.
    private func machine(
        _ stream: [Alert], startMs: Int64
    ) -> TargetMachine {
        var machine = TargetMachine(settings(), mark: DeliveryMark(), seed: 1)
        _ = next(&machine, stream, atMs: startMs + 1)
        machine.answered(.delivered, nowMs: startMs + 2)
        return machine
    }

    @Test func `what waits behind a request without alerts is seen to wait`() throws {
        var stream = [alert(1_000)]
        var machine = machine(stream, startMs: 1_000)
        let again = try #require(sends(next(&machine, stream, atMs: 61_001)))
        #expect(again.alerts == 0)
        machine.answered(.failed(DeliveryFailure(.unreachable, "gone")), nowMs: 61_002)
        #expect(machine.oldestMs == nil)
        stream.append(alert(62_000))
        _ = next(&machine, stream, atMs: 62_001)
        #expect(machine.oldestMs == 62_000)
        stream.append(alert(63_000))
        _ = next(&machine, stream, atMs: 90_000)
        #expect(machine.oldestMs == 62_000, "the first of them, as long as it waits")
        machine.answered(.delivered, nowMs: 90_001)
        #expect(try #require(sends(next(&machine, stream, atMs: 90_002))).alerts == 2)
        #expect(machine.oldestMs == 62_000)
        machine.answered(.delivered, nowMs: 90_003)
        _ = next(&machine, stream, atMs: 90_004)
        #expect(machine.oldestMs == nil)
    }

    @Test func `a clock set back by hours does not silence a target that failed`() throws {
        let start = 10 * hourMs
        let stream = [alert(start)]
        var machine = TargetMachine(settings(), mark: DeliveryMark(), seed: 1)
        let first = try #require(sends(next(&machine, stream, atMs: start)))
        machine.answered(.failed(DeliveryFailure(.later, "busy")), nowMs: start)
        guard case .wait = next(&machine, stream, atMs: start) else {
            Issue.record("no pause")
            return
        }
        #expect(sends(next(&machine, stream, atMs: start - 5 * hourMs)) == first)
    }

    @Test func `after a clock was set back open episodes are told again, and then as ever`() throws
    {
        let start = 10 * hourMs
        let stream = [alert(start)]
        var machine = machine(stream, startMs: start)
        let nowMs = start - 5 * hourMs
        let again = try #require(sends(next(&machine, stream, atMs: nowMs)))
        guard case .again? = again.items.first, again.items.count == 1 else {
            Issue.record("\(again)")
            return
        }
        machine.answered(.delivered, nowMs: nowMs)
        #expect(next(&machine, stream, atMs: nowMs + 1) == .wait(untilMs: nowMs + 60_000))
    }

    @Test func `a failure is reported again in time, also when the clock was set back`() {
        #expect(TargetRunner.isReported(at: 5, after: Int64.min))
        #expect(!TargetRunner.isReported(at: 300_999, after: 1_000))
        #expect(TargetRunner.isReported(at: 301_000, after: 1_000))
        #expect(TargetRunner.isReported(at: 1_000, after: 5 * hourMs))
    }

    @Test func `after a restart what ended meanwhile is not told as open once more`() throws {
        let stream = [alert(1_000), alert(1_001, rider: "r8"), alert(250_000, rider: "open")]
        var before = TargetMachine(settings(), mark: DeliveryMark(), seed: 1)
        for (count, nowMs) in [(2, 1_002), (3, 250_001)] as [(Int, Int64)] {
            let part = Array(stream.prefix(count))
            // Reminders come in between.
            while sends(next(&before, part, atMs: nowMs)) != nil {
                before.answered(.delivered, nowMs: nowMs)
            }
        }
        var again = TargetMachine(settings(), mark: before.mark, seed: 2)
        let sent = try #require(sends(next(&again, stream, atMs: 400_000)))
        var (ended, told): ([String], [String]) = ([], [])
        for item in sent.items {
            let rider = String(decoding: item.rider, as: UTF8.self)
            switch item {
            case .resolved: ended.append(rider)
            case .again: told.append(rider)
            case .alert: Issue.record("\(item)")
            }
        }
        #expect(ended == ["r7", "r8"])
        #expect(told == ["open"])
    }

    @Test func `with more ends due than one request takes, none of them is told as open`() throws {
        // Half a request's worth of ends go with one: the others wait for the next.
        let stream = (0..<50).map { alert(1_000, UInt32($0), rider: "r\($0)") }
        let before = machine(stream, startMs: 1_000)
        var again = TargetMachine(settings(), mark: before.mark, seed: 2)
        var ended = Set<[UInt8]>()
        while let delivery = sends(next(&again, stream, atMs: 24 * hourMs)) {
            for item in delivery.items {
                guard case .resolved = item else {
                    Issue.record("\(item)")
                    return
                }
                ended.insert(item.rider)
            }
            again.answered(.delivered, nowMs: 24 * hourMs)
        }
        #expect(ended.count == 50)
    }
}
