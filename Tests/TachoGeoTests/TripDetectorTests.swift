import Testing

@testable import TachoGeo

/// The detector against a search that looks ahead and adds everything up anew each time.
struct TripDetectorTests {
    private static func detect(
        _ points: [TrackPoint], _ settings: TripSettings, after: TripCursor? = nil
    ) -> [(item: TripItem, after: TripCursor?)] {
        var items: [(TripItem, TripCursor?)] = []
        var detector = TripDetector(settings, after: after)
        for point in points { detector.add(point) { items.append(($0, $1)) } }
        detector.finish { items.append(($0, $1)) }
        return items
    }

    private static func settings(_ seed: Int) -> TripSettings {
        var random = TrackRandom(seed: UInt64(seed + 500))
        return TripSettings(
            minStopMs: [30_000, 180_000, 180_000, 600_000].randomElement(using: &random)!,
            radiusMm: [15_000, 50_000, 50_000, 120_000].randomElement(using: &random)!,
            gapMs: [120_000, 900_000, 3_600_000].randomElement(using: &random)!)
    }

    @Test func `items are those of a search that adds everything up anew`() {
        var (stops, gaps, trips) = (0, 0, 0)
        for seed in 0..<120 {
            var track = RandomTrack(seed: seed)
            let points = track.points(400)
            let settings = Self.settings(seed)
            let found = Self.detect(points, settings).map(\.item)
            var search = PlainSearch(points: points, settings: settings)
            let expected = search.items()
            #expect(found == expected, "seed \(seed)")
            for item in found {
                switch item {
                case .stop: stops += 1
                case .gap: gaps += 1
                case .trip: trips += 1
                }
            }
        }
        #expect(stops > 300 && gaps > 300 && trips > 300)
    }

    @Test func `trips, stops and gaps cover all the time exactly once`() {
        for seed in 0..<60 {
            var track = RandomTrack(seed: seed)
            let points = track.points(500)
            let settings = Self.settings(seed)
            let items = Self.detect(points, settings).map(\.item)
            var now = points[0].tsMs
            var opens = 0
            for item in items {
                #expect(item.fromMs == now, "seed \(seed)")
                #expect(item.toMs > item.fromMs, "seed \(seed)")
                now = item.toMs
                if case .stop(let stop) = item {
                    #expect(stop.durationMs >= settings.minStopMs, "seed \(seed)")
                    #expect(stop.radiusMm <= settings.radiusMm, "seed \(seed)")
                }
                if case .gap(let gap) = item {
                    #expect(gap.toMs - gap.fromMs > settings.gapMs, "seed \(seed)")
                }
                if item.isOpen { opens += 1 }
            }
            #expect(now == points.last!.tsMs, "seed \(seed)")
            // A lone fix behind a gap is no time at all.
            let isAlone = if case .gap = items.last { true } else { false }
            #expect(items.last!.isOpen == !isAlone && opens == (isAlone ? 0 : 1), "seed \(seed)")
        }
    }

