/// A question that is answered on the reading thread, a turn at a time.
struct ReadingTurns<Answer: Sendable>: Sendable {
    let reader: ReaderThread
    let control: EngineControl
    /// nil: it wants another turn.
    let body: @Sendable (HistorySource) throws -> Answer?
    /// Whether anybody waits for the answer.
    let isWanted: @Sendable () -> Bool
    let completion: @Sendable (Result<Answer, ReadError>) -> Void

    func next(of copy: HistoryCopy) {
        if !isWanted() { return completion(.failure(.stopped("who asked is gone"))) }
        if let reason = control.failure { return completion(.failure(.stopped(reason))) }
        let isTaken = reader.post {
            do {
                if let answer = try copy.withSource({ try body($0) }) {
                    completion(.success(answer))
                } else {
                    next(of: copy)
                }
            } catch {
                completion(.failure(ReadError(error)))
            }
        }
        if !isTaken { completion(.failure(.closed)) }
    }
}
