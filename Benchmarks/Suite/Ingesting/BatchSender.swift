import Dispatch
import Synchronization
import TachoEngine
import TachoGeo

/// Sends batches from one thread and keeps several on their way, as a server with several
/// connections does.
final class BatchSender: Sendable {
    private let engine: Engine
    private let inFlight: Int
    /// Batches that may still be sent. Waiting for it sleeps: to look every 50 µs instead took the
    /// better part of a core from the engine while it was behind.
    private let room: DispatchSemaphore
    private let failure = Mutex<AppendError?>(nil)

    /// The engine takes a quarter of a million points that are not durable yet.
    private static let pointsInFlight = 200_000

    init(_ engine: Engine, batch: Int) {
        self.engine = engine
        inFlight = max(1, min(64, Self.pointsInFlight / batch))
        room = DispatchSemaphore(value: inFlight)
    }

    func send(_ batch: FixBatch, receivedAtMs: Int64) throws {
        room.wait()
        engine.submit(batch, receivedAtMs: receivedAtMs) { [self] result in
            if case .failure(let error) = result { failure.withLock { $0 = error } }
            room.signal()
        }
        try check()
    }

    /// Returns when everything sent is durable.
    func drain() throws {
        for _ in 0..<inFlight { room.wait() }
        for _ in 0..<inFlight { room.signal() }
        try check()
    }

    private func check() throws {
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}

/// The server's clock in benchmarks: the time of the last batch.
final class BenchmarkClock: Sendable {
    private let ms = Atomic<Int64>(FleetBatches.firstMs)

    var nowMs: Int64 { ms.load(ordering: .relaxed) }
    func set(_ nowMs: Int64) { ms.store(nowMs, ordering: .relaxed) }
}
