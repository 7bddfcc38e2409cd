package import TachoGeo
import TachoStore

/// What whoever delivers alerts to people needs: the stream, and where each target stands in it.
extension Engine {
    /// Entries of the stream `alerts` so far, and the last of them. Memory only. The last may be known
    /// for a moment before it can be read.
    package var alertStream: (count: UInt64, last: AlertID?) {
        let now = progress.now
        return (UInt64(now.alerts), now.lastAlert)
    }

    /// Alerts behind `after` and up to `through`. Cost: a search, then some 2 µs each.
    package func alertPage(
        after: AlertID?, through: AlertID?, limit: Int
    ) throws(ReadError) -> [Alert] {
        if control.isClosing { throw .closed }
        do {
            return try alerts.entries(after: after, through: through, limit: limit)
        } catch {
            throw .damaged("\(error)")
        }
    }

    /// The alerts of these ids, which ascend; nil where there is none. Cost: a search each.
    package func alerts(at ids: [AlertID]) throws(ReadError) -> [Alert?] {
        if control.isClosing { throw .closed }
        do {
            return try alerts.entries(at: ids).map(\.alert)
        } catch {
            throw .damaged("\(error)")
        }
    }

    /// Those of the ids that somebody has decided about. Cost: a search each.
    package func decided(of ids: [AlertID]) throws(ReadError) -> Set<AlertID> {
        if control.isClosing { throw .closed }
        do {
            let open = book.openStates()
            var decided = Set<AlertID>()
            for id in ids {
                let state = try open[id] ?? AlertReviews.of(id, store.database).last?.state
                if state?.isDecision == true { decided.insert(id) }
            }
            return decided
        } catch {
            throw .damaged("\(error)")
        }
    }

    /// `body` hears of alerts on which a review became durable, on the committer's thread: be short.
    package func observeReviews(
        _ body: @escaping @Sendable ([(id: AlertID, state: AlertState)]) -> Void
    ) {
        book.observe(body)
    }

    /// The marks of all targets there ever were, but for those that were forgotten.
    package func deliveryMarks() throws(ReadError) -> [(name: [UInt8], mark: DeliveryMark)] {
        if control.isClosing { throw .closed }
        do {
            return try DeliveryRows.all(store.database)
        } catch {
            throw .damaged("\(error)")
        }
    }

    /// Keeps the mark of a target, or forgets it. `completion` is called once, from a thread of the
    /// engine, when that is on the device; false: it is not, and never will be. Shares the sync of
    /// consumer groups, whose positions are the same thing.
    package func note(
        _ mark: DeliveryMark?, of name: [UInt8], completion: @escaping @Sendable (Bool) -> Void
    ) {
        let refusal =
            control.isClosing
            ? .stopped("the engine is closed")
            : groups.push(
                .mark(name, mark) { answer in
                    if case .refused = answer { completion(false) } else { completion(true) }
                })
        if refusal != nil { completion(false) }
    }

    /// The same, and waits.
    package func note(_ mark: DeliveryMark?, of name: [UInt8]) -> Bool {
        let answer = Monitor<Bool?>(nil)
        note(mark, of: name) { isKept in
            answer.change { state in
                state = isKept
                return (true, ())
            }
        }
        return answer.wait { $0 }
    }
}
