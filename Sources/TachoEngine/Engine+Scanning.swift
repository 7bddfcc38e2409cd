import TachoGeo
import TachoStore

extension Engine {
    /// Calls `visit` with all fixes with times from `fromMs` to `toMs` of all riders, as of all
    /// writes answered before the call and perhaps some later ones: rider by rider in the order in
    /// which they were first named, each rider's by time and arrival.
    ///
    /// `visit` runs on the thread that reads history while the caller waits, so it must not read from
    /// the engine or close it; other reads get their turn between batches of riders. What it throws
    /// ends the scan and is thrown here, and else a `ReadError`; an engine that is being closed waits
    /// for the batch. The database is read ahead and its cache left as it is.
    /// Cost: about 50 ns a fix, and some µs a rider.
    package func scan(
        fromMs: Int64 = .min, toMs: Int64 = .max,
        _ visit: (_ rider: [UInt8], _ fixes: TrackSlice) throws -> Void
    ) throws {
        guard control.beginScan() else { throw ReadError.closed }
        defer { control.endScan() }
        try withoutActuallyEscaping(visit) { visit in
            let scan = FleetScan(
                fromMs: max(fromMs, -Fix.timeLimitMs), toMs: min(toMs, Fix.timeLimitMs),
                visit: visit)
            defer { scan.end() }
            let count = UInt32(riders.count)
            for first in stride(from: 0, to: count, by: FleetScan.batch) {
                try read(first..<min(first + UInt32(FleetScan.batch), count), scan)
                if let failure = scan.failure { throw failure }
            }
        }
    }

    private func read(_ batch: Range<UInt32>, _ scan: FleetScan) throws(ReadError) {
        var shares: [ScanShare] = []
        for (index, worker) in workers.enumerated() {
            let own = batch.filter { Int($0) % workers.count == index }
            shares.append(try waitFor { copies(of: own, by: worker, $0) })
        }
        let (names, database, taken) = (riders, store.database, shares)
        try waitFor { (completion: @escaping @Sendable (Result<Void, ReadError>) -> Void) in
            let isTaken = reader.post {
                do throws(StoreError) {
                    try scan.visit(batch, taken, database) { names.name(of: $0) }
                    completion(.success(()))
                } catch {
                    completion(.failure(ReadError(error)))
                }
            }
            if !isTaken { completion(.failure(.closed)) }
        }
    }

    /// Copies of riders' tails, and a view of the database of the same moment.
    func copies(
        of riders: [UInt32], by worker: Worker,
        _ completion: @escaping @Sendable (Result<ScanShare, ReadError>) -> Void
    ) {
        let control = control
        if control.isClosing { return completion(.failure(.closed)) }
        let isTaken = worker.post(
            .copies(riders) { share in
                completion(control.failure.map { .failure(.stopped($0)) } ?? .success(share))
            })
        if !isTaken { completion(.failure(.closed)) }
    }
}

/// Histories of the riders of one judging thread, in order, as of one moment.
struct ScanShare: Sendable {
    let copies: [HistoryCopy]
    let snapshot: Snapshot
}

/// A scan of all riders' tracks. Used by the reading thread while the caller waits, and by the
/// caller between batches: never by two at a time.
private final class FleetScan: @unchecked Sendable {
    private let fromMs: Int64
    private let toMs: Int64
    private var visit: (([UInt8], TrackSlice) throws -> Void)?
    /// What the visitor threw.
    private(set) var failure: (any Error)?

    /// Riders whose tails are copied at once.
    static let batch = 256
    private static let readAheadBytes = 256 << 10

    init(fromMs: Int64, toMs: Int64, visit: @escaping ([UInt8], TrackSlice) throws -> Void) {
        self.fromMs = fromMs
        self.toMs = toMs
        self.visit = visit
    }

    /// Lets the caller's closure go, which must not outlive the call: a job of the reading thread may
    /// hold the scan a moment longer.
    func end() { visit = nil }

    func visit(
        _ batch: Range<UInt32>, _ shares: [ScanShare], _ database: Database,
        name: (UInt32) -> [UInt8]
    ) throws(StoreError) {
        let cursors = shares.map {
            ChunkWalk(database, at: $0.snapshot, readAheadBytes: Self.readAheadBytes)
        }
        var places = shares.map(\.copies.startIndex)
        for rider in batch where failure == nil {
            let share = Int(rider) % shares.count
            let copy = shares[share].copies[places[share]]
            places[share] += 1
            let name = name(rider)
            try copy.withSource { source throws(StoreError) in
                var slices = TrackSlices(source: source, cursor: cursors[share])
                _ = try slices.forEach(fromMs: fromMs, toMs: toMs) { slice in
                    do {
                        try visit?(name, slice)
                    } catch {
                        failure = error
                    }
                    return failure == nil
                }
            }
        }
    }
}
