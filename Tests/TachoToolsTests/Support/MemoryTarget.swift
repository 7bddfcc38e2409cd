import TachoClient
import TachoGeo

@testable import TachoTools

/// A target that keeps fixes in arrays and refuses what a test tells it to.
final class MemoryTarget: Target {
    /// All fixes in the order in which they were stored.
    private(set) var arrived: [(rider: [UInt8], entry: BatchEntry)] = []
    private(set) var batches: [FixBatch] = []
    private(set) var isClosed = false
    private var inFlight = 0
    private(set) var mostInFlight = 0
    /// What the next calls of `store` answer instead of storing.
    var refusals: [StoreRefusal] = []
    /// Answers like an engine: what is stored already is a duplicate.
    private var known: Set<Key> = []
    var tracks: [[UInt8]: [FixRow]] = [:]
    var pageFixes = 10
    private(set) var pagesRead = 0

    private struct Key: Hashable {
        let rider: [UInt8]
        let fix: Fix
    }

    func store(_ batch: FixBatch) -> PendingMasks {
        inFlight += 1
        mostInFlight = max(mostInFlight, inFlight)
        let refusal = refusals.isEmpty ? nil : refusals.removeFirst()
        return PendingMasks { [self] in
            inFlight -= 1
            if let refusal { return .failure(refusal) }
            batches.append(batch)
            return .success(batch.entries.map { keep($0, of: batch) })
        }
    }

    private func keep(_ entry: BatchEntry, of batch: FixBatch) -> ReplyMask {
        let start = Int(entry.nameStart)
        let rider = Array(batch.names[start..<start + Int(entry.nameCount)])
        guard known.insert(Key(rider: rider, fix: entry.fix)).inserted else { return .duplicate }
        arrived.append((rider, entry))
        return .stored
    }

    func latest(_ riders: [[UInt8]]) -> [FixRow?] { riders.map { tracks[$0]?.last } }

    func track(_ request: TrackRequest, after cursor: String?) -> TrackRows {
        pagesRead += 1
        let all = tracks[request.rider]
        let start = cursor.flatMap { Int($0) } ?? 0
        let rows = (all ?? [])[start...].prefix(pageFixes)
        let end = start + rows.count
        return TrackRows(
            rows: Array(rows), next: end < (all ?? []).count ? String(end) : nil,
            isKnownRider: all != nil)
    }

    func explain(_ rider: [UInt8], tsMs: Int64, as form: ExplanationForm) -> [UInt8] {
        Array("\(form.rawValue) of \(tsMs)".utf8)
    }
    func who(_ request: WhoRequest, after cursor: String?) -> WhoRows {
        WhoRows(rows: [], next: nil)
    }
    func reindex(resolution: Int?) -> [StatRow] { [] }
    func scrub(newestDayOnly: Bool) -> ScrubSummary { ScrubSummary() }
    func retire(hotDays: Double?, copies: [String]) -> RetiredRows { RetiredRows() }
    func setFence(_ request: FenceRequest) {}
    func fence(_ id: String) -> FenceRow? { nil }
    func deleteFence(_ id: String) -> Bool { false }
    func fences(after cursor: String?) -> FenceRows { FenceRows(rows: [], next: nil) }
    func fenceEvents(_ id: String, after: String?) -> [FenceEventRow] { [] }
    func tell(_ event: OrderEvent) -> OrderMask { [] }
    func order(_ id: String) -> OrderHistory { OrderHistory() }
    func openOrders(of rider: String?, after cursor: String?) -> OpenOrders {
        OpenOrders(events: [], next: nil)
    }
    func trips(_ request: TripsRequest, after cursor: String?) -> TripRows {
        TripRows(items: [], next: nil, isKnownRider: tracks[request.rider] != nil)
    }
    func distance(_ request: DistanceRequest) -> DistanceRow {
        DistanceRow(
            totals: DistanceTotals(), legsSHA256: "", isKnownRider: tracks[request.rider] != nil)
    }
    func legs(_ request: DistanceRequest, after cursor: String?) -> LegLines {
        LegLines(lines: [], next: nil)
    }
    func position(_ query: PositionQuery) -> PositionRow? { nil }
    func setVehicle(_ vehicle: VehicleClass, of rider: [UInt8]) {}
    func rider(_ name: [UInt8]) -> RiderRow? { nil }
    func riders(after cursor: String?) -> RiderRows { RiderRows(rows: [], next: nil) }
    func alerts(_ filter: AlertFilter, limit: Int, after cursor: String?) -> AlertRows {
        AlertRows(rows: [], next: nil)
    }
    func alert(_ id: String) -> AlertFileRow? { nil }
    func review(_ order: ReviewOrder) throws(ToolFailure) -> ReviewRow {
        throw ToolFailure(ExitStatus.error, "no alerts here")
    }
    func feedback() -> [FeedbackRow] { [] }
    func risk(_ order: RiskOrder) -> [RiskRow] { [] }
    func deliveries() -> [DeliveryRow] { [] }
    func forgetDelivery(to name: String) {}
    func seal() -> [SealRow] { [] }
    func rebuild(segment: Int64) -> RebuildRow {
        RebuildRow(segment: segment, points: 0, sha256: "", damage: nil, kept: nil)
    }
    func stats() -> [StatRow] { [] }
    func rules() -> String { "{}" }
    func setRules(_ words: [String]) -> Int64 { 1 }
    /// Pages of a replay, one after the other; the cursor counts them.
    var rulesPages: [String] = []
    private(set) var rulesCursors: [Int64?] = []

    func replayRules(_ request: RulesRequest, cursor: Int64?) -> String {
        rulesCursors.append(cursor)
        return rulesPages[Int(cursor ?? 0)]
    }

    func close() { isClosed = true }
}
