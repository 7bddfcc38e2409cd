import NIOCore
import Synchronization
import TachoWire

/// Asks questions over a connection of its own, so that none waits behind points that are on their
/// way. It is made when first needed, and again when it was lost: questions may be asked twice.
final class Questions: Sendable {
    private struct State: Sendable {
        var connection: AskingConnection?
        /// One connects for all who ask meanwhile.
        var connecting: Task<Result<AskingConnection, FailedAttempt>, Never>?
        var backoff: Backoff
        var isClosed = false
        /// Called when the client ends: streams that wait for something.
        var onClose: [UInt64: @Sendable () -> Void] = [:]
        var nextKey: UInt64 = 0
    }

    /// Why there is no connection, and what to wait before the next attempt.
    private struct FailedAttempt: Error {
        var error: ClientError
        var ms: Int
    }

    let configuration: TachoClientConfiguration
    private let state: Mutex<State>

    init(_ configuration: TachoClientConfiguration) {
        self.configuration = configuration
        state = Mutex(State(backoff: Self.backoff(configuration)))
    }

    static func backoff(_ configuration: TachoClientConfiguration) -> Backoff {
        Backoff(
            endpoints: configuration.endpoints.count, minMs: configuration.minBackoffMs,
            maxMs: configuration.maxBackoffMs, seed: UInt64.random(in: 0...UInt64.max))
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Since the last answer.
    var failedAttempts: Int { state.withLock { $0.backoff.failures } }

    /// Asks until there is an answer, or `replyTimeoutMs` is over; a connection that is being made then
    /// is waited for. The request must be harmless to repeat.
    func ask(_ write: (inout RequestWriter) -> Void) async throws(TachoReadError) -> Reply {
        var writer = RequestWriter()
        write(&writer)
        let untilNs =
            ClientCore.nowNs() + UInt64(configuration.replyTimeoutMs) * 1_000_000
        var last = "no answer in time"
        repeat {
            if isClosed { throw .closed }
            if Task.isCancelled { throw .cancelled }
            do throws(FailedAttempt) {
                return try await ask(writer.bytes, untilNs)
            } catch {
                last = try await pause(after: error, untilNs)
            }
        } while ClientCore.nowNs() < untilNs
        throw .notReachable(last)
    }

    /// Asks once.
    private func ask(_ request: [UInt8], _ untilNs: UInt64) async throws(FailedAttempt) -> Reply {
        let connection = try await connected()
        let leftNs = untilNs - min(untilNs, ClientCore.nowNs())
        do throws(ClientError) {
            let reply = try await connection.ask(
                request, timeoutMs: max(1, Int(leftNs / 1_000_000)))
            state.withLock { $0.backoff.succeeded() }
            return reply
        } catch {
            switch error {
            case .lost, .notReachable, .notUnderstood:
                throw FailedAttempt(error: error, ms: forget(connection))
            case .tryAgain(let afterMs, _): throw FailedAttempt(error: error, ms: max(1, afterMs))
            case .refused, .unusable: throw FailedAttempt(error: error, ms: 0)
            }
        }
    }

    /// Waits as long as the failure asks for and the time of the question allows, or throws what does
    /// not go away by itself. Gives the reason as text.
    private func pause(
        after failed: FailedAttempt, _ untilNs: UInt64
    ) async throws(TachoReadError) -> String {
        if isClosed { throw .closed }
        let reason: String
        switch failed.error {
        case .refused(let message): throw .refused(message)
        case .notUnderstood(_, let message): throw .notUnderstood(message)
        case .unusable(let message): throw .notReachable(message)
        case .tryAgain(_, let message): reason = message
        case .lost(let address): reason = "\(address) ended the connection, or did not answer"
        case .notReachable(let address, let message): reason = "\(address): \(message)"
        }
        let leftNs = untilNs - min(untilNs, ClientCore.nowNs())
        let waitNs = min(UInt64(failed.ms) * 1_000_000, leftNs)
        try? await Task.sleep(for: .nanoseconds(Int64(waitNs)))
        return reason
    }

    private func connected() async throws(FailedAttempt) -> AskingConnection {
        if let connection = state.withLock({ $0.connection }) { return connection }
        let connecting = state.withLock { state in
            if let connecting = state.connecting { return connecting }
            let address = configuration.addresses[state.backoff.endpoint]
            let task = Task { () -> Result<AskingConnection, FailedAttempt> in
                do throws(ClientError) {
                    return .success(try await AskingConnection.open(address, self.configuration))
                } catch {
                    // Once for all who wait for it: each counted would skip endpoints.
                    let ms = self.state.withLock { $0.backoff.failed() }
                    return .failure(FailedAttempt(error: error, ms: ms))
                }
            }
            state.connecting = task
            return task
        }
        let result = await connecting.value
        state.withLock { state in
            guard state.connecting == connecting else { return }
            state.connecting = nil
            guard case .success(let connection) = result else { return }
            if state.isClosed { connection.close() } else { state.connection = connection }
        }
        return try result.get()
    }

    /// The connection is over. What to wait before the next one: the first who notices counts.
    private func forget(_ connection: AskingConnection) -> Int {
        connection.close()
        return state.withLock { state in
            guard state.connection === connection else { return configuration.minBackoffMs }
            state.connection = nil
            return state.backoff.failed()
        }
    }

    // MARK: the end

    /// `body` is called when the client ends; nil: it has ended.
    func whenClosed(_ body: @escaping @Sendable () -> Void) -> UInt64? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            state.nextKey += 1
            state.onClose[state.nextKey] = body
            return state.nextKey
        }
    }

    func forget(_ key: UInt64) { state.withLock { _ = $0.onClose.removeValue(forKey: key) } }

    func close() {
        let (connection, bodies) = state.withLock { state in
            state.isClosed = true
            defer { (state.connection, state.onClose) = (nil, [:]) }
            return (state.connection, Array(state.onClose.values))
        }
        connection?.close()
        for body in bodies { body() }
    }
}
