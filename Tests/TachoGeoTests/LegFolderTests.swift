import FormatSpec
import Testing

@testable import TachoGeo

/// What counts: the folder against a search that looks at the whole track anew for each leg.
struct LegFolderTests {
    static func rows(
        _ fixes: [LegFix], from: Int64 = .min / 2, to: Int64 = .max / 2
    ) -> [LegRow] {
        var rows: [LegRow] = []
        var folder = LegFolder(fromMs: from, toMs: to)
        for fix in fixes { folder.add(fix) { rows.append($0) } }
        folder.finish { rows.append($0) }
        return rows
    }

    static func totals(_ rows: [LegRow]) -> DistanceTotals {
        var totals = DistanceTotals()
        for row in rows { totals.add(row) }
        return totals
    }

    /// Drives, stands, jitters, is silent; glitches, codes, effects, several fixes of one time.
    static func track(_ seed: Int, _ count: Int) -> [LegFix] {
        var random = TrackRandom(seed: UInt64(seed) + 9_000)
        let places = [(37.5, 127.0), (-16.8, 179.9995), (89.9995, 20.0), (-89.9999, -170.0)]
        let (lat, lon) = places[seed % places.count]
        let stepMs = [200, 1_000, 5_000, 15_000, 60_000, 90_000][seed / 4 % 6] as Int64
        var (tsMs, north, east, mode) = (Int64(seed) * 1_000, 0.0, 0.0, 0)
        return (0..<count).map { _ in
            if Int.random(in: 0..<50, using: &random) == 0 {
                mode = Int.random(in: 0..<4, using: &random)
            }
            switch Int.random(in: 0..<60, using: &random) {
            case 0, 1: break
            case 2: tsMs += Int64.random(in: 1...400_000, using: &random)
            case 3:
                tsMs += [180_000, 180_001, 60_000, 59_999, 10_000].randomElement(using: &random)!
            default: tsMs += stepMs
            }
            let noise = [0.3, 2.0, 7.0, 18.0][mode]
            if mode == 0 { north += 0.008 * Double(stepMs) }
            var place = RandomTrack.place(
                lat, lon, north: north + .random(in: -noise...noise, using: &random),
                east: east + .random(in: -noise...noise, using: &random))
            if Int.random(in: 0..<40, using: &random) == 0 {
                place = RandomTrack.place(lat, lon, north: north, east: east + 60)
            }
            if mode == 3 { east += 0.0002 * Double(stepMs) }
            var fix = LegFix(tsMs: tsMs, position: place)
            if Bool.random(using: &random) {
                fix.speedCms = [0, 59, 60, 69, 70, 800].randomElement(using: &random)!
            }
            if Bool.random(using: &random) {
                fix.accuracyDm = [0, 50, 80, 200, 400].randomElement(using: &random)!
            }
            switch Int.random(in: 0..<20, using: &random) {
            case 0: fix.verdict = Verdict(codes: Code.candidate.bit, effect: .hold)
            case 1: fix.verdict = Verdict(codes: Code.replay.bit, effect: .quarantine)
            case 2, 3:
                let code: Code = [.teleport, .gapSpeed, .frozen, .pvDiverge, .zigzag, .overspeed]
                    .randomElement(using: &random)!
                fix.verdict = Verdict(codes: code.bit, effect: .flag)
            default: break
            }
            return fix
        }
    }

    @Test(arguments: 0..<96)
    func `rows are those of a search through the whole track`(seed: Int) {
        let fixes = Self.track(seed, 500)
        #expect(Self.rows(fixes) == PlainLegs(fixes).rows(.min, .max), "seed \(seed)")
    }

    /// Longer than what the folder remembers.
    @Test(arguments: [0, 5, 10, 100])
    func `long tracks are forgotten behind what decides`(seed: Int) {
        let fixes = Self.track(seed, 30_000)
        let rows = Self.rows(fixes)
        #expect(rows == PlainLegs(fixes).rows(.min, .max), "seed \(seed)")
        #expect(rows.count { $0.kind == .rest } > 1_000, "seed \(seed)")
    }

