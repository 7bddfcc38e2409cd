import TachoGeo

/// Where the end of a way is, fix by fix and to 1e-6 degree, another track.
struct ExactRun {
    /// In the own way, of the first fix alike.
    private(set) var first = 0
    private(set) var hits = 0
    private(set) var of = 0
    /// The most hits without a miss between.
    private(set) var streak = 0

    /// One fix that is not in the other track is passed over: it came late there, or not at all.
    private static let missesInARow = 1

    /// A fix is alike if the other track has its place at a time that lies back by `backMs`, give or
    /// take `withinMs`. Fixes that repeat a place count once.
    init(_ pair: WayPair, backMs: Int64, withinMs: Int64) {
        var misses = 0
        var row = 0
        var seen = 0
        var upper = pair.other.count - 1
        var index = pair.own.count - 1
        while index >= 0 {
            defer { index -= 1 }
            let point = pair.own[index]
            if index + 1 < pair.own.count, pair.own[index + 1].exact == point.exact { continue }
            seen += 1
            let latest = point.tsMs - backMs + withinMs
            while upper >= 0 && pair.other[upper].tsMs > latest { upper -= 1 }
            if Self.has(point.exact, in: pair.other, upTo: upper, from: latest - 2 * withinMs) {
                misses = 0
                row += 1
                hits += 1
                first = index
                of = seen
                streak = max(streak, row)
            } else {
                misses += 1
                row = 0
                if misses > Self.missesInARow { return }
            }
        }
    }

    private static func has(
        _ place: ExactPlace, in other: [WayPoint], upTo last: Int, from earliestMs: Int64
    ) -> Bool {
        var index = last
        while index >= 0 && other[index].tsMs >= earliestMs {
            if other[index].exact == place { return true }
            index -= 1
        }
        return false
    }

    /// Who stands in one building agrees with others now and then: alike to the digit means something
    /// of who moved.
    func moves(_ pair: WayPair) -> Bool {
        let end = pair.own[pair.own.count - 1].exact
        return hits > 0 && pair.own[first...].contains { $0.exact.isApart(from: end) }
    }

    func finding(_ code: Code, _ pair: WayPair) -> AcrossFinding {
        var way = 0.0
        for index in first..<pair.own.count - 1 {
            way += Distance.onSphere(pair.own[index].coordinate, pair.own[index + 1].coordinate)
        }
        return AcrossFinding(
            code: code, firstMs: pair.own[first].tsMs, hits: hits, of: of, wayM: way,
            offsetMs: pair.offsetMs)
    }
}
