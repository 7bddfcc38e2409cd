/// A stream's name: `alerts`, `orders`, `verdicts`, or `fence:` with the id of a geofence; any other is an
/// empty stream, as in Redis.
package enum StreamName: Hashable, Sendable {
    case alerts
    case orders
    case verdicts
    case fence(id: [UInt8])
    case other

    package init(_ text: UnsafeRawBufferPointer) {
        if text.elementsEqual("alerts".utf8) {
            self = .alerts
        } else if text.elementsEqual("orders".utf8) {
            self = .orders
        } else if text.elementsEqual("verdicts".utf8) {
            self = .verdicts
        } else if text.starts(with: Self.fencePrefix.utf8) {
            self = .fence(id: Array(text.dropFirst(Self.fencePrefix.utf8.count)))
        } else {
            self = .other
        }
    }

    private static let fencePrefix = "fence:"

    /// As clients wrote it; of those that have entries.
    package var text: [UInt8] {
        switch self {
        case .alerts: Array("alerts".utf8)
        case .orders: Array("orders".utf8)
        case .verdicts: Array("verdicts".utf8)
        case .fence(let id): Array(Self.fencePrefix.utf8) + id
        case .other: []
        }
    }
}