    @Test func `who stays within a radius for three minimum stops has stopped`() {
        var checked = 0
        for seed in 0..<60 {
            var track = RandomTrack(seed: seed)
            let points = track.points(300)
            let settings = Self.settings(seed)
            let stops = Self.detect(points, settings).compactMap { item -> Stop? in
                if case .stop(let stop) = item.item { stop } else { nil }
            }
            for first in points.indices {
                var last = first
                // All of them within a radius of each other.
                while last + 1 < points.count,
                    points[last + 1].tsMs - points[last].tsMs <= settings.gapMs,
                    (first...last).allSatisfy({
                        Distance.leg(points[$0].position, points[last + 1].position) * 1_000
                            <= Double(settings.radiusMm) * 0.999
                    })
                { last += 1 }
                let (fromMs, toMs) = (points[first].tsMs, points[last].tsMs)
                guard toMs - fromMs >= 3 * settings.minStopMs, last - first > 3 else { continue }
                checked += 1
                #expect(
                    stops.contains { $0.fromMs < toMs && $0.toMs > fromMs },
                    "seed \(seed): \(fromMs) to \(toMs)")
            }
        }
        #expect(checked > 500)
    }

    @Test func `a detector goes on from every cursor as if it had not stopped`() {
        var cursors = 0
        for seed in 0..<40 {
            var track = RandomTrack(seed: seed)
            let points = track.points(300)
            let settings = Self.settings(seed)
            let whole = Self.detect(points, settings)
            for (index, entry) in whole.enumerated() {
                guard let after = entry.after else { continue }
                cursors += 1
                #expect(TripCursor(after.text) == after)
                let rest = Self.detect(
                    points.filter { $0.tsMs >= after.tsMs }, settings, after: after)
                #expect(
                    rest.map(\.item) == whole[(index + 1)...].map(\.item),
                    "seed \(seed), item \(index), \(after.text)")
            }
        }
        #expect(cursors > 300)
        for text in ["", "-", "5", "5-2", "x-1", "5-", "-0", "5-1-"] {
            #expect(TripCursor(text) == nil, "\(text)")
        }
    }

    private func ride(_ legs: [(seconds: Int, mps: Double)], step: Int = 5) -> [TrackPoint] {
        var points: [TrackPoint] = []
        var (second, metres) = (0, 0.0)
        for leg in legs {
            for _ in stride(from: 0, to: leg.seconds, by: step) {
                points.append(
                    TrackPoint(
                        tsMs: Int64(second) * 1_000,
                        position: RandomTrack.place(37.5, 127, north: metres, east: 0)))
                second += step
                metres += leg.mps * Double(step)
            }
        }
        return points
    }

    @Test func `a stop between two trips begins where the rider came, and a red light is none`() {
        let points = ride([(300, 10), (120, 0), (300, 10), (400, 0), (300, 10)])
        let items = Self.detect(points, TripSettings()).map(\.item)
        #expect(items.count == 3)
        guard case .stop(let stop) = items[1], case .trip(let first) = items[0],
            case .trip(let last) = items[2]
        else {
            Issue.record("trip, stop, trip expected: \(items)")
            return
        }
        // Standing from 720 s to 1,120 s; the last and first 50 m belong to the place.
        #expect((715_000...720_000).contains(stop.fromMs))
        #expect((1_120_000...1_130_000).contains(stop.toMs))
        let place = RandomTrack.place(37.5, 127, north: 6_000, east: 0)
        #expect(Distance.leg(stop.centre, place) < 2)
        #expect(first.toMs == stop.fromMs && last.fromMs == stop.toMs)
        #expect(abs(Double(first.millimetres) - 5_950_000) < 70_000)
        #expect(first.maxSpeedCms.map { abs($0 - 1_000) < 10 } == true)
        #expect(last.isOpen && !stop.isOpen && !first.isOpen)
    }

    @Test func `one fix outside splits no stop, two or one that lasted do`() {
        func stops(_ change: (inout [TrackPoint]) -> Void) -> Int {
            var points = ride([(900, 0)], step: 10)
            change(&points)
            return Self.detect(points, TripSettings()).count {
                if case .stop = $0.item { true } else { false }
            }
        }
        let away = RandomTrack.place(37.5, 127, north: 0, east: 200)
        #expect(stops { _ in } == 1)
        #expect(stops { $0[40].position = away } == 1)
        #expect(
            stops {
                $0[40].position = away
                $0[41].position = away
            } == 2)
        // Back after more than the minimum stop.
        #expect(
            stops { points in
                points[40].position = away
                for index in 41..<points.count { points[index].tsMs += 200_000 }
            } == 2)
    }

    @Test func `a silence at one place is a gap and no stop`() {
        var points = ride([(100, 0)])
        for index in 10..<points.count { points[index].tsMs += 3_600_001 }
        let items = Self.detect(points, TripSettings()).map(\.item)
        guard items.count == 3, case .trip = items[0], case .gap(let gap) = items[1],
            case .trip = items[2]
        else {
            Issue.record("trip, gap, trip expected: \(items)")
            return
        }
        #expect(gap.fromMs == 45_000 && gap.toMs == 3_650_001 && gap.from == gap.to)
        for index in 10..<points.count { points[index].tsMs -= 5_001 }
        let within = Self.detect(points, TripSettings()).map(\.item)
        #expect(within.count == 1)
        guard case .stop(let stop) = within[0] else {
            Issue.record("a stop expected: \(within)")
            return
        }
        #expect(stop.points == 20 && stop.isOpen)
    }

    @Test func `a stop lasts at least the minimum, to the millisecond`() {
        var points = ride([(185, 0)])
        #expect(points.last!.tsMs == 180_000)
        guard case .stop = Self.detect(points, TripSettings())[0].item else {
            Issue.record("180 s are a stop")
            return
        }
        points[points.count - 1].tsMs -= 1
        guard case .trip = Self.detect(points, TripSettings())[0].item else {
            Issue.record("179.999 s are none")
            return
        }
    }

    @Test func `legs count by their codes, and small moves of a standing phone do not`() {
        let a = TrackPoint(tsMs: 0, position: RandomTrack.place(37.5, 127, north: 0, east: 0))
        var b = TrackPoint(
            tsMs: 5_000, position: RandomTrack.place(37.5, 127, north: 100, east: 0))
        let metres = Double(TrackLeg(from: a, to: b).micrometres) * 1e-6
        #expect(
            abs(metres - Distance.geodesic(lat1: 37.5, lon1: 127, lat2: b.position.lat, lon2: 127))
                < 1e-3)
        for code in Code.allCases {
            b.codes = code.bit
            let isExcluded = [Code.teleport, .gapSpeed, .frozen].contains(code)
            #expect(TrackLeg(from: a, to: b).isExcluded == isExcluded, "\(code)")
            #expect((TrackLeg(from: a, to: b).micrometres == 0) == isExcluded, "\(code)")
        }
        b.codes = Code.pvDiverge.bit
        b.speedCms = 59
        #expect(TrackLeg(from: a, to: b).isExcluded)
        b.speedCms = 60
        #expect(!TrackLeg(from: a, to: b).isExcluded)
        b.codes = 0
        b.speedCms = 20
        b.position = RandomTrack.place(37.5, 127, north: 7, east: 0)
        #expect(TrackLeg(from: a, to: b).micrometres == 0)
        #expect(!TrackLeg(from: a, to: b).isExcluded)
        b.speedCms = 70
        #expect(TrackLeg(from: a, to: b).micrometres > 0)
    }

    @Test func `legs are within a millionth of the geodesic everywhere`() {
        var random = TrackRandom(seed: 3)
        for _ in 0..<4_000 {
            let lat = Double.random(in: -89.9...89.9, using: &random)
            let lon = Double.random(in: -180...180, using: &random)
            let reach = [5.0, 300, 9_000, 80_000].randomElement(using: &random)!
            let a = RandomTrack.place(lat, lon, north: 0, east: 0)
            let b = RandomTrack.place(
                lat, lon, north: Double.random(in: -reach...reach, using: &random),
                east: Double.random(in: -reach...reach, using: &random))
            let exact = Distance.geodesic(lat1: a.lat, lon1: a.lon, lat2: b.lat, lon2: b.lon)
            #expect(abs(Distance.leg(a, b) - exact) <= exact * 1e-6 + 1e-5, "\(a) \(b)")
        }
    }

    @Test(arguments: [
        (TripSettings.Option.minStop, "0"), (.minStop, "-1"), (.minStop, "86400.001"),
        (.minStop, "nan"), (.radius, ""), (.radius, "0.0004"), (.radius, "10001"),
        (.radius, "inf"), (.gap, "0"), (.gap, "1e99"), (.gap, "3600s"),
    ])
    func `a setting that makes no sense is refused`(option: TripSettings.Option, text: String) {
        var settings = TripSettings()
        let failure = #expect(throws: TrackNumberError.self) {
            try settings.set(option, word: text, name: "--x")
        }
        #expect(failure?.description.hasPrefix("--x '\(text)': ") == true)
        #expect(settings == TripSettings())
    }

    @Test func `settings are read to the thousandth`() throws {
        var settings = TripSettings()
        try settings.set(.minStop, word: "0.5", name: "")
        try settings.set(.radius, word: "7.25", name: "")
        try settings.set(.gap, word: "1e2", name: "")
        #expect(settings == TripSettings(minStopMs: 500, radiusMm: 7_250, gapMs: 100_000))
    }
}

