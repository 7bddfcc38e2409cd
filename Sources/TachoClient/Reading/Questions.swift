import NIOCore
import Synchronization
import TachoWire

/// Asks questions over a connection of its own, so that none waits behind points that are on their
/// way. It is made when first needed, and again when it was lost: questions may be asked twice.
final class Questions: Sendable {
    private struct State: Sendable {
        var connection: AskingConnection?
        /// One connects for all who ask meanwhile.
        var connecting: Task<Result<AskingConnection, ClientError>, Never>?
        var backoff: Backoff
        var isClosed = false
        /// Called when the client ends: streams that wait for something.
        var onClose: [UInt64: @Sendable () -> Void] = [:]
        var nextKey: UInt64 = 0
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

    /// Asks until there is an answer, or `replyTimeoutMs` is over. The request must be harmless to
    /// repeat.
    func ask(_ write: (inout RequestWriter) -> Void) async throws(TachoReadError) -> Reply {
        var writer = RequestWriter()
        write(&writer)
        let untilNs =
            ClientCore.nowNs() + UInt64(configuration.replyTimeoutMs) * 1_000_000
        var last = "no answer in time"
        repeat {
            if isClosed { throw .closed }
            if Task.isCancelled { throw .cancelled }
            do throws(ClientError) {
                let connection = try await connected()
                let leftNs = untilNs - min(untilNs, ClientCore.nowNs())
                do throws(ClientError) {
                    return try await connection.ask(
                        writer.bytes, timeoutMs: max(1, Int(leftNs / 1_000_000)))
                } catch {
                    if case .lost = error { forget(connection) }
                    if case .notUnderstood = error { forget(connection) }
                    throw error
                }
            } catch {
                last = try await pause(after: error)
            }
        } while ClientCore.nowNs() < untilNs
        throw .notReachable(last)
    }

    /// Waits as long as the failure asks for, or throws what does not go away by itself. Gives the
    /// reason as text.
    private func pause(after error: ClientError) async throws(TachoReadError) -> String {
        if isClosed { throw .closed }
        let (ms, reason): (Int, String)
        switch error {
        case .refused(let message): throw .refused(message)
        case .notUnderstood(_, let message): throw .notUnderstood(message)
        case .unusable(let message): throw .notReachable(message)
        case .tryAgain(let afterMs, let message): (ms, reason) = (max(1, afterMs), message)
        case .lost(let address):
            (ms, reason) = (configuration.minBackoffMs, "\(address) ended the connection")
        case .notReachable(let address, let message):
            ms = state.withLock { $0.backoff.failed() }
            reason = "\(address): \(message)"
        }
        try? await Task.sleep(for: .milliseconds(ms))
        return reason
    }

    private func connected() async throws(ClientError) -> AskingConnection {
        if let connection = state.withLock({ $0.connection }) { return connection }
        let connecting = state.withLock { state in
            if let connecting = state.connecting { return connecting }
            let address = configuration.addresses[state.backoff.endpoint]
            let configuration = configuration
            let task = Task { () -> Result<AskingConnection, ClientError> in
                do throws(ClientError) {
                    return .success(try await AskingConnection.open(address, configuration))
                } catch {
                    return .failure(error)
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
            state.backoff.succeeded()
            if state.isClosed { connection.close() } else { state.connection = connection }
        }
        return try result.get()
    }

    private func forget(_ connection: AskingConnection) {
        connection.close()
        state.withLock { if $0.connection === connection { $0.connection = nil } }
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
