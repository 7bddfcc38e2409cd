/// Divides a track into trips, stops and gaps while its fixes come by in order of time.
///
/// **Gap**: two neighbours more than `gapMs` apart. It ends what was before; what comes after is
/// looked at afresh. Nobody knows where the rider was, so it is no stop, also if both ends are at
/// one place.
///
/// **Stop**: fixes in a row that lie within the radius of their centre, for at least `minStopMs`.
/// The centre is their mean over time. Each fix is compared with the centre of those before it, and
/// then the first ones must lie within the radius of the new centre, or leave; so the stop begins
/// where the rider came to the place, not where the search began. When they are long enough all
/// must lie within the radius, else what is before the misfit leaves with it. From then on a stop lasts as long as
/// fixes lie within the radius of the centre so far, and within two radii of the centre it began
/// with. A mean of minutes withstands noise and a receiver that first has to find its place, and it
/// does not wander along with who creeps away.
/// One fix outside is noise if the next is inside again and comes at most `minStopMs` after the
/// last one inside: a receiver's glitch splits no stop, a way there and back that took longer does.
///
/// **Trip**: all between, from the last fix of a stop or gap to the first of the next; never of no
/// time at all.
///
/// Learned from Q. Li et al., "Mining user similarity based on location history", 2008 (stay points:
/// the anchor there is the first fix, which the way in moves aside), and from what Traccar and
/// MovingPandas call a stop. State: at most `StopWindow.limit` fixes. Cost: 0.1 µs a fix, each
/// comes and goes once.
package struct TripDetector {
    private let settings: TripSettings
    private let squaredRadius: Double
    private let resumed: TripCursor?
    private var last: TrackPoint?
    private var trip: OpenTrip?
    private var window = StopWindow()
    private var stop: OpenStop?
    /// The newest fix, if it lies outside of the window or the stop.
    private var outside: TrackMember?

    /// Gets each item as soon as it is certain, and where one can go on behind it; nil: only behind
    /// the next one.
    package typealias Emit = (TripItem, TripCursor?) -> Void

    /// `after`: goes on where another detector of the same settings was; the next fix is the first
    /// one at or behind that time.
    package init(_ settings: TripSettings, after: TripCursor? = nil) {
        self.settings = settings
        let radius = Double(settings.radiusMm)
        squaredRadius = radius * radius
        resumed = after
    }

    /// Takes the next counted fix. One that is not later than the one before is passed over: only
    /// the first of each time counts.
    package mutating func add(_ point: TrackPoint, _ emit: Emit) {
        guard let before = last else {
            last = point
            let isDone = resumed.map { $0.isDone && $0.tsMs == point.tsMs } ?? false
            return begin(point, inWindow: !isDone)
        }
        guard point.tsMs > before.tsMs else { return }
        last = point
        if point.tsMs - before.tsMs > settings.gapMs {
            end(isOpen: false, emit)
            let gap = TripGap(
                fromMs: before.tsMs, toMs: point.tsMs, from: before.position, to: point.position)
            emit(.gap(gap), TripCursor(tsMs: point.tsMs, isDone: false))
            return begin(point, inWindow: true)
        }
        place(TrackMember(point, leg: TrackLeg(from: before, to: point)), emit)
    }

    /// There are no more fixes: what goes on is given as it is. Nothing may be added afterwards.
    package mutating func finish(_ emit: Emit) { end(isOpen: true, emit) }

    private mutating func begin(_ point: TrackPoint, inWindow: Bool) {
        trip = OpenTrip(at: point)
        if inWindow { window.append(TrackMember(point, leg: nil)) }
    }

    private mutating func place(_ member: TrackMember, _ emit: Emit) {
        if stop == nil { placeInWindow(member, emit) } else { placeInStop(member, emit) }
    }

    private mutating func placeInStop(_ member: TrackMember, _ emit: Emit) {
        guard var open = stop else { return }
        let isInside = open.holds(member, squaredRadius)
        guard let alone = outside else {
            if isInside {
                open.append(member, noise: 0)
                stop = open
            } else {
                outside = member
            }
            return
        }
        outside = nil
        if isInside && member.point.tsMs - open.last.point.tsMs <= settings.minStopMs {
            open.append(member, noise: 1)
            stop = open
            return
        }
        goOn(from: alone, emit)
        place(member, emit)
    }

    /// What lies outside is no noise: a stop ends, of a window leaves what is too far from it.
    private mutating func goOn(from alone: TrackMember, _ emit: Emit) {
        if let open = stop {
            endStop(open, isOpen: false, emit)
            return window.append(alone)
        }
        while !window.isEmpty, !window.holds(alone, squaredRadius) { leave() }
        join(alone, emit)
    }

    private mutating func endStop(_ open: OpenStop, isOpen: Bool, _ emit: Emit) {
        stop = nil
        trip = OpenTrip(at: open.last.point)
        emit(
            .stop(open.finished(isOpen: isOpen)),
            TripCursor(tsMs: open.last.point.tsMs, isDone: true))
    }

    private mutating func placeInWindow(_ member: TrackMember, _ emit: Emit) {
        if window.isEmpty { return window.append(member) }
        let isInside = window.holds(member, squaredRadius)
        guard let alone = outside else {
            if isInside { join(member, emit) } else { outside = member }
            return
        }
        outside = nil
        let sinceLast = member.point.tsMs - (window.last?.point.tsMs ?? 0)
        if isInside && sinceLast <= settings.minStopMs {
            window.append(noise: alone)
            return join(member, emit)
        }
        goOn(from: alone, emit)
        place(member, emit)
    }

    private mutating func join(_ member: TrackMember, _ emit: Emit) {
        window.append(member)
        trim()
        while window.durationMs >= settings.minStopMs {
            guard let misfit = window.firstMisfit(squaredRadius) else { return startStop(emit) }
            while window.count > 1, window.first.point.tsMs <= misfit.point.tsMs { leave() }
            trim()
        }
    }

    private mutating func trim() {
        while !window.holds(window.first, squaredRadius) || window.count > StopWindow.limit {
            leave()
        }
    }

    /// The first fix of the window belongs to the trip.
    private mutating func leave() {
        window.removeFirst { trip?.append($0) }
    }

    private mutating func startStop(_ emit: Emit) {
        trip?.append(window.first)
        if let trip = trip?.finished(isOpen: false) { emit(.trip(trip), nil) }
        trip = nil
        stop = window.startStop()
        window.removeAll()
    }

    private mutating func end(isOpen: Bool, _ emit: Emit) {
        if let alone = outside {
            outside = nil
            goOn(from: alone, emit)
        }
        if let open = stop {
            endStop(open, isOpen: isOpen, emit)
        } else {
            for member in window.all { trip?.append(member) }
        }
        if let trip = trip?.finished(isOpen: isOpen) {
            emit(.trip(trip), TripCursor(tsMs: trip.toMs, isDone: true))
        }
        trip = nil
        window.removeAll()
    }
}

