import Synchronization
import TachoEngine
import TachoGeo

/// Sends batches from one thread and keeps several on their way, as a server with several
/// connections does.
final class BatchSender: Sendable {
    private struct State {
        var open = 0
        var failure: AppendError?
    }

    private let engine: Engine
    private let inFlight: Int
    private let state = Mutex(State())

    /// The engine takes a quarter of a million points that are not durable yet.
    private static let pointsInFlight = 200_000

    init(_ engine: Engine, batch: Int) {
        self.engine = engine
        inFlight = max(1, min(64, Self.pointsInFlight / batch))
    }

    func send(_ batch: FixBatch, receivedAtMs: Int64) throws {
        while state.withLock({ $0.open }) >= inFlight { Pause.short() }
        state.withLock { $0.open += 1 }
        engine.submit(batch, receivedAtMs: receivedAtMs) { [self] result in
            state.withLock { state in
                state.open -= 1
                if case .failure(let error) = result { state.failure = error }
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Returns when everything sent is durable.
    func drain() throws {
        while state.withLock({ $0.open }) > 0 { Pause.short() }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}

/// The server's clock in benchmarks: the time of the last batch.
final class BenchmarkClock: Sendable {
    private let ms = Atomic<Int64>(FleetBatches.firstMs)

    var nowMs: Int64 { ms.load(ordering: .relaxed) }
    func set(_ nowMs: Int64) { ms.store(nowMs, ordering: .relaxed) }
}
