import TachoGeo

@testable import TachoCodec

/// Random numbers that a seed repeats exactly (SplitMix64; Steele, Lea, Flood 2014).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    mutating func chance(_ percent: Int) -> Bool { pick(0...99) < percent }

    /// By remainder, not by the standard library, whose way of choosing may change: stored files
    /// and hashes depend on it.
    mutating func pick<T: FixedWidthInteger>(_ range: ClosedRange<T>) -> T {
        let size = UInt64(bitPattern: Int64(range.upperBound) &- Int64(range.lowerBound))
        let offset = size == UInt64.max ? next() : next() % (size + 1)
        return range.lowerBound &+ T(truncatingIfNeeded: offset)
    }

    mutating func one<T>(of all: [T]) -> T { all[pick(0...all.count - 1)] }
}

/// What a column block is made of, for tests.
struct Track: Equatable {
    var fixes: [StoredFix] = []
    var arrivals: [UInt32] = []

    /// A rider under way: 1 Hz with jitter and gaps, noise on all fields, some absent.
    static func ride(_ random: inout Seeded, count: Int) -> Track {
        var track = Track()
        var ts = random.pick(Int64(1_600_000_000_000)...1_800_000_000_000)
        var lat = random.pick(Int32(-600_000_000)...600_000_000)
        var lon = random.pick(Int32(-1_700_000_000)...1_700_000_000)
        var speed = Int32(800)
        let isClaimed = random.chance(30)
        for i in 0..<count {
            ts += random.chance(3) ? 60_000 : random.pick(990...1_010)
            lat += random.pick(300...400)
            lon += random.pick(-50...50)
            speed = max(0, speed + random.pick(-20...20))
            var fix = Fix(tsMs: ts, latE7: lat, lonE7: lon, speedCms: speed, source: .gps)
            if !random.chance(20) {
                fix.headingCdeg = random.pick(0...35_999)
                fix.accuracyDm = random.pick(3...20) * 10
            }
            let verdict =
                random.chance(5)
                ? Verdict(codes: Code.teleport.bit, effect: .quarantine)
                : Verdict(isTrusted: !random.chance(10))
            let now = ts + random.pick(40...900)
            track.fixes.append(
                StoredFix(
                    fix: fix, provenance: isClaimed ? .claimed : .live, vehicle: .scooter,
                    verdict: verdict,
                    recvMs: StoredFix.quantisedReceipt(tsMs: ts, nowMs: now),
                    claimedRecvMs: isClaimed ? now - 7 : 0))
            track.arrivals.append(UInt32(i))
        }
        return track
    }

    /// A courier who goes where speed and heading say, but for `noise` in 1e-7 degree; now and then
    /// through north, over a gap, or without a word on speed and heading.
    static func courier(_ random: inout Seeded, count: Int, noise: Int32 = 200) -> Track {
        var track = Track()
        var ts = random.pick(Int64(1_600_000_000_000)...1_800_000_000_000)
        var lat = random.pick(Int64(-600_000_000)...600_000_000)
        var lon = random.pick(Int64(-1_700_000_000)...1_700_000_000)
        var speed = Int64(700)
        var heading = random.pick(Int64(0)...35_999)
        for i in 0..<count {
            let step = random.chance(2) ? 45_000 : random.chance(20) ? 2_990 : Int64(3_000)
            ts += step
            speed = min(1_400, max(0, speed + random.pick(-100...100)))
            heading = (heading + random.pick(-1_500...1_500) + 36_000) % 36_000
            let place = Int(heading + 12) / 25
            let reach = speed * step / 1_000
            lat += reach * Int64(Course.sines[place + 360]) / 18_218
            lon += reach * Int64(Course.sines[place]) / 14_000
            var fix = Fix(
                tsMs: ts, latE7: Int32(lat) + random.pick(-noise...noise),
                lonE7: Int32(lon) + random.pick(-noise...noise), source: .fused)
            if !random.chance(5) { fix.speedCms = Int32(speed) }
            if !random.chance(5) { fix.headingCdeg = Int32(heading) }
            fix.accuracyDm = random.pick(3...25) * 10
            track.fixes.append(
                StoredFix(
                    fix: fix, provenance: .live, vehicle: .bicycle,
                    verdict: Verdict(isTrusted: true),
                    recvMs: StoredFix.quantisedReceipt(
                        tsMs: ts, nowMs: ts + random.pick(90...400)), claimedRecvMs: 0))
            track.arrivals.append(UInt32(i))
        }
        return track
    }

    /// A phone that plays a recorded lap again and again, as test phones and cheats do.
    static func laps(_ random: inout Seeded, count: Int, lap: Int) -> Track {
        let once = courier(&random, count: lap)
        let lapMs = once.fixes[lap - 1].fix.tsMs - once.fixes[0].fix.tsMs + 3_000
        var track = Track()
        for i in 0..<count {
            var stored = once.fixes[i % lap]
            stored.fix.tsMs += Int64(i / lap) * lapMs
            stored.recvMs += Int64(i / lap) * lapMs
            track.fixes.append(stored)
            track.arrivals.append(UInt32(i))
        }
        return track
    }

    /// Any legal values whatever, extremes among them; in no order.
    static func wild(_ random: inout Seeded, count: Int) -> Track {
        var track = Track()
        let top = Fix.timeLimitMs - 1
        func pick(_ range: ClosedRange<Int64>, _ random: inout Seeded) -> Int64 {
            switch random.pick(0...4) {
            case 0: range.lowerBound
            case 1: range.upperBound
            case 2: min(max(0, range.lowerBound), range.upperBound)
            default: random.pick(range)
            }
        }
        func maybe(_ range: ClosedRange<Int64>, _ random: inout Seeded) -> Int32 {
            random.chance(30) ? Fix.absent : Int32(pick(range, &random))
        }
        for _ in 0..<count {
            let ts = pick(-top...top, &random)
            let fix = Fix(
                tsMs: ts, latE7: Int32(pick(-900_000_000...900_000_000, &random)),
                lonE7: Int32(pick(-1_800_000_000...1_800_000_000, &random)),
                speedCms: maybe(0...100_000, &random), headingCdeg: maybe(0...35_999, &random),
                accuracyDm: maybe(0...1_000_000, &random),
                altitudeDm: maybe(-200_000...1_000_000, &random),
                source: random.one(of: FixSource.allCases))
            let provenance = random.one(of: Provenance.allCases)
            track.fixes.append(
                StoredFix(
                    fix: fix, provenance: provenance,
                    vehicle: random.one(of: VehicleClass.allCases),
                    verdict: Verdict(
                        codes: random.chance(50) ? random.next() : UInt64.max,
                        effect: random.one(of: Effect.allCases),
                        isTrusted: random.chance(50)),
                    recvMs: StoredFix.quantisedReceipt(
                        tsMs: ts, nowMs: pick(-top...top, &random)),
                    claimedRecvMs: provenance == .claimed ? pick(-top...top, &random) : 0))
            track.arrivals.append(UInt32(pick(0...Int64(UInt32.max), &random)))
        }
        return track
    }

    /// In the order chunks ask for.
    var sorted: Track {
        let order = fixes.indices.sorted {
            (fixes[$0].fix.tsMs, arrivals[$0]) < (fixes[$1].fix.tsMs, arrivals[$1])
        }
        return Track(fixes: order.map { fixes[$0] }, arrivals: order.map { arrivals[$0] })
    }
}
