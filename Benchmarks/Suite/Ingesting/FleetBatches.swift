import TachoGeo

/// Batches of a moving fleet without an end, cheap to make: the way of every rider is generated
/// once for some rounds and then driven back and forth, at later times, each time 18 m beside: the
/// very same way again would be what rules across riders look for. The sender only copies a batch
/// and moves its times and places, 5 to 10 ns a point, and memory does not grow with the points.
///
/// A batch holds reports of one round, so at most one of each rider.
struct FleetBatches {
    /// By round, then by place in the round.
    private let stretch: [[FixBatch]]
    private var round = 0
    private var place = 0
    private var lateness: Lateness?
    let riders: Int

    static let firstMs: Int64 = 1_767_225_600_000
    static let intervalMs: Int64 = 3000
    /// More rounds than half a chunk: no chunk sees the same way twice.
    private static let wantedRounds = 134
    private static let stretchPoints = 3_000_000

    init(_ scale: Scale) {
        let wanted = min(Self.wantedRounds, scale.points / scale.riders + 1)
        let rounds = max(2, min(wanted, Self.stretchPoints / scale.riders))
        riders = scale.riders
        var fleet = BenchmarkFleet(riders: scale.riders)
        let way = (0..<rounds).map { _ in (0..<scale.riders).map { _ in fleet.step().fix } }
        lateness = scale.latePercent > 0 ? Lateness(scale, way: way) : nil
        stretch = way.map { round in
            stride(from: 0, to: scale.riders, by: scale.batch).map { first in
                var batch = FixBatch(capacity: min(scale.batch, scale.riders - first))
                for rider in first..<min(first + scale.batch, scale.riders) {
                    fleet.names[rider].withUnsafeBytes {
                        _ = batch.append(rider: $0, fix: round[rider])
                    }
                }
                return batch
            }
        }
    }

    /// The next batch, and when the server gets it.
    mutating func next() -> (batch: FixBatch, receivedAtMs: Int64) {
        let pass = Pass(of: round, rounds: stretch.count)
        var batch = stretch[pass.source][place]
        batch.shift(
            byMs: Int64(round - pass.source) * Self.intervalMs, byLatE7: pass.asideLatE7,
            turned: pass.isTurned)
        lateness?.replaceLate(in: &batch)
        let receivedAtMs = Self.firstMs + Int64(round + 1) * Self.intervalMs + 128
        place += 1
        if place == stretch[pass.source].count {
            place = 0
            round += 1
        }
        return (batch, receivedAtMs)
    }
}

/// Which time the generated way is driven in a round, whichever, also before the first.
private struct Pass {
    /// The round it was generated for.
    var source: Int
    var isTurned: Bool
    var asideLatE7: Int32

    init(of round: Int, rounds: Int) {
        let period = 2 * (rounds - 1)
        let phase = ((round % period) + period) % period
        isTurned = phase >= rounds
        source = isTurned ? period - phase : phase
        // The turn itself belongs to both passes, and is driven once.
        let number = Int((Double(round) / Double(rounds - 1)).rounded(.down))
        asideLatE7 = Int32(number) * 1600
    }
}

/// What a fleet reports when some of it comes late: a late report tells where the rider was then.
/// As many as the scale has points are made ahead, so that the sender only copies them.
struct Lateness {
    /// A report in the order in which all are sent, and what it is if it is late.
    private typealias Late = (report: Int, fix: Fix)

    private let percent: Int
    /// Round after round. Driven back and forth, also before the first round.
    private let way: [Fix]
    private let riders: Int
    private let rounds: Int
    private var random = SplitMix(seed: 7)
    private var late: [Late] = []
    /// The next of them, and reports sent and drawn so far.
    private var next = 0
    private var sent = 0
    private var drawn = 0

    init(_ scale: Scale, way: [[Fix]]) {
        percent = scale.latePercent
        riders = scale.riders
        rounds = way.count
        self.way = way.flatMap { $0 }
        draw(through: scale.points)
    }

    /// Replaces the late ones among the next reports.
    mutating func replaceLate(in batch: inout FixBatch) {
        if sent + batch.count > drawn { draw(through: sent + batch.count) }
        while next < late.count, late[next].report < sent + batch.count {
            batch.replace(late[next].report - sent, by: late[next].fix)
            next += 1
        }
        sent += batch.count
    }

    private mutating func draw(through reports: Int) {
        while drawn < reports {
            if random.next(100) < percent {
                late.append((drawn, report(drawn % riders, round: drawn / riders)))
            }
            drawn += 1
        }
    }

    private mutating func report(_ rider: Int, round: Int) -> Fix {
        let interval = FleetBatches.intervalMs
        let rounds = Int(random.delayMs() / interval) + 1
        // Between two rounds, and in each round elsewhere: no time comes twice.
        let afterMs = Int64(round) % (interval - 1) + 1
        let part = Double(afterMs) / Double(interval)
        let (before, after) = (fix(rider, round - rounds), fix(rider, round - rounds + 1))
        func between(_ from: Int32, _ to: Int32) -> Int32 {
            from + Int32(Double(to - from) * part)
        }
        var late = before
        late.tsMs += afterMs
        late.latE7 = between(before.latE7, after.latE7)
        late.lonE7 = between(before.lonE7, after.lonE7)
        return late
    }

    /// Where a rider is in a round, whichever.
    private func fix(_ rider: Int, _ round: Int) -> Fix {
        let pass = Pass(of: round, rounds: rounds)
        var fix = way[pass.source * riders + rider]
        fix.tsMs += Int64(round - pass.source) * FleetBatches.intervalMs
        fix.latE7 += pass.asideLatE7
        if pass.isTurned { fix.headingCdeg = (fix.headingCdeg + 18_000) % 36_000 }
        return fix
    }
}

/// A small generator for what is drawn beside the fleet (Steele, Lea and Flood, 2014).
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next(_ bound: Int) -> Int { Int(next() >> 33) % bound }

    /// How late a late point is: a minute to three days, every order of magnitude as likely.
    mutating func delayMs() -> Int64 {
        let doublings = 12  // 64 s · 2^12 = 3.03 days
        let low = Int64(64_000) << Int64(next(doublings))
        return low + Int64(next() >> 1) % low
    }
}