    @Test func `all kinds occur in these tracks`() {
        let kinds = (0..<24).flatMap { Self.rows(Self.track($0, 500)) }.map(\.kind)
        for kind in LegKind.allCases { #expect(kinds.contains(kind), "\(kind)") }
    }

    @Test(arguments: 0..<48)
    func `four minutes on either side decide what lies between`(seed: Int) {
        let fixes = Self.track(seed, 600)
        var random = TrackRandom(seed: UInt64(seed))
        for _ in 0..<8 {
            let from = fixes.randomElement(using: &random)!.tsMs + Int64.random(in: -1...1)
            let to = from + Int64.random(in: 0...3_000_000, using: &random)
            let near = fixes.filter {
                $0.tsMs >= from - DistanceV1.contextMs && $0.tsMs <= to + DistanceV1.contextMs
            }
            #expect(
                Self.rows(near, from: from, to: to) == PlainLegs(fixes).rows(from, to),
                "seed \(seed), \(from) to \(to)")
        }
    }

    @Test(arguments: 0..<48)
    func `distances up to and from a counted fix add up`(seed: Int) {
        let fixes = Self.track(seed, 600)
        let rows = Self.rows(fixes)
        var random = TrackRandom(seed: UInt64(seed))
        for _ in 0..<6 {
            let middle = rows.filter(\.kind.isCounted).randomElement(using: &random)!.toMs
            let before = Self.totals(Self.rows(fixes, to: middle))
            let after = Self.totals(Self.rows(fixes, from: middle))
            let whole = Self.totals(rows)
            #expect(before.mm + after.mm == whole.mm, "seed \(seed), \(middle)")
            #expect(before.gapsMs + after.gapsMs == whole.gapsMs, "seed \(seed), \(middle)")
            #expect(before.points + after.points == whole.points + 1, "seed \(seed), \(middle)")
        }
    }

