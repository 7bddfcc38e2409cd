package import TachoClient
package import TachoEngine
package import TachoGeo

/// Where a command is carried out: a directory opened by this process, or a server.
///
/// Both answer alike, so commands and their output do not know which one they talk to.
package protocol Target: AlertTarget {
    /// Starts storing a batch. It must be waited for before the next one is started: only so do
    /// the fixes of a rider keep their order when one batch is refused for overload.
    func store(_ batch: FixBatch) -> PendingMasks

    /// The newest accepted or flagged fix of each rider, nil for a rider without one.
    func latest(_ riders: [[UInt8]]) throws(ToolFailure) -> [FixRow?]

    /// One page of a track; `cursor` is that of the page before.
    func track(
        _ request: TrackRequest, after cursor: String?
    ) throws(ToolFailure) -> TrackRows

    /// The explanations of a rider's fixes at one time; a failure names the nearest fix.
    func explain(
        _ rider: [UInt8], tsMs: Int64, as form: ExplanationForm
    ) throws(ToolFailure) -> [UInt8]

    /// One page of who was in an area between two times; `cursor` is that of the page before.
    func who(_ request: WhoRequest, after cursor: String?) throws(ToolFailure) -> WhoRows

    func setFence(_ request: FenceRequest) throws(ToolFailure)

    /// nil: there is none of that id.
    func fence(_ id: String) throws(ToolFailure) -> FenceRow?

    /// False: there is none of that id.
    func deleteFence(_ id: String) throws(ToolFailure) -> Bool

    /// One page of fences in the order of their ids.
    func fences(after cursor: String?) throws(ToolFailure) -> FenceRows

    /// One page of a fence's stream behind an id; empty at the end.
    func fenceEvents(_ id: String, after: String?) throws(ToolFailure) -> [FenceEventRow]

    /// Says what happened to an order; gives what is noticed about it.
    func tell(_ event: OrderEvent) throws(ToolFailure) -> OrderMask

    /// All that was told of an order; nothing if nothing was.
    func order(_ id: String) throws(ToolFailure) -> OrderHistory

    /// One page of open orders by rider, of one or of all; `cursor` is that of the page before.
    func openOrders(of rider: String?, after cursor: String?) throws(ToolFailure) -> OpenOrders

    /// One page of a rider's trips or stops; `cursor` is that of the page before.
    func trips(_ request: TripsRequest, after cursor: String?) throws(ToolFailure) -> TripRows

    /// How far a rider went.
    func distance(_ request: DistanceRequest) throws(ToolFailure) -> DistanceRow

    /// One page of the legs of that; `cursor` is that of the page before.
    func legs(_ request: DistanceRequest, after cursor: String?) throws(ToolFailure) -> LegLines

    /// Where a rider was at a moment; nil: nobody knows.
    func position(_ query: PositionQuery) throws(ToolFailure) -> PositionRow?

    func setVehicle(_ vehicle: VehicleClass, of rider: [UInt8]) throws(ToolFailure)

    /// What is known of a rider; nil: nobody has named it.
    func rider(_ name: [UInt8]) throws(ToolFailure) -> RiderRow?

    /// One page of riders in the order in which they first appeared.
    func riders(after cursor: String?) throws(ToolFailure) -> RiderRows

    func seal() throws(ToolFailure) -> [SealRow]

    /// Makes the file of a sealed segment again, where it is missing or damaged.
    func rebuild(segment: Int64) throws(ToolFailure) -> RebuildRow

    /// Makes the index of places again; gives its figures.
    func reindex(resolution: Int?) throws(ToolFailure) -> [StatRow]
    func scrub(newestDayOnly: Bool) throws(ToolFailure) -> ScrubSummary

    /// Lets points of sealed ranges leave the database that are older than so many days; nil: as the
    /// server was told. `copies`: mirrors that must have a confirmed copy.
    func retire(hotDays: Double?, copies: [String]) throws(ToolFailure) -> RetiredRows

    /// Keeps the files of a moment until `endBackup`, or another one begins. `data` is the directory
    /// that they are in.
    func beginBackup(in data: String) throws(ToolFailure) -> BackupPoint
    func endBackup() throws(ToolFailure)

    func stats() throws(ToolFailure) -> [StatRow]

    /// The rule set in force, as JSON.
    func rules() throws(ToolFailure) -> String

    /// Changes it; `words` are one JSON object, or names and values in turn. Gives the revision.
    func setRules(_ words: [String]) throws(ToolFailure) -> Int64

    /// One page of a replay as JSON; `cursor` is that of the page before.
    func replayRules(
        _ request: RulesRequest, cursor: Int64?
    ) throws(ToolFailure) -> String

    /// Ends cleanly. Nothing may be asked afterwards.
    func close() throws(ToolFailure)
}

/// Why a batch was not stored.
package enum StoreRefusal: Error, Equatable, Sendable {
    /// Overload; nothing of the batch was stored.
    case tryAgain(afterMs: Int, reason: String)
    case failed(ToolFailure)
}

/// Masks of a batch that is being stored.
package struct PendingMasks {
    private let body: () -> Result<[ReplyMask], StoreRefusal>

    package init(_ body: @escaping () -> Result<[ReplyMask], StoreRefusal>) { self.body = body }

    /// Waits until the batch is durable. One mask for each entry.
    package func wait() -> Result<[ReplyMask], StoreRefusal> { body() }
}

/// A fix as tools show it.
package struct FixRow: Equatable, Sendable {
    package var fix: Fix
    package var recvMs: Int64
    /// The current verdict as text.
    package var verdict: String

    package init(fix: Fix, recvMs: Int64, verdict: String) {
        self.fix = fix
        self.recvMs = recvMs
        self.verdict = verdict
    }
}

/// Which part of a rider's track. Bounds are inclusive; nil is open.
package struct TrackRequest: Sendable {
    package var rider: [UInt8]
    package var fromMs: Int64?
    package var toMs: Int64?
    package var filter: VerdictFilter
    /// Only as many fixes as a line needs that is at most so far off, mm; nil: all.
    package var simplifyMm: Int64?

    package init(
        rider: [UInt8], fromMs: Int64? = nil, toMs: Int64? = nil, filter: VerdictFilter = .all,
        simplifyMm: Int64? = nil
    ) {
        self.rider = rider
        self.fromMs = fromMs
        self.toMs = toMs
        self.filter = filter
        self.simplifyMm = simplifyMm
    }

    /// Fixes asked for at a time: about half a MiB as RESP.
    static let pageFixes = 4_096
}

package struct TrackRows: Sendable {
    package var rows: [FixRow]
    /// Where the next page starts; nil at the end.
    package var next: String?
    /// Any fix of this rider is stored, whatever the request selects.
    package var isKnownRider: Bool
}

/// A range that was sealed.
package struct SealRow: Equatable, Sendable {
    package var segment: Int64
    package var points: Int64
    /// In hexadecimal.
    package var sha256: String
}

package struct StatRow: Equatable, Sendable {
    package var name: String
    /// A JSON number.
    package var value: String
}
