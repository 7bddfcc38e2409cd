import Synchronization
import TachoWire

/// A connection that one sequence asks, and that is made again when it is lost.
final class StreamConnection: Sendable {
    private struct State: Sendable {
        var connection: AskingConnection?
        var generation = 0
        var backoff: Backoff
        var key: UInt64?
    }

    private let questions: Questions
    private let state: Mutex<State>

    init(_ questions: Questions) {
        self.questions = questions
        state = Mutex(State(backoff: Questions.backoff(questions.configuration)))
    }

    deinit {
        let (connection, key) = state.withLock { ($0.connection, $0.key) }
        connection?.close()
        if let key { questions.forget(key) }
    }

    /// Connects unless connected; tries until it is, or the task or the client ends. Which connection
    /// it is.
    func prepare() async throws(TachoReadError) -> Int {
        while true {
            if questions.isClosed { throw .closed }
            if Task.isCancelled { throw .cancelled }
            let (isConnected, generation, endpoint) = state.withLock {
                ($0.connection != nil, $0.generation, $0.backoff.endpoint)
            }
            if isConnected { return generation }
            let configuration = questions.configuration
            do throws(ClientError) {
                let opened = try await AskingConnection.open(
                    configuration.addresses[endpoint], configuration)
                adopt(opened)
            } catch {
                try await failed(error)
            }
        }
    }

    private func adopt(_ opened: AskingConnection) {
        let key = questions.whenClosed { opened.close() }
        let old = state.withLock { state in
            state.connection = opened
            state.generation += 1
            defer { state.key = key }
            return state.key
        }
        if let old { questions.forget(old) }
        if key == nil { opened.close() }
    }

    /// Asks; a task that is cancelled meanwhile ends the connection.
    func ask(_ words: [String], extraMs: Int) async throws(ClientError) -> Reply {
        guard let connection = state.withLock({ $0.connection }) else {
            throw .lost(questions.configuration.addresses[0])
        }
        var writer = RequestWriter()
        writer.command(words)
        let (bytes, timeoutMs) = (writer.bytes, questions.configuration.replyTimeoutMs + extraMs)
        let result = await withTaskCancellationHandler {
            do throws(ClientError) {
                return Result<Reply, ClientError>.success(
                    try await connection.ask(bytes, timeoutMs: timeoutMs))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            connection.close()
        }
        let reply = try result.get()
        state.withLock { $0.backoff.succeeded() }
        return reply
    }

    /// Waits as long as the failure asks for, or throws what does not go away by itself.
    func failed(_ error: ClientError) async throws(TachoReadError) {
        var ms = 0
        switch error {
        case .refused(let message): throw .refused(message)
        case .unusable(let message): throw .notReachable(message)
        case .notUnderstood(_, let message): throw .notUnderstood(message)
        case .tryAgain(let afterMs, _): ms = max(1, afterMs)
        case .lost, .notReachable:
            let connection = state.withLock { state in
                ms = state.backoff.failed()
                defer { state.connection = nil }
                return state.connection
            }
            connection?.close()
        }
        try? await Task.sleep(for: .milliseconds(ms))
    }
}
