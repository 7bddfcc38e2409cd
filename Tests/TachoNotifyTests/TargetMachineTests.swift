import TachoGeo
import Testing

@testable import TachoEngine
@testable import TachoNotify

/// A target without a socket: what it is told, and when.
struct TargetMachineTests {
    private func settings(
        resolveMs: Int64 = 300_000, resendMs: Int64? = 60_000
    ) -> TargetMachine.Settings {
        var settings = TargetMachine.Settings()
        settings.resolveMs = resolveMs
        settings.resendMs = resendMs
        return settings
    }

    /// Lets the machine read from `stream` until it has something to send, or nothing to do.
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
                machine.rebuilt(
                    page, decided: [], isLast: page.count < limit, nowMs: nowMs)
            case .send, .wait: return action
            }
        }
    }

    private func items(_ action: TargetMachine.Action) throws -> [DeliveryItem] {
        guard case .send(let delivery) = action else {
            Issue.record("\(action) where something should be sent")
            return []
        }
        return delivery.items
    }

    @Test func `an alert is sent at once, told again while it is open, and resolved when due`()
        throws
    {
        var machine = TargetMachine(settings(), mark: DeliveryMark(), seed: 1)
        #expect(next(&machine, [], atMs: 0) == .wait(untilMs: nil))
        let stream = [alert(1_000)]
        let first = try items(next(&machine, stream, atMs: 1_003))
        #expect(first.map(\.alertID) == [AlertID(ms: 1_000, n: 0)])
        #expect(machine.mark == DeliveryMark(), "not before it was delivered")
        machine.answered(.delivered, nowMs: 1_005)
        #expect(
            machine.mark
                == DeliveryMark(
                    delivered: stream[0].id, position: 1, openFrom: stream[0].id))
        #expect(next(&machine, stream, atMs: 1_010) == .wait(untilMs: 61_003))
        for nowMs: Int64 in [61_003, 121_003, 181_003, 241_003] {
            let again = try items(next(&machine, stream, atMs: nowMs))
            guard case .again(let episode)? = again.first else {
                Issue.record("\(again)")
                return
            }
            #expect(episode.startsAtMs == 1_000)
            machine.answered(.delivered, nowMs: nowMs)
        }
        #expect(next(&machine, stream, atMs: 300_999) == .wait(untilMs: 301_000))
        let last = try items(next(&machine, stream, atMs: 301_000))
        guard case .resolved(let episode, 301_000, .quiet)? = last.first, last.count == 1 else {
            Issue.record("\(last)")
            return
        }
        #expect(episode.last == stream[0].id)
        #expect(machine.mark.openFrom == stream[0].id, "not before it was delivered")
        machine.answered(.delivered, nowMs: 301_001)
        #expect(machine.mark.openFrom == nil)
        #expect(next(&machine, stream, atMs: 1_000_000) == .wait(untilMs: nil))
    }

    @Test func `further alerts of a rider and rule put the end off, others do not`() throws {
        var machine = TargetMachine(settings(resendMs: nil), mark: DeliveryMark(), seed: 1)
        let stream = [
            alert(1_000), alert(200_000), alert(200_000, 1, code: .frozen),
            alert(200_000, 2, severity: "warn"), alert(200_000, 3, rider: "r8"),
        ]
        _ = next(&machine, stream, atMs: 200_001)
        machine.answered(.delivered, nowMs: 200_002)
        #expect(machine.openEpisodes == 4)
        // The first came late and counts as new: nothing ends before 300 s after it arrived.
        #expect(next(&machine, stream, atMs: 300_001) == .wait(untilMs: 500_000))
        #expect(try items(next(&machine, stream, atMs: 500_000)).count == 3)
    }

    @Test func `an alert after the end opens a new episode, behind the end of the old one`()
        throws
    {
        var machine = TargetMachine(settings(resendMs: nil), mark: DeliveryMark(), seed: 1)
        let stream = [alert(1_000), alert(301_000)]
        _ = next(&machine, [stream[0]], atMs: 1_001)
        machine.answered(.delivered, nowMs: 1_002)
        let sent = try items(next(&machine, stream, atMs: 301_001))
        #expect(sent.count == 2)
        guard case .resolved(let old, 301_000, .quiet) = sent[0], old.last == stream[0].id,
            case .alert(let second, let new) = sent[1]
        else {
            Issue.record("\(sent)")
            return
        }
        #expect(new.first == second.id && second.id == stream[1].id)
    }

    @Test func `an end that is due waits for alerts that are not read yet and put it off`() throws {
        var machine = TargetMachine(settings(resendMs: nil), mark: DeliveryMark(), seed: 1)
        var stream = [alert(1_000)]
        _ = next(&machine, stream, atMs: 1_001)
        machine.answered(.delivered, nowMs: 1_002)
        // More than fit in a request, then one more of the first rider, all before anybody looks.
        stream += (0..<64).map { alert(200_000, UInt32($0), rider: "other-\($0)") }
        stream.append(alert(250_000))
        let first = try items(next(&machine, stream, atMs: 302_000))
        #expect(first.count == 64 && first.allSatisfy { $0.alertID != nil })
        machine.answered(.delivered, nowMs: 302_001)
        let second = try items(next(&machine, stream, atMs: 302_002))
        guard case .alert(_, let episode)? = second.first, second.count == 1 else {
            Issue.record("\(second)")
            return
        }
        #expect(episode.first == stream[0].id)
    }

    @Test func `what people decide ends the episode at once`() throws {
        var machine = TargetMachine(settings(), mark: DeliveryMark(), seed: 1)
        let stream = [alert(1_000)]
        _ = next(&machine, stream, atMs: 1_001)
        // Decided while it is on its way.
        machine.reviewed(stream[0].id, .falsePositive, nowMs: 1_002)
        machine.answered(.delivered, nowMs: 1_003)
        guard
            case .resolved(_, 1_002, .decided)? = try items(
                next(&machine, stream, atMs: 1_004)
            ).first
        else {
            Issue.record("not resolved")
            return
        }
        machine.answered(.delivered, nowMs: 1_005)
        // Taken up by somebody: no decision.
        let more = stream + [alert(2_000)]
        _ = next(&machine, more, atMs: 2_001)
        machine.answered(.delivered, nowMs: 2_002)
        machine.reviewed(more[1].id, .acknowledged, nowMs: 2_003)
        #expect(next(&machine, more, atMs: 2_004) == .wait(untilMs: 62_001))
        // Decided before it was read.
        let third = alert(3_000, rider: "r9")
        machine.reviewed(third.id, .confirmed, nowMs: 3_000)
        let sent = try items(next(&machine, more + [third], atMs: 3_001))
        #expect(sent.count == 2)
        #expect(machine.openEpisodes == 1)
    }

    @Test func `what failed is sent again as it is, later each time, and what follows waits`()
        throws
    {
        var machine = TargetMachine(settings(), mark: DeliveryMark(), seed: 7)
        var stream = [alert(1_000)]
        var nowMs: Int64 = 1_001
        let first = try items(next(&machine, stream, atMs: nowMs))
        stream.append(alert(1_500))
        var waits: [Int64] = []
        for _ in 0..<12 {
            machine.answered(.failed(DeliveryFailure(.unreachable, "gone")), nowMs: nowMs)
            guard case .wait(let untilMs?) = next(&machine, stream, atMs: nowMs) else {
                Issue.record("no pause")
                return
            }
            waits.append(untilMs - nowMs)
            nowMs = untilMs
            #expect(try items(next(&machine, stream, atMs: nowMs)) == first)
        }
        #expect(waits.allSatisfy { (100...30_000).contains($0) }, "\(waits)")
        #expect(waits[0] <= 200 && waits[11] >= 15_000, "\(waits)")
        machine.answered(
            .failed(DeliveryFailure(.later, "busy", retryAfterMs: 29_999)), nowMs: nowMs)
        guard case .wait(let untilMs?) = next(&machine, stream, atMs: nowMs) else { return }
        #expect((29_999...30_000).contains(untilMs - nowMs))
        #expect(machine.failures == 13)
        _ = next(&machine, stream, atMs: untilMs)
        machine.answered(.delivered, nowMs: untilMs)
        #expect(machine.failures == 0)
        let rest = try items(next(&machine, stream, atMs: untilMs))
        #expect(rest.first?.alertID == stream[1].id)
    }

    @Test func `after a target was away it is told of all open episodes`() throws {
        var machine = TargetMachine(settings(), mark: DeliveryMark(), seed: 7)
        var stream = (0..<40).map { alert(1_000, UInt32($0), rider: "r\($0)") }
        _ = next(&machine, stream, atMs: 1_001)
        machine.answered(.delivered, nowMs: 1_002)
        stream.append(alert(2_000, rider: "late"))
        _ = next(&machine, stream, atMs: 2_001)
        machine.answered(.failed(DeliveryFailure(.unreachable, "gone")), nowMs: 2_002)
        _ = next(&machine, stream, atMs: 3_000)
        machine.answered(.delivered, nowMs: 3_001)
        var told = Set<[UInt8]>()
        while case .send(let delivery) = next(&machine, stream, atMs: 3_002) {
            for case .again(let episode) in delivery.items { told.insert(episode.key.rider) }
            machine.answered(.delivered, nowMs: 3_002)
        }
        #expect(told.count == 41)
    }

    @Test func `an alert that arrives late stays open as long as any other`() throws {
        var machine = TargetMachine(settings(resendMs: nil), mark: DeliveryMark(), seed: 7)
        let stream = [alert(1_000)]
        _ = next(&machine, stream, atMs: 3_600_000)
        machine.answered(.delivered, nowMs: 3_600_001)
        #expect(next(&machine, stream, atMs: 3_600_002) == .wait(untilMs: 3_900_001))
        // The same after a restart.
        var again = TargetMachine(settings(resendMs: nil), mark: machine.mark, seed: 8)
        #expect(next(&again, stream, atMs: 3_600_003) == .wait(untilMs: 3_900_001))
    }

    @Test func `ends that were due while nobody ran are told after the start`() throws {
        var machine = TargetMachine(settings(), mark: DeliveryMark(), seed: 7)
        let stream = [alert(1_000), alert(1_001, rider: "r8")]
        _ = next(&machine, stream, atMs: 1_002)
        machine.answered(.delivered, nowMs: 1_003)
        var again = TargetMachine(settings(), mark: machine.mark, seed: 7)
        let sent = try items(next(&again, stream, atMs: 900_000))
        let ends = sent.compactMap { item -> Int64? in
            if case .resolved(_, let atMs, .quiet) = item { atMs } else { nil }
        }
        #expect(ends == [301_000, 301_001])
    }

    @Test func `more open episodes than are kept in mind end early, and are counted`() throws {
        var few = settings(resendMs: nil)
        few.maxEpisodes = 3
        var machine = TargetMachine(few, mark: DeliveryMark(), seed: 7)
        let stream = (0..<5).map { alert(1_000 + Int64($0), rider: "r\($0)") }
        let sent = try items(next(&machine, stream, atMs: 1_010))
        let early = sent.compactMap { item -> [UInt8]? in
            if case .resolved(let episode, _, .crowded) = item { episode.key.rider } else { nil }
        }
        #expect(early == [Array("r0".utf8), Array("r1".utf8)])
        #expect(machine.resolvedEarly == 2 && machine.openEpisodes == 3)
    }

    @Test func `the fault that campaigns look for notes before it delivers`() throws {
        var faulty = settings()
        faulty.notesBeforeDelivery = true
        var machine = TargetMachine(faulty, mark: DeliveryMark(), seed: 7)
        _ = next(&machine, [alert(1_000)], atMs: 1_001)
        #expect(machine.mark.delivered == AlertID(ms: 1_000, n: 0))
    }
}
