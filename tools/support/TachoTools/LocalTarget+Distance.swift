import TachoAudit
package import TachoClient
import TachoEngine
import TachoGeo

extension LocalTarget {
    package func distance(_ request: DistanceRequest) throws(ToolFailure) -> DistanceRow {
        let page = try page(request, wanted: .digest)
        return DistanceRow(
            totals: page.totals, legsSHA256: Digest.hex(page.legsSHA256),
            isKnownRider: page.isKnownRider)
    }

    package func legs(
        _ request: DistanceRequest, after cursor: String?
    ) throws(ToolFailure) -> LegLines {
        let page = try page(request, wanted: .legs, after: cursor.flatMap { LegCursor($0) })
        let lines = page.legs.map {
            LegLine(
                kind: $0.kind.rawValue, fromMs: $0.fromMs, toMs: $0.toMs, from: $0.from, to: $0.to,
                straightMm: $0.straightMm, mm: $0.mm, verdict: $0.verdict.text)
        }
        return LegLines(lines: lines, next: page.next?.text)
    }

    private func page(
        _ request: DistanceRequest, wanted: DistanceQuery.Wanted, after: LegCursor? = nil
    ) throws(ToolFailure) -> DistancePage {
        let query = DistanceQuery(
            rider: request.rider, fromMs: request.fromMs ?? .min, toMs: request.toMs ?? .max,
            wanted: wanted, limit: DistanceRequest.pageRows, after: after)
        do {
            return try engine.distance(query)
        } catch {
            throw Self.failure(error)
        }
    }
}
