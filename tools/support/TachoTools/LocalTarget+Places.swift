package import TachoClient
import TachoEngine

extension LocalTarget {
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