/// A trip that may go on.
private struct OpenTrip {
    private let start: TrackPoint
    private var last: TrackPoint
    private var micrometres: Int64 = 0
    private var points = 1
    private var excluded = 0
    private var maxSpeedCms: Int32?

    init(at point: TrackPoint) {
        start = point
        last = point
        maxSpeedCms = Self.reportedCms(point)
    }

    /// Nothing for a fix without a way to it: the trip begins there.
    mutating func append(_ member: TrackMember) {
        guard let leg = member.leg else { return }
        let ms = member.point.tsMs - last.tsMs
        last = member.point
        micrometres += leg.micrometres
        points += 1
        if leg.isExcluded { excluded += 1 }
        let speed =
            Self.reportedCms(member.point)
            ?? (leg.isExcluded ? nil : Trip.speedCms(micrometres: leg.micrometres, ms: ms))
        if let speed { maxSpeedCms = max(maxSpeedCms ?? 0, speed) }
    }

    /// nil: not reported, or the phone is said to report wrong ones.
    private static func reportedCms(_ point: TrackPoint) -> Int32? {
        point.speedCms == Fix.absent || point.codes & Code.speedMismatch.bit != 0
            ? nil : point.speedCms
    }

    /// nil: of no time at all.
    func finished(isOpen: Bool) -> Trip? {
        guard last.tsMs > start.tsMs else { return nil }
        return Trip(
            fromMs: start.tsMs, toMs: last.tsMs, from: start.position, to: last.position,
            micrometres: micrometres, points: points, excluded: excluded,
            maxSpeedCms: maxSpeedCms, isOpen: isOpen)
    }
}
