package import TachoGeo

/// Keys of family `fences`; the first byte tells the kinds of rows apart.
extension Keys {
    static let fenceStreamKind: UInt8 = 0
    static let fenceRiderKind: UInt8 = 1
    static let fenceEventKind: UInt8 = 2
    static let fenceTotalsKind: UInt8 = 3
    static let fenceNameKind: UInt8 = 4
    static let fenceEndedKind: UInt8 = 5

    package static let fenceTotals: [UInt8] = [fenceTotalsKind]

    /// Apart, so that a start reads those that are set alone.
    package static func fence(stream: UInt32, isLive: Bool) -> [UInt8] {
        var key = KeyWriter()
        key.u8(isLive ? fenceStreamKind : fenceEndedKind)
        key.u32(stream)
        return key.bytes
    }

    package static func fence(rider: UInt32) -> [UInt8] {
        var key = KeyWriter()
        key.u8(fenceRiderKind)
        key.u32(rider)
        return key.bytes
    }

    package static func fenceEvent(stream: UInt32, _ id: AlertID) -> [UInt8] {
        var key = KeyWriter()
        key.u8(fenceEventKind)
        key.u32(stream)
        key.u64(UInt64(bitPattern: id.ms))
        key.u32(id.n)
        return key.bytes
    }

    /// Of any length: the only keys that are.
    package static func fence(id: [UInt8]) -> [UInt8] { [fenceNameKind] + id }

    /// nil: the key of another kind of row. The same for the others.
    package static func fenceStream(_ key: UnsafeRawBufferPointer) -> UInt32? {
        guard key.count == 5, key[0] == fenceStreamKind else { return nil }
        return KeyReader.u32(key, at: 1)
    }

    package static func fenceRider(_ key: UnsafeRawBufferPointer) -> UInt32? {
        guard key.count == 5, key[0] == fenceRiderKind else { return nil }
        return KeyReader.u32(key, at: 1)
    }

    package static func fenceEventPlace(
        _ key: UnsafeRawBufferPointer
    ) -> (stream: UInt32, id: AlertID)? {
        guard key.count == 17, key[0] == fenceEventKind, key[5] < 0x80 else { return nil }
        return (
            KeyReader.u32(key, at: 1),
            AlertID(ms: Int64(KeyReader.u64(key, at: 5)), n: KeyReader.u32(key, at: 13))
        )
    }
}
