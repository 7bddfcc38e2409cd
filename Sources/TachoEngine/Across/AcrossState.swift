import TachoGeo
import TachoIngest
import TachoStore

/// What rules across riders remember, brought forward by committed events alone: the same journal
/// gives the same landmarks and the same proposals, whenever it is read.
///
/// Used by one thread at a time.
final class AcrossState {
    private var limits: Thresholds
    /// The limits, with shares as landmarks of the last group were chosen.
    private var thinned: Thresholds
    private var thinning: UInt8 = 0
    private let maxOpen: Int
    let trails: TrailSlab
    private var table: LandmarkTable
    private var nextProposal: UInt64
    /// Proposals of which the journal does not say yet that they were judged.
    private var open: [UInt64: AcrossProposal] = [:]
    /// Those that nobody was told of.
    private var fresh: [AcrossProposal] = []
    /// Ways that were not proposed because too many waited.
    private(set) var dropped = 0
    private var suspicions = Suspicions()
    // Of one call, kept for their memory.
    private var fixes: [WayFix] = []
    private var compared: [UInt64] = []
    private var landmarks: [Landmark] = []
    private var chosen: [Landmark] = []

    /// Ways proposed for one landmark at most, the nearest in time: of cells, and of places. Three
    /// accounts in lockstep must be seen together; of replayed sources one is enough, and who sends
    /// the same ride every day has one more each day.
    static let perLandmark = 4
    private static let perPlaces = 2
    /// Proposals that wait for a judge at most. Over it none is made: comparing must not keep fixes
    /// waiting. What waits is a function of the journal, so a replay leaves out the same.
    static let maxOpen = 16_384

    /// Reads what the last checkpoint left. `maxOpen` is another than the usual one in tests.
    init(
        database: Database, target: any RowWriting, keepDays: Int, limits: Thresholds,
        maxOpen: Int = AcrossState.maxOpen
    ) throws(StoreError) {
        self.limits = limits
        self.maxOpen = maxOpen
        trails = TrailSlab()
        try AcrossImage.readTrails(database, into: trails, &suspicions)
        let totals = try AcrossImage.readTotals(database)
        nextProposal = totals.nextProposal
        thinned = limits
        for proposal in totals.open { open[proposal.number] = proposal }
        table = LandmarkTable(
            database: database, target: target, keepDays: keepDays, storedDays: totals.days)
    }

    var openCount: Int { open.count }

    /// Memory held by trails and landmarks. Cost: a few additions.
    var bytes: Int { trails.bytes + table.bytes }

    /// What is taken from now on is looked at by these. At the place of the journal that says so:
    /// a replay must make the same landmarks and proposals.
    func obey(_ limits: Thresholds) {
        self.limits = limits
        thin(thinning)
    }

    /// From here on one landmark is chosen of 2^exponent.
    private func thin(_ exponent: UInt8) {
        thinning = exponent
        thinned = limits
        thinned.placeShare <<= UInt64(exponent)
        thinned.cellShare <<= UInt64(exponent)
    }

    /// Takes the events of a group, or of some of its parts in order. `thinning` is the group's.
    /// `proposes` false: nothing is proposed for its landmarks.
    func apply(
        _ events: UnsafeRawBufferPointer, commitMs: Int64, thinning: UInt8, proposes: Bool = true
    ) throws(StoreError) {
        fixes.removeAll(keepingCapacity: true)
        compared.removeAll(keepingCapacity: true)
        landmarks.removeAll(keepingCapacity: true)
        try WayScan.read(
            events, accuracyDm: limits.lowAccuracyDm, fixes: &fixes, compared: &compared)
        for number in compared { open[number] = nil }
        if thinning != self.thinning { thin(thinning) }
        trails.advance(fixes, thinned, into: &landmarks)
        if !landmarks.isEmpty { try table.enter(commitMs) }
        var last: Landmark?
        for var landmark in landmarks {
            // Two of one fix, by places and by cells, propose a way once.
            if last?.rider != landmark.rider || last?.tsMs != landmark.tsMs {
                chosen.removeAll(keepingCapacity: true)
            }
            if proposes { try propose(landmark) }
            landmark.number = trails.number(landmark.rider)
            try table.insert(landmark, commitMs: commitMs)
            last = landmark
        }
    }

    /// Proposes to compare the way to a landmark with those to others like it, whichever of them
    /// was committed first.
    private func propose(_ landmark: Landmark) throws(StoreError) {
        let found = try table.find(landmark.hash) { trails.landmarks($0) }
        if found.isEmpty { return }
        var likely: [Landmark] = []
        for other in found {
            let isLater = landmark.tsMs >= other.tsMs
            if AcrossRules.mayJudge(
                isLater ? landmark : other, isLater ? other : landmark, limits)
            {
                likely.append(other)
            }
        }
        likely.sort { a, b in
            let (far, near) = (abs(a.tsMs - landmark.tsMs), abs(b.tsMs - landmark.tsMs))
            if far != near { return far < near }
            return a.rider != b.rider ? a.rider < b.rider : a.number < b.number
        }
        var left = (landmark.isOfCells ? Self.perLandmark : Self.perPlaces) - chosen.count
        for other in likely where left > 0 {
            if chosen.contains(where: { $0.rider == other.rider && $0.tsMs == other.tsMs }) {
                continue
            }
            left -= 1
            // A rider is not alike to himself by chance on one day.
            if landmark.isOfCells && other.rider != landmark.rider {
                let suspect = Suspicions.Suspect(
                    rider: other.rider, tsMs: landmark.tsMs,
                    offsetMs: landmark.tsMs - other.tsMs)
                trails.setDirty(other.rider)
                guard suspicions.find(landmark.rider, suspect, limits) else { continue }
            }
            chosen.append(other)
            propose(landmark, other)
        }
    }

    private func propose(_ a: Landmark, _ b: Landmark) {
        let isTogether = a.rider != b.rider && abs(a.tsMs - b.tsMs) <= limits.replayAgeMs
        if isTogether || a.tsMs >= b.tsMs { add(a, b) }
        if isTogether || a.tsMs < b.tsMs { add(b, a) }
    }

    private func add(_ own: Landmark, _ other: Landmark) {
        let proposal = AcrossProposal(
            number: nextProposal, rider: own.rider, tsMs: own.tsMs, other: other.rider,
            otherMs: other.tsMs)
        nextProposal += 1
        guard open.count < maxOpen else {
            dropped += 1
            return
        }
        open[proposal.number] = proposal
        fresh.append(proposal)
    }

    /// Proposals made since the last call, in order.
    func takeFresh() -> [AcrossProposal] {
        defer { fresh.removeAll(keepingCapacity: true) }
        return fresh
    }

    /// After a replay: all that were not judged, in order.
    func takeOpen() -> [AcrossProposal] {
        fresh.removeAll()
        return open.values.sorted { $0.number < $1.number }
    }

    /// Rows that bring the state back, to be written together with the checkpoint's mark; landmarks
    /// are written by this call, and must be synced before it. Cost: 70 B a rider that moved.
    func checkpoint() throws(StoreError) -> [StateRow] {
        try table.flush()
        let totals = AcrossImage.Totals(
            nextProposal: nextProposal, days: table.storedDays,
            open: open.values.sorted { $0.number < $1.number })
        return AcrossImage.takeDirty(trails, suspicions) + [totals.row]
    }

    /// Nothing is to be done for now.
    func rest() { table.rest() }
}
