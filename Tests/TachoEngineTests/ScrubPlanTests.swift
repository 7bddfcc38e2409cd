import Testing

@testable import TachoEngine

/// Which segment a scrubber looks at next, without files and without waiting.
struct ScrubPlanTests {
    private let dayMs = ScrubRow.dayLengthMs
    private let startMs: Int64 = 1_767_000_000_000

    /// A plan that has just been through everything, at `startMs`.
    private func rested() -> Held { Held(ScrubRow(dayMs: startMs, wholeMs: startMs)) }

    /// A plan that expectations can call: they take nothing that changes a value.
    private final class Held {
        private var plan: ScrubPlan

        init(_ row: ScrubRow) { plan = ScrubPlan(row: row) }

        var known: ScrubRow { plan.known }
        var unread: Set<UInt32> { plan.unread }
        var isIdle: Bool { plan.isIdle }

        func step(_ nowMs: Int64, last: UInt32) -> ScrubPlan.Step {
            plan.next(nowMs: nowMs, last: last)
        }

        func note(
            _ segment: UInt32, _ state: SegmentLook.State, of pass: ScrubPlan.Pass? = nil,
            nowMs: Int64
        ) -> Bool {
            plan.note(segment, state, of: pass, nowMs: nowMs)
        }

        func begin(newestDay segments: [UInt32]) { plan.begin(newestDay: segments) }
        func end(_ pass: ScrubPlan.Pass, nowMs: Int64) { plan.end(pass, nowMs: nowMs) }
    }

    @Test func `a kill while a segment is looked at lets none out`() {
        let nowMs = startMs + 7 * dayMs
        var plan = rested()
        var looked: [UInt32] = []
        // Each segment is begun once in a life that ends there, and once in one that does not.
        for life in 0..<10 {
            plan = Held(plan.known)
            guard case .look(let segment, .whole) = plan.step(nowMs, last: 5) else { break }
            if life % 2 == 0 { continue }
            looked.append(segment)
            _ = plan.note(segment, .sound, of: .whole, nowMs: nowMs)
        }
        #expect(looked == [1, 2, 3, 4, 5])
        #expect(plan.step(nowMs, last: 5) == .end(.whole))
        #expect(plan.known.wholeMs == startMs, "it is not done before it was noted")
        plan.end(.whole, nowMs: nowMs)
        #expect(plan.known == ScrubRow(dayMs: nowMs, wholeMs: nowMs))
        #expect(plan.step(nowMs, last: 5) == .nothing && plan.isIdle)
    }

    @Test func `the newest day counts as looked through when all of it was`() {
        let nowMs = startMs + dayMs
        let plan = rested()
        #expect(plan.step(nowMs, last: 9) == .findNewestDay)
        plan.begin(newestDay: [9, 8])
        #expect(plan.step(nowMs, last: 9) == .look(8, .newestDay))
        _ = plan.note(8, .sound, of: .newestDay, nowMs: nowMs)
        // A kill here: the day is found again.
        let next = Held(plan.known)
        #expect(next.step(nowMs, last: 9) == .findNewestDay)
        #expect(plan.step(nowMs, last: 9) == .look(9, .newestDay))
        _ = plan.note(9, .damaged, of: .newestDay, nowMs: nowMs)
        #expect(plan.step(nowMs, last: 9) == .end(.newestDay))
        plan.end(.newestDay, nowMs: nowMs)
        #expect(plan.known == ScrubRow(dayMs: nowMs, wholeMs: startMs, damaged: [9]))
        #expect(plan.step(nowMs, last: 9) == .nothing)
    }

    @Test func `times to come count as none`() {
        for (day, whole) in [(400, 0), (0, 400), (400, 400)] as [(Int64, Int64)] {
            let row = ScrubRow(dayMs: startMs + day * dayMs, wholeMs: startMs + whole * dayMs)
            let plan = Held(row)
            let step = plan.step(startMs + 1, last: 1)
            #expect(step == (whole > 0 ? .look(1, .whole) : .findNewestDay), "\(day), \(whole)")
        }
    }

    @Test func `what could not be read is tried again within the hour, and is not damaged`() {
        let plan = rested()
        #expect(plan.note(3, .damaged, nowMs: startMs))
        for segment: UInt32 in [2, 3] {
            #expect(plan.note(segment, .unread, nowMs: startMs), "it is told of")
            #expect(!plan.note(segment, .unread, nowMs: startMs), "once")
        }
        #expect(plan.known.damaged == [3], "what it was stays")
        #expect(plan.unread == [2, 3])
        #expect(plan.step(startMs + ScrubPlan.againAfterMs - 1, last: 5) == .nothing)
        let nowMs = startMs + ScrubPlan.againAfterMs
        #expect(plan.step(nowMs, last: 5) == .look(2, .again))
        #expect(!plan.note(2, .unread, of: .again, nowMs: nowMs), "not told of again")
        #expect(plan.step(nowMs, last: 5) == .look(3, .again))
        #expect(!plan.note(3, .sound, of: .again, nowMs: nowMs))
        #expect(plan.step(nowMs, last: 5) == .nothing, "2 waits for the next hour")
        #expect(plan.unread == [2] && plan.known.damaged.isEmpty)
    }

    @Test func `a pass goes on behind a segment that cannot be read`() {
        let nowMs = startMs + 7 * dayMs
        let plan = rested()
        var looked: [UInt32] = []
        while case .look(let segment, .whole) = plan.step(nowMs, last: 4) {
            looked.append(segment)
            _ = plan.note(segment, segment == 2 ? .unread : .sound, of: .whole, nowMs: nowMs)
        }
        #expect(looked == [1, 2, 3, 4])
        #expect(plan.step(nowMs, last: 4) == .end(.whole))
    }
}
