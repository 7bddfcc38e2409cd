package import TachoGeo
import TachoStore

extension Engine {
    /// Appends to an alert's history. `completion` is called once, from a thread of the engine, when
    /// the record is durable; sending the same again is answered with the record that is there.
    /// Reviews are decided one after another, so of two that exclude each other one is refused.
    package func review(
        _ request: ReviewRequest,
        completion: @escaping @Sendable (Result<AlertRecord, ReviewError>) -> Void
    ) {
        if let defect = ReviewText.actorDefect(request.actor) ?? ReviewText.noteDefect(request.note)
        {
            return completion(.failure(.text(defect)))
        }
        // Counts like a fix: the bounds of disk, journal and memory hold for reviews too.
        switch control.admit(points: 1) {
        case .tryAgain(let ms, let reason)?:
            return completion(.failure(.tryAgain(afterMs: ms, reason: reason)))
        case .stopped(let reason)?, .unreadable(let reason)?:
            return completion(.failure(.stopped(reason)))
        case nil: break
        }
        let finish: @Sendable (Result<AlertRecord, ReviewError>) -> Void = { [control] result in
            control.done(points: 1)
            completion(result)
        }
        let isTaken = reader.post { [self] in decide(request, finish) }
        if !isTaken { finish(.failure(.stopped("the engine is closed"))) }
    }

    /// Waits until it is durable.
    package func review(_ request: ReviewRequest) throws(ReviewError) -> AlertRecord {
        let answer = Monitor<Result<AlertRecord, ReviewError>?>(nil)
        review(request) { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    /// On the reader's thread, where reviews follow one another.
    private func decide(
        _ request: ReviewRequest,
        _ completion: @escaping @Sendable (Result<AlertRecord, ReviewError>) -> Void
    ) {
        let decision: ReviewDecision
        do {
            decision = try decided(request)
        } catch {
            return completion(.failure(error))
        }
        switch decision {
        case .append(let pending):
            book.reserve(pending.review)
            commit(.init(pending.review), completion) { .review(pending, $0) }
        case .isThere(let review):
            // Answered behind the record that it repeats.
            commit(.init(review), completion) { .afterCommit($0) }
        }
    }

    private func decided(_ request: ReviewRequest) throws(ReviewError) -> ReviewDecision {
        let found: (alert: Alert, rider: UInt32)?
        let history: [AlertReview]
        do {
            found = try alerts.find(request.id)
            history = try alerts.reviews(of: request.id, durableOnly: false)
        } catch {
            throw .damaged(error.description)
        }
        guard let (alert, rider) = found else { throw .unknownAlert(request.id) }
        return try ReviewDecision.of(
            request, alert: alert, rider: rider, history: history, nowMs: options.nowMs())
    }

    private func commit(
        _ record: AlertRecord,
        _ completion: @escaping @Sendable (Result<AlertRecord, ReviewError>) -> Void,
        _ item: (@escaping @Sendable () -> Void) -> CommitItem
    ) {
        let isTaken = commits.push(
            item { [control] in
                if let reason = control.failure {
                    completion(.failure(.stopped(reason)))
                } else {
                    completion(.success(record))
                }
            })
        if !isTaken { completion(.failure(.stopped("the engine is closed"))) }
    }

    /// An alert with its history; nil: there is none of that id. `completion` runs on a thread of
    /// the engine.
    package func alertFile(
        _ id: AlertID, completion: @escaping @Sendable (Result<AlertFile?, ReadError>) -> Void
    ) {
        readAlerts(completion) { [alerts] () throws(StoreError) in
            guard let found = try alerts.find(id) else { return nil }
            let history = try alerts.reviews(of: id)
            var file = AlertFile(alert: found.alert, history: history.map { AlertRecord($0) })
            // The two were read one after the other.
            file.alert.state = history.last?.state ?? .open
            return file
        }
    }

    package func alertFile(_ id: AlertID) throws(ReadError) -> AlertFile? {
        try waitFor { alertFile(id, completion: $0) }
    }

    /// What people said of each rule's alerts, by number of the rule.
    package func alertFeedback() -> [RuleFeedback] { book.feedback() }

    /// Runs a question about alerts on the reader's thread.
    func readAlerts<R: Sendable>(
        _ completion: @escaping @Sendable (Result<R, ReadError>) -> Void,
        _ body: @escaping @Sendable () throws(StoreError) -> R
    ) {
        if control.isClosing {
            return completion(.failure(.stopped("the engine is closed")))
        }
        let isTaken = reader.post { [control] in
            if let reason = control.failure {
                return completion(.failure(.stopped(reason)))
            }
            do throws(StoreError) {
                let answer = try body()
                completion(.success(answer))
            } catch {
                completion(.failure(.damaged(error.description)))
            }
        }
        if !isTaken { completion(.failure(.stopped("the engine is closed"))) }
    }
}

extension AlertID {
    /// `MS-N`, as clients hand it back. nil: it is none.
    package init?(text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { $0 &- 48 < 10 } }),
            let ms = Int64(parts[0]), let n = UInt32(parts[1])
        else { return nil }
        self.init(ms: ms, n: n)
    }
}
