package import TachoClient
import TachoEngine
import TachoGeo
import TachoWire

extension LocalTarget {
    package func trips(
        _ request: TripsRequest, after cursor: String?
    ) throws(ToolFailure) -> TripRows {
        let query = TripQuery(
            rider: request.rider, fromMs: request.fromMs ?? .min, toMs: request.toMs ?? .max,
            wanted: request.wanted == .trips ? .trips : .stops, settings: request.settings,
            limit: TripsRequest.pageRows, after: cursor.flatMap { TripCursor($0) })
        do {
            let page = try engine.trips(query)
            return TripRows(
                items: page.items, next: page.next?.text, isKnownRider: page.isKnownRider)
        } catch {
            throw Self.failure(error)
        }
    }

    package func position(_ query: PositionQuery) throws(ToolFailure) -> PositionRow? {
        do {
            let found = try engine.position(
                of: query.rider, atMs: query.atMs,
                maxGapMs: query.maxGapMs ?? PositionRequest.defaultMaxGapMs)
            return found.map {
                PositionRow(
                    tsMs: $0.tsMs, position: $0.position, speedCms: $0.speedCms,
                    headingCdeg: $0.headingCdeg, accuracyDm: $0.accuracyDm,
                    verdict: $0.verdict.text, beforeMs: $0.beforeMs, afterMs: $0.afterMs)
            }
        } catch {
            throw Self.failure(error)
        }
    }
}
