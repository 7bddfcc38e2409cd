package import TachoClient
import TachoEngine
package import TachoGeo

extension LocalTarget {
    package func tell(_ event: OrderEvent) throws(ToolFailure) -> OrderMask {
        do {
            return try engine.tell(event)
        } catch {
            switch error {
            case .invalid(let defect): throw ToolFailure(ExitStatus.usage, defect)
            case .full: throw ToolFailure(ExitStatus.error, error.description)
            case .damaged(let what): throw Self.damaged(what)
            case .append(.tryAgain(let afterMs, let reason)):
                throw ToolFailure(
                    ExitStatus.tryAgain, "busy (\(reason)): try again in \(afterMs) ms")
            case .append(.stopped(let reason)), .append(.unreadable(let reason)):
                throw Self.stopped(reason)
            }
        }
    }

    package func order(_ id: String) throws(ToolFailure) -> OrderHistory {
        do {
            return try engine.order(Array(id.utf8))
        } catch {
            throw Self.failure(error)
        }
    }

    package func openOrders(
        of rider: String?, after cursor: String?
    ) throws(ToolFailure) -> OpenOrders {
        let page: OrderPage
        do {
            page = try engine.openOrders(
                of: rider.map { Array($0.utf8) }, after: cursor.flatMap { OrderCursor($0) },
                limit: OpenOrders.pageOrders)
        } catch {
            throw Self.failure(error)
        }
        return OpenOrders(events: page.orders.map(\.event), next: page.next?.text)
    }
}
