package import TachoGeo

/// Keys of family `groups`; the first byte tells the kinds of rows apart.
extension Keys {
    static let groupKind: UInt8 = 0
    static let consumerKind: UInt8 = 1
    static let pendingKind: UInt8 = 2
    static let groupTotalsKind: UInt8 = 3
    static let groupStreamKind: UInt8 = 4

    package static let groupTotals: [UInt8] = [groupTotalsKind]

    package static func group(_ number: UInt32) -> [UInt8] {
        var key = KeyWriter()
        key.u8(groupKind)
        key.u32(number)
        return key.bytes
    }

    package static func consumer(group: UInt32, _ number: UInt32) -> [UInt8] {
        var key = KeyWriter()
        key.u8(consumerKind)
        key.u32(group)
        key.u32(number)
        return key.bytes
    }

    package static func pending(group: UInt32, _ id: AlertID) -> [UInt8] {
        var key = KeyWriter()
        key.u8(pendingKind)
        key.u32(group)
        key.u64(UInt64(bitPattern: id.ms))
        key.u32(id.n)
        return key.bytes
    }

    /// Of any length: the only keys that are.
    package static func groupStream(_ name: [UInt8]) -> [UInt8] { [groupStreamKind] + name }
}

/// What a key of family `groups` is of.
package enum GroupKey: Hashable, Sendable {
    case group(UInt32)
    case consumer(group: UInt32, UInt32)
    case pending(group: UInt32, AlertID)
    case totals
    case stream([UInt8])

    /// nil: none of a kind that is known here.
    package init?(_ key: UnsafeRawBufferPointer) {
        guard let kind = key.first else { return nil }
        switch (kind, key.count) {
        case (Keys.groupKind, 5): self = .group(KeyReader.u32(key, at: 1))
        case (Keys.consumerKind, 9):
            self = .consumer(group: KeyReader.u32(key, at: 1), KeyReader.u32(key, at: 5))
        case (Keys.pendingKind, 17) where key[5] < 0x80:
            self = .pending(
                group: KeyReader.u32(key, at: 1),
                AlertID(ms: Int64(KeyReader.u64(key, at: 5)), n: KeyReader.u32(key, at: 13)))
        case (Keys.groupTotalsKind, 1): self = .totals
        case (Keys.groupStreamKind, _): self = .stream(Array(key.dropFirst()))
        default: return nil
        }
    }
}
