/// A stream's name: `alerts`, or `fence:` with the id of a geofence; any other is an empty stream, as in
/// Redis.
package enum StreamName: Hashable, Sendable {
    case alerts
    case fence(id: [UInt8])
    case other

    package init(_ text: UnsafeRawBufferPointer) {
        if text.elementsEqual("alerts".utf8) {
            self = .alerts
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
        case .fence(let id): Array(Self.fencePrefix.utf8) + id
        case .other: []
        }
    }
}
