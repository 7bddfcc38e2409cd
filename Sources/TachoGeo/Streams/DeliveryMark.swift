/// How far the stream `alerts` was delivered to one target: what is kept of a target, and all of it.
/// `format-spec.md` §24.
package struct DeliveryMark: Hashable, Sendable {
    /// The newest alert that was delivered; nil: none was.
    package var delivered: AlertID?
    /// How many entries the stream has up to and with that one.
    package var position: UInt64
    /// Of the episodes that were open when this was noted, the first alert of all; nil: none was
    /// open. From here on alerts are read again after a restart, to know which are.
    package var openFrom: AlertID?
    /// Alerts up to this one reached the target late, the last of them at `lateAtMs`: they count as
    /// new from then on. nil: none did.
    package var lateThrough: AlertID?
    /// Unix ms.
    package var lateAtMs: Int64

    package init(
        delivered: AlertID? = nil, position: UInt64 = 0, openFrom: AlertID? = nil,
        lateThrough: AlertID? = nil, lateAtMs: Int64 = 0
    ) {
        self.delivered = delivered
        self.position = position
        self.openFrom = openFrom
        self.lateThrough = lateThrough
        self.lateAtMs = lateAtMs
    }
}

/// The name of a target, under which its mark is kept.
package enum TargetName {
    package static let maxBytes = 200

    /// Why a name cannot be one; nil: it can. Printable ASCII without spaces, so that it is a word of a
    /// command line and a label of a metric.
    package static func defect(_ name: [UInt8]) -> String? {
        if name.isEmpty || name.count > maxBytes {
            return "1 to \(maxBytes) characters expected"
        }
        return name.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") }
            ? nil : "letters, digits and signs of ASCII without spaces and quotes expected"
    }
}
