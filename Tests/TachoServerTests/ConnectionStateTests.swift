import TachoEngine
import TachoGeo
import TachoServer
import Testing

/// Order and waiting without a socket: events in, decisions out.
struct ConnectionStateTests {
    private let limits = ServerLimits()

    private func mayTake(_ state: ConnectionState, isWritable: Bool = true) -> Bool {
        state.mayTakeRequest(isWritable: isWritable, limits: limits)
    }

    @Test func `writes are taken while others are unanswered`() {
        var state = ConnectionState()
        for _ in 0..<3 {
            let admission = state.admit(isWrite: true)
            #expect(admission == .run)
            _ = state.submit([.masks(count: 1)], fixes: 1)
            #expect(mayTake(state))
        }
    }

    @Test func `a read waits for the write before it and then runs`() {
        var state = ConnectionState()
        let ticket = state.submit([.masks(count: 1)], fixes: 1)
        let held = state.admit(isWrite: false)
        #expect(held == .afterWrites)
        #expect(!mayTake(state))
        let early = state.nextAnswered()?.replies
        #expect(early == nil)
        state.complete(ticket, .success([.stored]))
        let answered = state.nextAnswered()?.replies
        #expect(answered == [.masks(count: 1)])
        #expect(mayTake(state))
        let admission = state.admit(isWrite: false)
        #expect(admission == .run)
    }

    @Test func `answers that come in any order leave in order`() {
        var state = ConnectionState()
        let tickets = (1...3).map { state.submit([.array(count: $0)], fixes: $0) }
        state.complete(tickets[2], .success([.stored, .stored, .stored]))
        state.complete(tickets[1], .failure(.tryAgain(afterMs: 5, reason: "full")))
        let early = state.nextAnswered()?.replies
        #expect(early == nil)
        state.complete(tickets[0], .success([.late]))
        let first = state.nextAnswered()?.replies
        #expect(first == [.array(count: 1)])
        let second = state.nextAnswered()?.replies
        #expect(second == [.array(count: 2)])
        let third = state.nextAnswered()?.replies
        #expect(third == [.array(count: 3)])
        let more = state.nextAnswered()?.replies
        #expect(more == nil)
        #expect(!state.hasUnansweredWrites)
    }

    @Test func `a batch without fixes needs no engine`() {
        var state = ConnectionState()
        _ = state.submit([.error("ERR lat")], fixes: 0)
        let answered = state.nextAnswered()?.replies
        #expect(answered == [.error("ERR lat")])
    }

    @Test func `no request is taken while an answer is awaited`() {
        var state = ConnectionState()
        let ticket = state.startAnswer()
        #expect(!mayTake(state))
        let isCurrentEarly = state.answered(ticket + 1)
        #expect(!isCurrentEarly)
        #expect(!mayTake(state))
        let isCurrent = state.answered(ticket)
        #expect(isCurrent)
        let isCurrentAgain = state.answered(ticket)
        #expect(!isCurrentAgain)
        #expect(mayTake(state))
    }

    @Test func `too many unanswered fixes stop the taking and the reading`() {
        var state = ConnectionState()
        let ticket = state.submit([.array(count: 65_536)], fixes: 65_536)
        #expect(!mayTake(state))
        #expect(state.mayRead(held: 0, isWritable: true, limits: limits))
        #expect(!state.mayRead(held: limits.heldInputBytes, isWritable: true, limits: limits))
        state.complete(ticket, .success([]))
        _ = state.nextAnswered()
        #expect(mayTake(state))
        #expect(state.mayRead(held: limits.heldInputBytes, isWritable: true, limits: limits))
    }

    @Test func `a client that does not take its replies is not read`() {
        let state = ConnectionState()
        #expect(!mayTake(state, isWritable: false))
        #expect(!state.mayRead(held: 1 << 16, isWritable: false, limits: limits))
    }

    @Test func `the end comes after the last answer`() {
        var state = ConnectionState()
        let ticket = state.submit([.masks(count: 1)], fixes: 1)
        state.inputClosed()
        #expect(state.ending(isInputUsedUp: true) == nil)
        state.complete(ticket, .success([.stored]))
        _ = state.nextAnswered()
        #expect(state.ending(isInputUsedUp: false) == nil)
        #expect(state.ending(isInputUsedUp: true) == .close)
    }

    @Test func `a refusal is told after the writes before it, then input is thrown away`() {
        var state = ConnectionState()
        let ticket = state.submit([.masks(count: 1), .error("ERR Protocol")], fixes: 1)
        state.finish(.discard)
        #expect(!mayTake(state))
        #expect(state.ending(isInputUsedUp: false) == nil)
        state.complete(ticket, .success([.stored]))
        _ = state.nextAnswered()
        #expect(state.ending(isInputUsedUp: false) == .discard)
        state.discard()
        #expect(state.mayRead(held: 1 << 30, isWritable: false, limits: limits))
        #expect(state.ending(isInputUsedUp: false) == nil)
        state.inputClosed()
        #expect(state.ending(isInputUsedUp: false) == .close)
    }

    @Test func `a stop takes no further request and lets answers out`() {
        var state = ConnectionState()
        let answer = state.startAnswer()
        state.stop()
        #expect(state.ending(isInputUsedUp: false) == nil)
        let isCurrent = state.answered(answer)
        #expect(isCurrent)
        #expect(!mayTake(state))
        #expect(state.ending(isInputUsedUp: false) == .close)
    }
}
