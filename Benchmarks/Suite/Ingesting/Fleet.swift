import Glibc
import TachoGeo

/// The points of all ingest benchmarks: riders that move at courier speeds with metres of noise,
/// reported every 3 s in rounds over the fleet. Deterministic in the seed.
struct BenchmarkFleet {
    private struct Rider {
        var latE7: Double
        var lonE7: Double
        var heading: Double
        var speedMps: Double
    }

    private var riders: [Rider] = []
    private var state: UInt64
    private var next = 0
    private var tsMs = FleetBatches.firstMs
    let names: [[UInt8]]

    init(riders count: Int, seed: UInt64 = 1) {
        state = seed
        names = (0..<count).map(Self.name)
        for _ in 0..<count {
            riders.append(
                Rider(
                    latE7: 374_000_000 + random() * 3_000_000,
                    lonE7: 1_268_000_000 + random() * 4_000_000, heading: random() * 360,
                    speedMps: 2 + random() * 10))
        }
    }

    static func name(_ rider: Int) -> [UInt8] { Array("rider-\(rider)".utf8) }

    private mutating func random() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }

    /// The next report of the fleet.
    mutating func step() -> (rider: Int, fix: Fix) {
        let index = next
        next += 1
        if next == riders.count {
            next = 0
            tsMs += 3000
        }
        var rider = riders[index]
        rider.heading = (rider.heading + (random() - 0.5) * 20 + 360)
            .truncatingRemainder(dividingBy: 360)
        rider.speedMps = min(14, max(0, rider.speedMps + (random() - 0.5) * 2))
        // What the phone says is where it goes: the rules are to find nothing.
        let north = cos(rider.heading * .pi / 180)
        let east = sin(rider.heading * .pi / 180)
        rider.latE7 += north * rider.speedMps * 3 / 0.011119508
        rider.lonE7 += east * rider.speedMps * 3 / 0.0088216
        riders[index] = rider
        let fix = Fix(
            tsMs: tsMs + Int64(index % 3000), latE7: Int32(rider.latE7 + random() * 300),
            lonE7: Int32(rider.lonE7 + random() * 300),
            speedCms: Int32(rider.speedMps * 100), headingCdeg: Int32(rider.heading * 100) % 36_000,
            accuracyDm: 50 + Int32(random() * 20) * 10)
        return (index, fix)
    }

    /// `count` reports as a batch.
    mutating func batch(_ count: Int) -> FixBatch {
        var batch = FixBatch(capacity: count)
        for _ in 0..<count {
            let (rider, fix) = step()
            names[rider].withUnsafeBytes { _ = batch.append(rider: $0, fix: fix) }
        }
        return batch
    }

    var nowMs: Int64 { tsMs + 3000 }
}
