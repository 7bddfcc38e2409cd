import TachoEngine
import TachoGeo

/// One engine, one directory, one fleet that reports to it.
final class IngestRun {
    let engine: Engine
    private let scratch: ScratchDirectory
    private let clock: BenchmarkClock
    private let batch: Int
    private(set) var batches: FleetBatches
    private(set) var sent = 0

    init(
        _ name: String, _ batches: FleetBatches, _ scale: Scale,
        _ adjust: (inout EngineOptions) -> Void = { _ in }
    ) throws {
        scratch =
            scale.kept.map(ScratchDirectory.init(kept:))
            ?? ScratchDirectory(in: scale.directory, name)
        clock = BenchmarkClock()
        self.batches = batches
        batch = scale.batch
        engine = try Engine.open(
            Self.options(scratch.path, clock) { options in
                options.workers = scale.workers
                options.judgesMotion = scale.judgesMotion
                options.judgesAcross = scale.replayDays > 0
                options.replayDays = max(1, scale.replayDays)
                adjust(&options)
            })
    }

    private static func options(
        _ path: String, _ clock: BenchmarkClock, _ adjust: (inout EngineOptions) -> Void
    ) -> EngineOptions {
        var options = EngineOptions(directory: path + "/data")
        options.nowMs = { clock.nowMs }
        options.minFreeBytes = 0
        adjust(&options)
        return options
    }

    /// Opens the directory again, after the engine is closed or abandoned.
    func reopen() throws -> Engine { try Engine.open(Self.options(scratch.path, clock) { _ in }) }

    var dataPath: String { scratch.path + "/data" }

    /// Sends at least so many points, whole batches, and waits until they are durable.
    /// `isEnough`, asked after every batch, ends it before. Returns points a second.
    @discardableResult
    func send(points: Int, until isEnough: () -> Bool = { false }) throws -> Double {
        let sender = BatchSender(engine, batch: batch)
        let before = sent
        let seconds = try Timing.seconds {
            while sent - before < points && !isEnough() {
                let (batch, receivedAtMs) = batches.next()
                clock.set(receivedAtMs)
                sent += batch.count
                try sender.send(batch, receivedAtMs: receivedAtMs)
            }
            try sender.drain()
        }
        return Double(sent - before) / seconds
    }

    /// As `send`, once: data that an earlier run kept are not sent again.
    func sendUnlessKept(points: Int) throws {
        let stored = engine.figure("points")
        if stored == 0 {
            try send(points: points)
        } else if stored < points || stored >= points + batch {
            throw IngestError.pointsMissing(sent: points, stored: stored)
        } else {
            sent = stored
            let rounds = Int64(stored / batches.riders + 1)
            clock.set(FleetBatches.firstMs + (rounds + 1) * FleetBatches.intervalMs)
        }
    }

    /// Of the number of stored points and where the first riders are now.
    func hash() throws -> UInt64 {
        var hash = ResultHash()
        let stored = engine.figure("points")
        guard stored == sent else { throw IngestError.pointsMissing(sent: sent, stored: stored) }
        hash.mix(UInt64(stored))
        for rider in 0..<min(100, batches.riders) {
            let fix = BenchmarkFleet.name(rider).withUnsafeBytes {
                engine.latest(rider: $0, raw: false)
            }
            hash.mix(UInt64(bitPattern: fix?.fix.tsMs ?? 0))
            hash.mix(UInt64(bitPattern: Int64(fix?.fix.latE7 ?? 0)))
        }
        return hash.value
    }
}

enum IngestError: Error {
    case pointsMissing(sent: Int, stored: Int)
}

extension Engine {
    /// A whole number of `tacho stats`.
    func figure(_ name: String) -> Int {
        for (key, value) in stats() where key == name {
            if case .integer(let number) = value { return Int(number) }
        }
        return 0
    }
}
