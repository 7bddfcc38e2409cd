/// What somebody says happened to an order: that a rider has it in a state, or that it has ended.
package struct OrderEvent: Hashable, Sendable {
    package enum Kind: UInt8, CaseIterable, Sendable {
        case set = 1
        case end = 2

        package var name: String {
            switch self {
            case .set: "set"
            case .end: "end"
            }
        }
    }

    package var order: [UInt8]
    package var kind: Kind
    /// Empty: of an end, which names none.
    package var rider: [UInt8]
    package var state: [UInt8]
    /// When it happened, Unix ms.
    package var tsMs: Int64
    /// Who says so; empty: nobody in particular.
    package var by: [UInt8]
    /// The server's time when it came, Unix ms.
    package var recvMs: Int64 = 0
    /// What whoever sent it was told.
    package var mask = OrderMask()

    /// The state of an end that names none.
    package static let endState = Array("ended".utf8)

    package static func set(
        _ order: [UInt8], rider: [UInt8], state: [UInt8], tsMs: Int64, by: [UInt8] = []
    ) -> OrderEvent {
        OrderEvent(
            order: order, kind: .set, rider: rider, state: state, tsMs: tsMs, by: by)
    }

    package static func end(
        _ order: [UInt8], state: [UInt8] = endState, tsMs: Int64, by: [UInt8] = []
    ) -> OrderEvent {
        OrderEvent(order: order, kind: .end, rider: [], state: state, tsMs: tsMs, by: by)
    }

    package init(
        order: [UInt8], kind: Kind, rider: [UInt8], state: [UInt8], tsMs: Int64, by: [UInt8]
    ) {
        self.order = order
        self.kind = kind
        self.rider = rider
        self.state = state
        self.tsMs = tsMs
        self.by = by
    }

    /// Sent again: who says it and when it came do not count.
    package func saysTheSame(as other: OrderEvent) -> Bool {
        tsMs == other.tsMs && kind == other.kind && state == other.state && rider == other.rider
            && order == other.order
    }

    /// Why it cannot be kept; nil: it can.
    package var defect: String? {
        if let defect = OrderText.orderDefect(order) ?? OrderText.stateDefect(state) {
            return defect
        }
        if kind == .set ? OrderText.isBad(rider, OrderText.maxNameBytes) : !rider.isEmpty {
            return "the rider of an order needs \(OrderText.name)"
        }
        if !by.isEmpty, OrderText.isBad(by, OrderText.maxNameBytes) {
            return "who tells of an order needs \(OrderText.name)"
        }
        return OrderText.timeDefect(tsMs)
    }
}

/// Bounds of the texts of orders.
package enum OrderText {
    /// Of an order's id, a rider, and who tells.
    package static let maxNameBytes = RiderName.maxBytes
    package static let maxStateBytes = 64

    fileprivate static let name = "1 to \(maxNameBytes) bytes of UTF-8 without control characters"

    package static func orderDefect(_ text: [UInt8]) -> String? {
        isBad(text, maxNameBytes) ? "the id of an order needs \(name)" : nil
    }

    fileprivate static func stateDefect(_ text: [UInt8]) -> String? {
        isBad(text, maxStateBytes)
            ? "the state of an order needs 1 to \(maxStateBytes) bytes of UTF-8 without control "
                + "characters" : nil
    }

    fileprivate static func timeDefect(_ tsMs: Int64) -> String? {
        abs(max(tsMs, -Int64.max)) < Fix.timeLimitMs
            ? nil : "the time of an order is in Unix ms, \(tsMs) is out of range"
    }

    fileprivate static func isBad(_ text: [UInt8], _ most: Int) -> Bool {
        text.isEmpty || text.count > most
            || !text.withUnsafeBytes { RiderName.isPlainUTF8($0) }
    }
}

/// What who tells of an order hears: bits that may be combined. 0: it is stored, and what the order
/// is now. Those that T.ADD has too mean the same.
package struct OrderMask: OptionSet, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The same is stored: nothing was. Carries no other bit.
    package static let duplicate = OrderMask(rawValue: 1)
    /// Older than the newest event of the order when it came: history.
    package static let late = OrderMask(rawValue: 2)
    /// The order had ended by then: kept, and nothing else.
    package static let ended = OrderMask(rawValue: 4)
    /// Something else is stored of the same order and time; what came later stands behind it.
    package static let conflict = OrderMask(rawValue: 8)
    /// More than 30 s ahead of the server's clock, or before the year 2000.
    package static let clock = OrderMask(rawValue: 16)
    /// Another rider than in the event before it in time.
    package static let reassigned = OrderMask(rawValue: 32)

    /// Bits and their names, as `format-spec.md` has them.
    package static let names: [(mask: OrderMask, name: String)] = [
        (.duplicate, "DUP"), (.late, "LATE"), (.ended, "ENDED"), (.conflict, "CONFLICT"),
        (.clock, "CLOCK"), (.reassigned, "REASSIGNED"),
    ]
}
