import Glibc
import TachoAudit
import TachoGeo

/// A directory of sealed segments, written without an engine: what a fleet reports in some ranges.
final class SealedFleet {
    let path: String
    private let scratch: ScratchDirectory
    private(set) var points = 0
    /// Ascending by bytes.
    let names: [[UInt8]]
    private let order: [Int]
    private var fleet: BenchmarkFleet
    private var previous = [UInt8](repeating: 0, count: 32)
    private var nextID: UInt64 = 1
    private var random: UInt64 = 7

    init(_ name: String, _ directory: String, riders: Int) throws {
        scratch = ScratchDirectory(in: directory, name)
        path = scratch.path + "/audit"
        mkdir(path, 0o755)
        fleet = BenchmarkFleet(riders: riders, seed: 11)
        let all = fleet.names
        order = all.indices.sorted { all[$0].lexicographicallyPrecedes(all[$1]) }
        names = order.map { all[$0] }
    }

    /// Seals one more range: `rounds` reports of each rider, of the first one `firstRounds`.
    func seal(rounds: Int, firstRounds: Int? = nil) throws {
        let first = order[0]
        var tracks = [[StoredFix]](repeating: [], count: order.count)
        for round in 0..<max(rounds, firstRounds ?? rounds) {
            for _ in order {
                let (rider, fix) = fleet.step()
                if round < (rider == first ? firstRounds ?? rounds : rounds) {
                    tracks[rider].append(stored(fix))
                }
            }
        }
        let count = tracks.reduce(0) { $0 + $1.count }
        let start = UInt64(points) + 1
        let interval = SegmentInterval(
            segmentID: nextID, partition: 0, firstSequence: start,
            lastSequence: start + UInt64(count) - 1, previousSHA256: previous, ruleSet: 1)
        var writer = try SegmentWriter(
            path: path + "/" + AuditDirectory.fileName(nextID), interval: interval)
        let arrivals = (0..<UInt32(tracks.map(\.count).max() ?? 0)).map { $0 }
        for rider in order {
            try tracks[rider].withUnsafeBufferPointer { fixes in
                try arrivals.withUnsafeBufferPointer {
                    try writer.add(
                        rider: fleet.names[rider], fixes: fixes,
                        arrivals: UnsafeBufferPointer(rebasing: $0[..<fixes.count]))
                }
            }
        }
        previous = try writer.finish().sha256
        points += count
        nextID += 1
    }

    /// As received some seconds later; one in a hundred is marked.
    private func stored(_ fix: Fix) -> StoredFix {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let delayMs = Int64(random >> 33 & 0x0FFF)
        var verdict = Verdict(isTrusted: true)
        if random >> 57 == 0 { verdict = Verdict(codes: Code.gapSpeed.bit, effect: .flag) }
        return StoredFix(
            fix: fix, provenance: .live, vehicle: .car, verdict: verdict,
            recvMs: StoredFix.quantisedReceipt(tsMs: fix.tsMs, nowMs: fix.tsMs + delayMs),
            claimedRecvMs: 0)
    }
}
