import Synchronization
package import TachoIngest
import TachoStore

extension Engine {
    /// The rule set in force.
    package var rules: RuleBook { rulesInForce.withLock { $0.durable } }

    /// Changes the rule set. `completion` is called once, when the new one is durable or with the
    /// reason why nothing was changed; on the caller's thread or one of the engine.
    ///
    /// It takes effect at one place of the journal: a barrier that all judges pass together. What was
    /// submitted before is judged by the old set, what is submitted after the call by the new one.
    /// Cost: judging of one moment is held, and one commit.
    package func setRules(
        _ change: RuleChange,
        completion: @escaping @Sendable (Result<RuleSettings, RulesError>) -> Void
    ) {
        var refusal: RulesError?
        // Compared and handed over in one step: the second of two that know of the same revision
        // must find the first one's.
        control.withBarrierOrder {
            if let reason = control.failure ?? (control.isClosing ? "the engine is closed" : nil) {
                refusal = .stopped(reason)
                return
            }
            do throws(RuleSettingsError) {
                let next = try change.applied(to: rulesInForce.withLock { $0.accepted })
                rulesInForce.withLock { $0.accepted = next }
                let barrier = Barrier(.rules(next), shards: workers.count) { [self] in
                    if let reason = control.failure {
                        return completion(.failure(.stopped(reason)))
                    }
                    rulesInForce.withLock {
                        $0.durable = RuleBook(settings: next, isStored: true)
                    }
                    completion(.success(next))
                }
                for worker in workers { worker.post(.barrier(barrier)) }
            } catch {
                refusal = .invalid(error)
            }
        }
        if let refusal { completion(.failure(refusal)) }
    }

    package func setRules(_ change: RuleChange) throws(RulesError) -> RuleSettings {
        let answer = Monitor<Result<RuleSettings, RulesError>?>(nil)
        setRules(change) { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    /// The directory has rules of its own, others than those of the options.
    package func isOverruled(_ options: EngineOptions) -> Bool {
        options.thresholds != rules.settings.thresholds
    }

    /// Rules that were asked for when the directory was opened, and are not the program's own, are
    /// set like any others if nobody has set some: so the next start, by whichever program, judges by
    /// the same.
    func storeOwnRules() throws(StoreError) {
        let book = rules
        guard !book.isStored, book.settings.thresholds != Thresholds() else { return }
        do {
            _ = try setRules(RuleChange())
        } catch {
            throw .io(error.description)
        }
    }
}