extension TripItem {
    var fromMs: Int64 {
        switch self {
        case .trip(let trip): trip.fromMs
        case .stop(let stop): stop.fromMs
        case .gap(let gap): gap.fromMs
        }
    }

    var toMs: Int64 {
        switch self {
        case .trip(let trip): trip.toMs
        case .stop(let stop): stop.toMs
        case .gap(let gap): gap.toMs
        }
    }

    var isOpen: Bool {
        switch self {
        case .trip(let trip): trip.isOpen
        case .stop(let stop): stop.isOpen
        case .gap: false
        }
    }
}

/// The definition with the whole track at hand: looks ahead for lone fixes outside, and adds up
/// centres and ways from the fixes each time.
private struct PlainSearch {
    let points: [TrackPoint]
    let settings: TripSettings
    private var found: [TripItem] = []

    init(points: [TrackPoint], settings: TripSettings) {
        self.points = points
        self.settings = settings
    }

    mutating func items() -> [TripItem] {
        var start = 0
        while start < points.count {
            var end = start
            while end + 1 < points.count,
                points[end + 1].tsMs - points[end].tsMs <= settings.gapMs
            { end += 1 }
            if start > 0 {
                let (a, b) = (points[start - 1], points[start])
                found.append(
                    .gap(
                        TripGap(
                            fromMs: a.tsMs, toMs: b.tsMs, from: a.position, to: b.position)))
            }
            stretch(start, end)
            start = end + 1
        }
        return found
    }

