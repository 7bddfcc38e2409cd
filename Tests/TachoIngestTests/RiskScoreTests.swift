import TachoGeo
import TachoIngest
import Testing

struct RiskScoreTests {
    private static let now: Int64 = 1_767_225_600_000
    private static let minute: Int64 = 60_000

    private func hit(
        _ code: Code, _ severity: Severity, minutesAgo: Int64, n: UInt32 = 0, counts: Bool = true
    ) -> RiskHit {
        RiskHit(
            atRecvMs: Self.now - minutesAgo * Self.minute, idMs: 1, idN: n, code: code,
            severity: severity, counts: counts)
    }

    private func score(_ hits: RiskHit...) -> RiskScore {
        RiskScore.of(hits.sorted(by: RiskHit.precedes), atMs: Self.now)
    }

    @Test func `fresh alerts have the weight of their severity`() {
        #expect(score().riskE6 == 0)
        #expect(score(hit(.teleport, .crit, minutesAgo: 0)).riskE6 == 900_000)
        #expect(score(hit(.spike, .warn, minutesAgo: 0)).riskE6 == 400_000)
        #expect(score(hit(.whiteJitter, .info, minutesAgo: 0)).riskE6 == 150_000)
    }

    @Test func `alerts together leave what all of them leave`() {
        let both = score(
            hit(.teleport, .crit, minutesAgo: 0), hit(.spike, .warn, minutesAgo: 0, n: 1))
        #expect(both.riskE6 == 940_000)
        #expect(both.alerts == 2)
        #expect(both.shares.map(\.code) == [.teleport, .spike])
        #expect(both.shares.map(\.riskE6) == [900_000, 400_000])
        let twice = score(
            hit(.spike, .warn, minutesAgo: 0), hit(.spike, .warn, minutesAgo: 0, n: 1))
        #expect(twice.riskE6 == 640_000)
        #expect(twice.shares.map(\.alerts) == [2])
    }

    @Test func `half an hour leaves two fifths of a weight, and six hours nothing`() {
        #expect(score(hit(.teleport, .crit, minutesAgo: 30)).riskE6 == 360_000)
        #expect(score(hit(.teleport, .crit, minutesAgo: 60)).riskE6 == 180_000)
        #expect(score(hit(.teleport, .crit, minutesAgo: 359)).riskE6 > 10_000)
        #expect(score(hit(.teleport, .crit, minutesAgo: 360)).alerts == 0)
        #expect(score(hit(.teleport, .crit, minutesAgo: 360)).riskE6 == 0)
    }

    @Test func `what was taken back, and what is still to come, has no part`() {
        #expect(score(hit(.teleport, .crit, minutesAgo: 0, counts: false)).riskE6 == 0)
        #expect(score(hit(.teleport, .crit, minutesAgo: -1)).riskE6 == 0)
        // Receipt times are rounded up by less than one step.
        var ahead = hit(.teleport, .crit, minutesAgo: 0)
        ahead.atRecvMs += 63
        #expect(score(ahead).riskE6 == 900_000)
        ahead.atRecvMs += 1
        #expect(score(ahead).riskE6 == 0)
    }