    @Test(arguments: 0..<24)
    func `pages of any size are the rows, in order, once`(seed: Int) {
        let rows = Self.rows(Self.track(seed, 300))
        for size in [1, 2, 7, 64] {
            var (paged, cursor) = ([LegRow](), LegCursor?.none)
            repeat {
                var place = LegPlace(after: cursor)
                // As a reader that begins at the cursor's time sees them.
                let seen = rows.filter { $0.toMs >= cursor?.tsMs ?? .min }
                var page: [LegRow] = []
                for row in seen where page.count < size {
                    if place.take(row) { page.append(row) }
                }
                paged += page
                cursor = page.count < size ? nil : place.cursor
                if let text = cursor?.text { #expect(LegCursor(text) == cursor) }
            } while cursor != nil
            #expect(paged == rows, "seed \(seed), pages of \(size)")
        }
        for text in ["", "5", "-", "5-0", "5--1", "x-1", "-3-x", "999999999999999999-1"] {
            #expect(LegCursor(text) == nil, "\(text)")
        }
    }

    /// So many fixes about one place: a walk that is drawn back to it, as receivers' errors do.
    private static func parked(
        _ seed: Int, hours: Int, stepMs: Int64, metres: Double, glitches: Bool
    ) -> [LegFix] {
        var random = TrackRandom(seed: UInt64(seed))
        var (x, y) = (0.0, 0.0)
        let back = Double(stepMs) / 120_000
        // Uniform steps, the variance of which makes the given one about the place.
        let step = metres * (6 * back).squareRoot()
        return (0..<Int64(hours) * 3_600_000 / stepMs).map { number in
            x += .random(in: -step...step, using: &random) - x * back
            y += .random(in: -step...step, using: &random) - y * back
            let isGlitch = glitches && number % 600 == 300
            return LegFix(
                tsMs: number * stepMs,
                position: RandomTrack.place(37.5, 127, north: x + (isGlitch ? 80 : 0), east: y))
        }
    }

    @Test(arguments: [1_000, 5_000, 30_000] as [Int64], [2.0, 4.0])
    func `a night at one place is 0 m`(stepMs: Int64, metres: Double) {
        for seed in 0..<4 {
            let fixes = Self.parked(
                seed, hours: 8, stepMs: stepMs, metres: metres, glitches: stepMs <= 5_000)
            let totals = Self.totals(Self.rows(fixes))
            #expect(totals.mm == 0, "seed \(seed)")
            #expect(totals.restingMm > 1_000_000, "seed \(seed)")
            #expect(totals.points == fixes.count)
        }
    }

    @Test func `who leaves and comes back within a minute went there`() {
        // 200 m away at 30 s, back at 60 s: no excursion of 10 s.
        let places = [0.0, 0, 0, 200, 0, 0, 0, 0]
        let fixes = places.enumerated().map { index, north in
            LegFix(
                tsMs: Int64(index) * 30_000,
                position: RandomTrack.place(37.5, 127, north: north, east: 0))
        }
        let totals = Self.totals(Self.rows(fixes))
        #expect(abs(totals.mm - 400_000) < 2_000)
    }

    @Test func `who creeps half a metre a second is counted, who creeps a tenth is not`() {
        for (mps, isCounted) in [(0.5, true), (0.1, false)] {
            let fixes = (0..<1_200).map { second in
                LegFix(
                    tsMs: Int64(second) * 1_000,
                    position: RandomTrack.place(37.5, 127, north: mps * Double(second), east: 0))
            }
            let metres = Double(Self.totals(Self.rows(fixes)).mm) * 1e-3
            let way = 1_199 * mps
            #expect(isCounted ? abs(metres - way) < 0.01 * way : metres < 0.01, "\(mps): \(metres)")
        }
    }

    @Test func `zigzag counts as the way through its middle`() {
        let zigzag = Verdict(codes: Code.zigzag.bit, effect: .flag)
        let fixes = (0..<100).map { (index: Int) -> LegFix in
            let east: Double = index % 2 == 0 ? 45 : -45
            let place = RandomTrack.place(37.5, 127, north: Double(index) * 40, east: east)
            return LegFix(
                tsMs: Int64(index) * 5_000, position: place,
                verdict: index < 4 ? Verdict() : zigzag)
        }
        let totals = Self.totals(Self.rows(fixes))
        let straight = Self.totals(
            Self.rows(
                fixes.map { LegFix(tsMs: $0.tsMs, position: $0.position) }))
        // Three legs before the code, of 98.5 m each; then 40 m a leg.
        let expected: Int64 = 3 * 98_500 + 96 * 40_000
        #expect(abs(totals.mm - expected) < 20_000, "\(totals.mm)")
        #expect(straight.mm > 9_600_000)
    }

    @Test func `the example of the page is computed`() throws {
        let page = try SpecPage(section: 19)
        let fixes = page.rows("ts_ms | lat | lon | speed_mps | accuracy_m | verdict").map { cells in
            LegFix(
                tsMs: Int64(cells[0])!,
                position: Coordinate(
                    latE7: Self.scaled(cells[1], 7), lonE7: Self.scaled(cells[2], 7)),
                speedCms: Self.scaled(cells[3], 2), accuracyDm: Self.scaled(cells[4], 1),
                verdict: Self.verdict(cells[5]))
        }
        #expect(fixes.count == 18)
        let rows = Self.rows(fixes)
        var out = TextBuffer()
        var text = LegText()
        out.append(LegText.header.utf8)
        for row in rows { text.append(row, to: &out) }
        let start = try #require(page.lines.firstIndex(of: "```csv"))
        let lines: [String] = page.lines[(start + 1)...].prefix { $0 != "```" }.map { $0 + "\n" }
        let csv: String = lines.joined()
        #expect(String(decoding: out.text, as: UTF8.self) == csv)
        let totals = Self.totals(rows)
        #expect(
            page.line(holding: "386.06 m with \(totals.points) points and \(totals.excluded) exc")
                != nil)
        #expect(totals.mm == 386_060 && totals.gapsMs == 470_000 && totals.gapMm == 1_142_178)
        #expect(totals.excludedMm == 1_109_872 && totals.restingMm == 14_221)
    }

    private static func scaled(_ text: String, _ decimals: Int) -> Int32 {
        var text = text
        if text.isEmpty { return Fix.absent }
        let value = text.withUTF8 { Decimal.scaled(UnsafeRawBufferPointer($0), scale: decimals) }
        return Int32((try? value.get()) ?? .max)
    }

    private static func verdict(_ text: String) -> Verdict {
        let parts = text.split(separator: ":")
        let effect = Effect.allCases.first { $0.name == parts[0] } ?? .accept
        var codes: UInt64 = 0
        for name in parts.dropFirst().first?.split(separator: "+") ?? [] {
            codes |= Code.allCases.first { $0.name == name }!.bit
        }
        return Verdict(codes: codes, effect: effect)
    }
}