    private func centre(_ inside: [Int]) -> SpaceCentre {
        var mean = TimeMean()
        for (a, b) in zip(inside, inside.dropFirst()) {
            mean.add(
                from: SpacePoint(points[a].position), to: SpacePoint(points[b].position),
                ms: points[b].tsMs - points[a].tsMs)
        }
        return mean.centre(ifNone: SpacePoint(points[inside[0]].position))
    }

    private func distance(_ centre: SpaceCentre, _ index: Int) -> Double {
        centre.squaredDistance(to: SpacePoint(points[index].position)).squareRoot()
    }

    /// Between two gaps.
    private mutating func stretch(_ first: Int, _ end: Int) {
        let radius = Double(settings.radiusMm)
        var tripFrom = first
        var inside = [first]
        var home: SpaceCentre?
        var furthest = 0.0
        func fits(_ index: Int) -> Bool {
            guard distance(centre(inside), index) <= radius else { return false }
            return home.map { distance($0, index) <= 2 * radius } ?? true
        }
        func add(_ index: Int) {
            if home != nil { furthest = max(furthest, distance(centre(inside), index)) }
            inside.append(index)
            if home != nil { return }
            func trim() {
                while distance(centre(inside), inside[0]) > radius { inside.removeFirst() }
            }
            trim()
            while points[index].tsMs - points[inside[0]].tsMs >= settings.minStopMs {
                let middle = centre(inside)
                if let misfit = inside.firstIndex(where: { distance(middle, $0) > radius }) {
                    inside.removeFirst(min(misfit + 1, inside.count - 1))
                    trim()
                    continue
                }
                addTrip(tripFrom, inside[0], isOpen: false)
                home = middle
                furthest = inside.map { distance(middle, $0) }.max()!
                return
            }
        }
        func close(isOpen: Bool) {
            let (from, to) = (points[inside[0]], points[inside.last!])
            found.append(
                .stop(
                    Stop(
                        fromMs: from.tsMs, toMs: to.tsMs, centre: centre(inside).position,
                        points: inside.last! - inside[0] + 1,
                        radiusMm: Int64(furthest.rounded()), isOpen: isOpen)))
            tripFrom = inside.last!
            home = nil
        }
        let isEnd = end == points.count - 1
        var index = first + 1
        while index <= end {
            if fits(index) {
                add(index)
            } else if index < end, fits(index + 1),
                points[index + 1].tsMs - points[inside.last!].tsMs <= settings.minStopMs
            {
                add(index + 1)
                index += 1
            } else if home != nil {
                close(isOpen: false)
                inside = [index]
            } else {
                while !inside.isEmpty, !fits(index) { inside.removeFirst() }
                add(index)
            }
            index += 1
        }
        if home != nil { return close(isOpen: isEnd) }
        addTrip(tripFrom, end, isOpen: isEnd)
    }

    private mutating func addTrip(_ from: Int, _ to: Int, isOpen: Bool) {
        guard from < to else { return }
        var micrometres: Int64 = 0
        var excluded = 0
        var speeds: [Int32] = []
        for index in from...to {
            let point = points[index]
            let isTold = point.speedCms != Fix.absent && point.codes & Code.speedMismatch.bit == 0
            if isTold { speeds.append(point.speedCms) }
            if index == from { continue }
            let leg = TrackLeg(from: points[index - 1], to: point)
            micrometres += leg.micrometres
            if leg.isExcluded { excluded += 1 }
            if !isTold && !leg.isExcluded {
                let ms = Double(point.tsMs - points[index - 1].tsMs)
                speeds.append(Int32((Double(leg.micrometres) / ms / 10).rounded()))
            }
        }
        found.append(
            .trip(
                Trip(
                    fromMs: points[from].tsMs, toMs: points[to].tsMs, from: points[from].position,
                    to: points[to].position, micrometres: micrometres, points: to - from + 1,
                    excluded: excluded, maxSpeedCms: speeds.max(), isOpen: isOpen)))
    }
}
