/// A counted fix with the way to it.
struct TrackMember: BitwiseCopyable {
    var point: TrackPoint
    var space: SpacePoint
    /// From the fix before it; nil: there is none.
    var leg: TrackLeg?
    /// A lone fix outside of a stretch: no part of its mean.
    var isNoise = false

    init(_ point: TrackPoint, leg: TrackLeg?) {
        self.point = point
        space = SpacePoint(point.position)
        self.leg = leg
    }
}

/// The newest stretch of a track that may become a stop: its fixes lie within the radius of its
/// mean, and it is still too short.
///
/// A queue: what no longer fits leaves at the front, so each fix comes and goes once.
struct StopWindow {
    private var members: [TrackMember] = []
    private var head = 0
    private var mean = TimeMean()
    private(set) var centre = SpaceCentre(x: 0, y: 0, z: 0)
    /// The newest that is no noise.
    private(set) var last: TrackMember?

    /// Fixes it holds at most. A stop is found only if its first `minStopMs` have no more.
    static let limit = 65_536

    var isEmpty: Bool { head == members.count }
    var count: Int { members.count - head }
    var first: TrackMember { members[head] }
    var all: ArraySlice<TrackMember> { members[head...] }
    /// From its first fix to the last that is no noise.
    var durationMs: Int64 { last.map { $0.point.tsMs - first.point.tsMs } ?? 0 }

    mutating func removeAll() {
        members.removeAll(keepingCapacity: true)
        head = 0
        mean = TimeMean()
        last = nil
    }

    func holds(_ member: TrackMember, _ squaredRadius: Double) -> Bool {
        centre.squaredDistance(to: member.space) <= squaredRadius
    }

    mutating func append(_ member: TrackMember) {
        if let last, !isEmpty {
            mean.add(
                from: last.space, to: member.space, ms: member.point.tsMs - last.point.tsMs)
        }
        members.append(member)
        last = member
        centre = mean.centre(ifNone: first.space)
    }

    mutating func append(noise member: TrackMember) {
        members.append(member)
        members[members.count - 1].isNoise = true
    }

    /// Removes the first fix and the noise behind it; `leaves` gets them in order.
    mutating func removeFirst(_ leaves: (TrackMember) -> Void) {
        let gone = first
        leaves(gone)
        head += 1
        while !isEmpty, first.isNoise {
            leaves(first)
            head += 1
        }
        if isEmpty { return removeAll() }
        mean.remove(from: gone.space, to: first.space, ms: first.point.tsMs - gone.point.tsMs)
        centre = mean.centre(ifNone: first.space)
        if head >= 1_024 && head * 2 > members.count {
            members.removeFirst(head)
            head = 0
        }
    }

    /// The first fix outside of the radius, noise apart.
    func firstMisfit(_ squaredRadius: Double) -> TrackMember? {
        all.first { !$0.isNoise && !holds($0, squaredRadius) }
    }

    /// What it is when it has become long enough.
    func startStop() -> OpenStop {
        let furthest = all.reduce(0.0) { most, member in
            member.isNoise ? most : max(most, centre.squaredDistance(to: member.space))
        }
        return OpenStop(
            fromMs: first.point.tsMs, last: last ?? first, points: count, mean: mean,
            squaredFurthestMm: furthest)
    }
}

/// A stop that may go on.
struct OpenStop {
    let fromMs: Int64
    /// The newest fix inside.
    private(set) var last: TrackMember
    private(set) var points: Int
    private var mean: TimeMean
    private(set) var centre: SpaceCentre
    /// Its centre when it was long enough.
    private let home: SpaceCentre
    private var squaredFurthestMm: Double

    init(
        fromMs: Int64, last: TrackMember, points: Int, mean: TimeMean, squaredFurthestMm: Double
    ) {
        self.fromMs = fromMs
        self.last = last
        self.points = points
        self.mean = mean
        self.squaredFurthestMm = squaredFurthestMm
        centre = mean.centre(ifNone: last.space)
        home = centre
    }

    func holds(_ member: TrackMember, _ squaredRadius: Double) -> Bool {
        centre.squaredDistance(to: member.space) <= squaredRadius
            && home.squaredDistance(to: member.space) <= 4 * squaredRadius
    }

    /// `noise`: fixes since the last one inside.
    mutating func append(_ member: TrackMember, noise: Int) {
        squaredFurthestMm = max(squaredFurthestMm, centre.squaredDistance(to: member.space))
        mean.add(from: last.space, to: member.space, ms: member.point.tsMs - last.point.tsMs)
        centre = mean.centre(ifNone: member.space)
        last = member
        points += 1 + noise
    }

    func finished(isOpen: Bool) -> Stop {
        Stop(
            fromMs: fromMs, toMs: last.point.tsMs, centre: centre.position, points: points,
            radiusMm: Int64(squaredFurthestMm.squareRoot().rounded()), isOpen: isOpen)
    }
}