/// The page's words, leg by leg, with a look at everything each time.
private struct PlainLegs {
    let fixes: [LegFix]
    let counted: [Int]
    /// Of each fix, which counted one it is.
    let numbers: [Int: Int]

    init(_ fixes: [LegFix]) {
        self.fixes = fixes
        var counted: [Int] = []
        for (index, fix) in fixes.enumerated() where fix.verdict.isShown {
            if counted.last.map({ fixes[$0].tsMs < fix.tsMs }) ?? true { counted.append(index) }
        }
        self.counted = counted
        numbers = Dictionary(
            uniqueKeysWithValues: counted.enumerated().map { ($0.element, $0.offset) })
    }

    func rows(_ from: Int64, _ to: Int64) -> [LegRow] {
        let resting = restingLegs()
        var rows: [LegRow] = []
        for (index, fix) in fixes.enumerated() where fix.tsMs >= from && fix.tsMs <= to {
            guard let number = numbers[index] else {
                let kind: LegKind =
                    fix.verdict.effect == .hold
                    ? .held : fix.verdict.effect == .quarantine ? .quarantined : .conflict
                rows.append(alone(kind, fix))
                continue
            }
            if number == 0 || at(number - 1).tsMs < from {
                rows.append(alone(.start, fix))
            } else {
                rows.append(leg(number, resting.contains(number)))
            }
        }
        return rows
    }

    private func at(_ number: Int) -> LegFix { fixes[counted[number]] }

    private func alone(_ kind: LegKind, _ fix: LegFix) -> LegRow {
        LegRow(
            kind: kind, fromMs: fix.tsMs, toMs: fix.tsMs, from: fix.position, to: fix.position,
            straightMm: 0, mm: 0, verdict: fix.verdict)
    }

    private func mm(_ a: LegFix, _ b: LegFix) -> Int64 {
        EarthPlace(a.position).millimetres(to: EarthPlace(b.position))
    }

    private func leg(_ number: Int, _ isResting: Bool) -> LegRow {
        let (a, b) = (at(number - 1), at(number))
        var row = LegRow(
            kind: .leg, fromMs: a.tsMs, toMs: b.tsMs, from: a.position, to: b.position,
            straightMm: mm(a, b), mm: 0, verdict: b.verdict)
        let radii = [a, b].map { $0.accuracyDm == Fix.absent ? 150 : Int64($0.accuracyDm) }
        if b.tsMs - a.tsMs > 180_000 {
            row.kind = .gap
        } else if b.isExcluded {
            row.kind = .excluded
        } else if isResting {
            row.kind = .rest
        } else if b.speedCms != Fix.absent && b.speedCms < 70
            && row.straightMm < max(8_000, 50 * (radii[0] + radii[1]))
        {
            row.kind = .still
        } else {
            row.mm = row.straightMm
            if b.verdict.codes & Code.zigzag.bit != 0, number > 1, !a.isExcluded,
                a.tsMs - at(number - 2).tsMs <= 180_000
            {
                row.kind = .zigzag
                row.mm = min(row.mm, (mm(at(number - 2), b) + 1) / 2)
            }
        }
        return row
    }

    /// Numbers of counted fixes the leg to which lies in a span at rest.
    private func restingLegs() -> Set<Int> {
        var resting: Set<Int> = []
        for first in counted.indices {
            let start = at(first)
            guard
                let last = counted.indices[first...].first(where: {
                    at($0).tsMs >= start.tsMs + 60_000
                }), last - first <= 4_096
            else { continue }
            let span = first...last
            if span.dropFirst().contains(where: { at($0).tsMs - at($0 - 1).tsMs > 180_000 }) {
                continue
            }
            let known = start.accuracyDm == Fix.absent ? 0 : Int64(start.accuracyDm)
            let radius = Double(min(max(known * 200, 15_000), 50_000))
            let place = EarthPlace(start.position)
            let inside = span.filter {
                place.squaredChord(to: EarthPlace(at($0).position)) <= radius * radius
            }
            guard inside.last == last else { continue }
            let isBroken = zip(inside, inside.dropFirst()).contains { a, b in
                b > a + 1 && at(b).tsMs - at(a).tsMs > 10_000
            }
            if !isBroken { resting.formUnion((first + 1)...last) }
        }
        return resting
    }
}
