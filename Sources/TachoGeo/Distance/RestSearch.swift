/// Finds out which legs lie in a span at rest.
///
/// A **span** begins at a counted fix and goes on to the first one at least a minute later. It is at
/// rest when that one and all between lie within a radius of its first fix, but for excursions of
/// at most 10 s. A leg lies in a span at rest exactly if one begins less than a minute before the
/// leg: the latest of those before it tells. So fixes are tried from the leg backwards, each once,
/// and not at all while the last span that was found still covers the leg.
struct RestSearch {
    /// The first fix of the latest span at rest, its time.
    private var span = -1
    private var spanMs = Int64.min
    /// Fixes up to here were tried, or need not be.
    private var tried = -1
    /// The fix that is being tried; -1: none.
    private var first = -1
    /// The next fix to compare it with; how the one before lay, and when one last lay inside.
    private var next = 0
    private var wasInside = true
    private var insideMs: Int64 = 0

    private enum Answer {
        case isAtRest
        case isNot
        case isOpen
    }

    /// Whether the leg to a fix, which is no gap, is at rest; nil: fixes to come decide. Legs are
    /// asked for in order; some may be passed over.
    @inline(__always)
    mutating func covers(
        legTo index: Int, of track: borrowing CountedTrack, isEnd: Bool
    ) -> Bool? {
        let earliestMs = track.tsMs(index - 1) - DistanceV1.restMs
        if span >= 0 && spanMs > earliestMs { return true }
        let base = track.base
        return track.members.withUnsafeBufferPointer { members in
            search(index, members, base: base, earliestMs: earliestMs, isEnd: isEnd)
        }
    }

    private mutating func search(
        _ index: Int, _ members: Members, base: Int, earliestMs: Int64, isEnd: Bool
    ) -> Bool? {
        if first < 0 { start(index - 1, members[index - 1 - base].fix.tsMs) }
        while true {
            switch look(members, base: base, isEnd: isEnd) {
            case .isOpen: return nil
            case .isAtRest:
                (span, spanMs) = (first, members[first - base].fix.tsMs)
                (first, tried) = (-1, index - 1)
                return true
            case .isNot:
                let before = first - 1
                guard before > tried, before >= base,
                    members[before - base].fix.tsMs > earliestMs
                else {
                    (first, tried) = (-1, index - 1)
                    return false
                }
                start(before, members[before - base].fix.tsMs)
            }
        }
    }

    private typealias Members = UnsafeBufferPointer<CountedTrack.Member>

    @inline(__always)
    private mutating func start(_ index: Int, _ tsMs: Int64) {
        first = index
        next = index + 1
        wasInside = true
        insideMs = tsMs
    }

    /// Goes on with the fix that is being tried.
    @inline(__always)
    private mutating func look(_ members: Members, base: Int, isEnd: Bool) -> Answer {
        let start = members[first - base]
        let (startMs, place) = (start.fix.tsMs, start.place)
        let radius = Double(Self.radiusMm(start.fix.accuracyDm))
        let squaredRadius = radius * radius
        let last = min(members.count, first - base + DistanceV1.restFixes + 1)
        var (here, wasInside, insideMs) = (next - base, wasInside, insideMs)
        while here < last {
            let tsMs = members[here].fix.tsMs
            if tsMs - members[here - 1].fix.tsMs > DistanceV1.gapMs { return .isNot }
            let isInside = place.squaredChord(to: members[here].place) <= squaredRadius
            if !(isInside && wasInside) && tsMs - insideMs > DistanceV1.excursionMs {
                return .isNot
            }
            if tsMs - startMs >= DistanceV1.restMs { return isInside ? .isAtRest : .isNot }
            if isInside { insideMs = tsMs }
            wasInside = isInside
            here += 1
        }
        if isEnd || last < members.count { return .isNot }
        (next, self.wasInside, self.insideMs) = (here + base, wasInside, insideMs)
        return .isOpen
    }

    private static func radiusMm(_ accuracyDm: Int32) -> Int64 {
        let known = accuracyDm == Fix.absent ? 0 : Int64(accuracyDm)
        let radius = known * DistanceV1.restPerAccuracyDm
        return min(max(radius, DistanceV1.restLeastMm), DistanceV1.restMostMm)
    }
}
