package import TachoClient
import TachoEngine
import TachoGeo

extension LocalTarget {
    package func setFence(_ request: FenceRequest) throws(ToolFailure) {
        var fence = request.definition
        if let seconds = request.expiresAfterS {
            fence.expiresMs = EngineOptions.systemClock() + seconds * 1000
        }
        do {
            try engine.setFence(fence)
        } catch {
            throw Self.failure(error)
        }
    }

    package func fence(_ id: String) throws(ToolFailure) -> FenceRow? {
        engine.fence(Array(id.utf8)).map { Self.row($0) }
    }

    package func deleteFence(_ id: String) throws(ToolFailure) -> Bool {
        do {
            return try engine.deleteFence(Array(id.utf8))
        } catch {
            throw Self.failure(error)
        }
    }

    package func fences(after cursor: String?) throws(ToolFailure) -> FenceRows {
        let page: FencePage
        do {
            page = try engine.fencePage(
                after: cursor.map { Array($0.utf8) }, limit: FenceRows.pageFences)
        } catch {
            throw Self.failure(error)
        }
        return FenceRows(
            rows: page.fences.map { Self.row($0) },
            next: page.next.map { String(decoding: $0, as: UTF8.self) })
    }

    package func fenceEvents(
        _ id: String, after: String?
    ) throws(ToolFailure) -> [FenceEventRow] {
        engine.fenceEvents(
            Array(id.utf8), after: after.flatMap { AlertID(text: $0) }, through: nil,
            limit: FenceEventRow.pageEvents
        ).map { event in
            let rider = event.rider.map { String(decoding: $0, as: UTF8.self) }
            return FenceEventRow(
                id: event.id.text, event: event.kind.name, rider: rider, tsMs: event.tsMs,
                position: rider == nil ? nil : event.position,
                sinceMs: rider == nil ? nil : event.sinceMs)
        }
    }

    private static func row(_ fence: FenceShown) -> FenceRow {
        FenceRow(
            id: String(decoding: fence.definition.id, as: UTF8.self),
            area: fence.definition.areaText, detect: fence.definition.detection.text,
            margin: text(fence.definition.marginM), expiresMs: fence.definition.expiresMs,
            inside: Int64(fence.inside), events: Int64(fence.events))
    }

    private static func failure(_ refusal: FenceRefusal) -> ToolFailure {
        switch refusal {
        case .area(let error): ToolFailure(ExitStatus.usage, "area: \(error)")
        case .invalid(let error): ToolFailure(ExitStatus.usage, "\(error)")
        case .tooMany(let most):
            ToolFailure(
                ExitStatus.error, "\(most) fences are set, no more can be: delete some")
        case .append(.tryAgain(let afterMs, let reason)):
            ToolFailure(ExitStatus.tryAgain, "busy (\(reason)): try again in \(afterMs) ms")
        case .append(.stopped(let reason)), .append(.unreadable(let reason)): stopped(reason)
        }
    }
}
