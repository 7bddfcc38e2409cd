import TachoEngine
import TachoGeo

/// Whole days of some riders, a fix every 3 s: 28,800 each, fewer where the run is tiny.
struct DayTracks {
    let riders: Int
    let pointsPerRider: Int
    let names: [[UInt8]]
    private let fixes: [Fix]
    /// After the last fix.
    let nowMs: Int64

    static let pointsPerDay = 28_800

    init(points: Int) {
        riders = max(1, points / Self.pointsPerDay)
        pointsPerRider = min(points, Self.pointsPerDay)
        var fleet = BenchmarkFleet(riders: riders, seed: 3)
        fixes = (0..<riders * pointsPerRider).map { _ in fleet.step().fix }
        names = fleet.names
        nowMs = fleet.nowMs
    }

    var count: Int { fixes.count }

    func append(_ rider: Int, _ index: Int, to batch: inout FixBatch) {
        let fix = fixes[index * riders + rider]
        names[rider].withUnsafeBytes { _ = batch.append(rider: $0, fix: fix) }
    }
}

/// An engine for what is sent as prepared batches, all received at the end of the day.
final class StoredFleet {
    let engine: Engine
    private let scratch: ScratchDirectory
    private static let nowMs = FleetBatches.firstMs + 90_000_000

    init(_ name: String, _ scale: Scale) throws {
        scratch = ScratchDirectory(in: scale.directory, name)
        var options = EngineOptions(directory: scratch.path + "/data")
        options.nowMs = { Self.nowMs }
        options.minFreeBytes = 0
        options.rangeSeconds = 0
        options.workers = scale.workers
        engine = try Engine.open(options)
    }

    func send(_ batches: [FixBatch]) throws {
        let sender = BatchSender(engine, batch: batches.map(\.count).max() ?? 1)
        for batch in batches { try sender.send(batch, receivedAtMs: Self.nowMs) }
        try sender.drain()
    }
}
