import Synchronization
package import TachoGeo
import TachoStore

/// A read that may wait, for whoever no longer wants it to.
package struct GroupTicket: Hashable, Sendable {
    let token: UInt64
}

extension Engine {
    /// Asks something of consumer groups. `completion` is called once, from a thread of the engine, when
    /// what was changed is on the device; a read with BLOCK, when there is something, or when it is let
    /// go. Never blocks.
    @discardableResult
    package func ask(
        _ request: GroupRequest, limits: GroupReplyLimits,
        completion: @escaping @Sendable (GroupAnswer) -> Void
    ) -> GroupTicket {
        let token = groupTokens.wrappingAdd(1, ordering: .relaxed).newValue
        let refusal =
            control.isClosing
            ? .stopped("the engine is closed")
            : groups.push(.ask(request, limits, token: token, completion))
        if let refusal { completion(.refused(refusal)) }
        return GroupTicket(token: token)
    }

    /// A read that waits is let go: it is answered that there is nothing, if `answering` and nothing came
    /// before. What it was given stays pending.
    package func letGo(_ ticket: GroupTicket, answering: Bool) {
        _ = groups.push(.cancel(token: ticket.token, answering: answering))
    }

    /// Asks and waits for the answer.
    package func ask(
        _ request: GroupRequest,
        limits: GroupReplyLimits = GroupReplyLimits(entries: 16_384, bytes: 7 << 20)
    ) -> GroupAnswer {
        let answer = Monitor<GroupAnswer?>(nil)
        ask(request, limits: limits) { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return answer.wait { $0 }
    }
}
