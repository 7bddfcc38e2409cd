import Dispatch
import NIOCore
import Synchronization

/// For plain threads that may wait, as those of the tools: never on an event loop or in a task.
extension TachoClient {
    /// As `append(contentsOf:)`; nil: the client is shut down.
    package func appendWaiting(_ fixes: [RiderFix]) -> BatchReceipt? {
        guard !fixes.isEmpty else { return BatchReceipt(count: 0) }
        let answer = Answer<BatchReceipt>()
        let waiter = Waiter(count: fixes.count, .call { answer.give($0) })
        guard let wake = core.enter(fixes[...], to: waiter) else { return nil }
        act(wake)
        return answer.wait()
    }

    /// As `submit`; nil: the client is shut down.
    package func submitWaiting(_ fixes: [RiderFix]) -> Range<UInt64>? {
        if let tickets = try? trySubmit(fixes) { return tickets }
        let answer = Answer<Range<UInt64>?>()
        admit(fixes) { answer.give($0) }
        return answer.wait()
    }

    /// Sends a request that is answered with a mask for each of `points` points; it is retried like
    /// points, so it must be harmless to repeat. nil: the client is shut down.
    package func request(_ bytes: [UInt8], points: Int) -> PendingReceipt? {
        let answer = Answer<BatchReceipt>()
        let waiter = Waiter(count: points, .call { answer.give($0) })
        guard let wake = core.enter(request: ByteBuffer(bytes: bytes), points: points, to: waiter)
        else { return nil }
        act(wake)
        return PendingReceipt(answer: answer)
    }

    @discardableResult
    package func shutdownWaiting(graceMs: Int = 10_000) -> ShutdownReport {
        let answer = Answer<ShutdownReport>()
        shutdown(graceMs: graceMs) { answer.give($0) }
        return answer.wait()
    }
}

/// A receipt that has not come yet.
package struct PendingReceipt: Sendable {
    let answer: Answer<BatchReceipt>

    package func wait() -> BatchReceipt { answer.wait() }
}

/// A value that one thread waits for.
final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let given = DispatchSemaphore(value: 0)

    func give(_ value: Value) {
        self.value.withLock { $0 = value }
        given.signal()
    }

    /// Once.
    func wait() -> Value {
        given.wait()
        guard let value = value.withLock({ $0 }) else {
            preconditionFailure("woken without a value")
        }
        return value
    }
}