    @Test func `two different warnings within ten minutes are a case since the second`() {
        let pair = score(
            hit(.spike, .warn, minutesAgo: 15), hit(.gapSpeed, .warn, minutesAgo: 5))
        #expect(pair.caseSinceMs == Self.now - 5 * Self.minute)
        var late = hit(.gapSpeed, .warn, minutesAgo: 5)
        late.atRecvMs += 1
        #expect(score(hit(.spike, .warn, minutesAgo: 15), late).caseSinceMs == nil)
        #expect(
            score(hit(.spike, .warn, minutesAgo: 9), hit(.spike, .warn, minutesAgo: 5))
                .caseSinceMs == nil)
        #expect(
            score(hit(.spike, .warn, minutesAgo: 9), hit(.teleport, .crit, minutesAgo: 5))
                .caseSinceMs == nil)
        #expect(
            score(
                hit(.spike, .warn, minutesAgo: 9, counts: false),
                hit(.gapSpeed, .warn, minutesAgo: 5)
            ).caseSinceMs == nil)
    }

    @Test func `a code with alerts of two severities shows the stronger`() {
        let jumps = score(
            hit(.altJump, .warn, minutesAgo: 2), hit(.altJump, .info, minutesAgo: 1))
        #expect(jumps.shares.map(\.severity) == [.warn])
        #expect(jumps.shares.map(\.lastAtRecvMs) == [Self.now - Self.minute])
    }

    private static let codes: [(Code, Severity)] = [
        (.teleport, .crit), (.spike, .warn), (.gapSpeed, .warn), (.zigzag, .warn),
        (.whiteJitter, .info),
    ]

    private func randomHits(_ random: inout SeededGenerator) -> [RiskHit] {
        (0..<Int.random(in: 0...60, using: &random)).map { n in
            let (code, severity) = Self.codes.randomElement(using: &random)!
            return RiskHit(
                atRecvMs: Self.now - Int64.random(in: -100...25_000_000, using: &random),
                idMs: 1, idN: UInt32(n), code: code, severity: severity,
                counts: Int.random(in: 0..<4, using: &random) > 0)
        }.sorted(by: RiskHit.precedes)
    }

    /// The obvious way: all pairs, all products.
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `a score is what the formula says`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let hits = randomHits(&random)
        let score = RiskScore.of(hits, atMs: Self.now)
        let seen = hits.filter { hit in
            hit.counts && hit.atRecvMs < Self.now + 64 && Self.now - hit.atRecvMs < 21_600_000
        }
        var rest = 1.0
        for hit in seen {
            let x = Double(max(0, Self.now - hit.atRecvMs)) / 1_800_000
            let w = [0.15, 0.4, 0.9][Int(hit.severity.rawValue) - 1]
            rest *= 1 - w / (1 + x + x * x / 2)
        }
        let expected = ((1 - rest) * 1e6).rounded()
        #expect(abs(Double(score.riskE6) - expected) <= 1, "seed \(seed)")
        #expect((0...1_000_000).contains(score.riskE6), "seed \(seed)")
        #expect(score.alerts == seen.count, "seed \(seed)")
        #expect(score.shares.reduce(0) { $0 + $1.alerts } == seen.count, "seed \(seed)")
        #expect(Set(score.shares.map(\.code)) == Set(seen.map(\.code)), "seed \(seed)")

        let warnings = seen.filter { $0.severity == .warn }
        var since: Int64?
        for (index, second) in warnings.enumerated() where since == nil {
            for first in warnings[..<index]
            where first.code != second.code && second.atRecvMs - first.atRecvMs <= 600_000 {
                since = second.atRecvMs
            }
        }
        #expect(score.caseSinceMs == since, "seed \(seed)")
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `time lowers a score, another alert does not`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var hits = randomHits(&random)
        hits.removeAll { $0.atRecvMs > Self.now }
        var last = RiskScore.of(hits, atMs: Self.now)
        let first = last
        for minutes in stride(from: Int64(7), to: 500, by: 7) {
            let later = RiskScore.of(hits, atMs: Self.now + minutes * Self.minute)
            #expect(later.riskE6 <= last.riskE6, "seed \(seed), \(minutes) min")
            last = later
        }
        #expect(last.riskE6 == 0, "seed \(seed)")
        hits.append(hit(.overspeed, .crit, minutesAgo: 0, n: 1_000))
        let more = RiskScore.of(hits.sorted(by: RiskHit.precedes), atMs: Self.now)
        #expect(more.riskE6 >= first.riskE6, "seed \(seed)")
        #expect(more.riskE6 >= 900_000, "seed \(seed)")
    }
}
