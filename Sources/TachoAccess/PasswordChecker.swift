import Dispatch
import Synchronization

/// Checks passwords one after another on a thread of its own: scrypt takes 50 ms and 16 MiB, which no
/// event loop has. What waits is bounded.
package final class PasswordChecker: Sendable {
    private let queue = DispatchQueue(label: "tacho.passwords", qos: .utility)
    private let waiting = Atomic(0)
    private let limit: Int

    package static let usualLimit = 64

    package init(limit: Int = usualLimit) { self.limit = limit }

    /// Calls `done` on its thread. False: too many wait, and it is not called.
    package func check(
        _ password: [UInt8], _ hash: PasswordHash, _ done: @escaping @Sendable (Bool) -> Void
    ) -> Bool {
        guard waiting.add(1, ordering: .relaxed).newValue <= limit else {
            waiting.subtract(1, ordering: .relaxed)
            return false
        }
        queue.async { [self] in
            let isRight = hash.matches(password)
            waiting.subtract(1, ordering: .relaxed)
            done(isRight)
        }
        return true
    }
}
