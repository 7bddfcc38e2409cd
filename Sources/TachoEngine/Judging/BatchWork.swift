import Synchronization
import TachoGeo

/// A batch on its way through the engine: what came in, which riders, and what to answer.
///
/// Every shard judges its riders' entries and sets their masks; no two write the same mask. The
/// committer completes it when the last part is durable.
final class BatchWork: @unchecked Sendable {
    let batch: FixBatch
    /// Rider numbers by entry; `UInt32.max` for malformed ones.
    let numbers: [UInt32]
    /// The server's clock when the batch came in, Unix ms.
    let receivedAtMs: Int64
    /// The same moment on a clock that nobody sets, ns: how long its writer waits is counted from here.
    let receivedNs = EngineOptions.steadyNs
    /// Written by the shard an entry belongs to, read after all parts are durable.
    let masks: UnsafeMutableBufferPointer<ReplyMask>
    private let openParts: Atomic<Int>
    private let completion: @Sendable (Result<[ReplyMask], AppendError>) -> Void
    private let isDone = Atomic<Bool>(false)
    /// Why some of its fixes could not be judged, and so are not stored.
    private let unreadable = Mutex<String?>(nil)

    init(
        batch: FixBatch, numbers: [UInt32], receivedAtMs: Int64, parts: Int,
        completion: @escaping @Sendable (Result<[ReplyMask], AppendError>) -> Void
    ) {
        self.batch = batch
        self.numbers = numbers
        self.receivedAtMs = receivedAtMs
        self.completion = completion
        openParts = Atomic(parts)
        masks = .allocate(capacity: batch.count)
        masks.initialize(repeating: .malformed)
    }

    deinit { masks.deallocate() }

    /// A fix of it is not stored, because what it must be compared with cannot be read.
    func note(unreadable what: String) { unreadable.withLock { $0 = $0 ?? what } }

    /// Why some of its fixes are left out, so far; nil: none are.
    var unreadableReason: String? { unreadable.withLock { $0 } }

    /// One part is durable. True: it was the last.
    func partIsDurable() -> Bool {
        openParts.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
    }

    /// Answers the writer, once; later calls do nothing.
    func complete(_ failure: AppendError? = nil) {
        guard isDone.exchange(true, ordering: .acquiringAndReleasing) == false else { return }
        if let failure {
            completion(.failure(failure))
        } else if let what = unreadableReason {
            completion(.failure(.unreadable(what)))
        } else {
            completion(.success(Array(masks)))
        }
    }
}
