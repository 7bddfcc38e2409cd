package import TachoClient
import TachoEngine

extension LocalTarget {
    package func reindex(resolution: Int?) throws(ToolFailure) -> [StatRow] {
        do {
            let report = try engine.reindex(resolution: resolution)
            return [
                StatRow(name: "resolution", value: String(report.resolution)),
                StatRow(name: "chunks", value: String(report.chunks)),
                StatRow(name: "rows", value: String(report.rows)),
                StatRow(name: "removed", value: String(report.removed)),
            ]
        } catch {
            if case .read(let failure) = error { throw Self.failure(failure) }
            throw ToolFailure(ExitStatus.error, "\(error)")
        }
    }

    package func who(
        _ request: WhoRequest, after cursor: String?
    ) throws(ToolFailure) -> WhoRows {
        do {
            let visits = try engine.who(
                in: request.area, fromMs: request.fromMs, toMs: request.toMs)
            return WhoRows(
                rows: visits.map {
                    WhoRow(
                        rider: String(decoding: $0.rider, as: UTF8.self), firstMs: $0.firstMs,
                        lastMs: $0.lastMs, points: Int64($0.points))
                }, next: nil)
        } catch {
            throw Self.failure(error)
        }
    }
}
