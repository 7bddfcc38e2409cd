package import TachoGeo

/// Keys of family `orders`; the first byte tells the kinds of rows apart. Names have no zero byte, so
/// that one ends them and keys of one order, or rider, lie together in order.
extension Keys {
    static let orderEventKind: UInt8 = 0
    static let orderEntryKind: UInt8 = 1
    static let openOrderKind: UInt8 = 2

    /// An event of an order; those of one in order of time, then arrival.
    package static func orderEvent(_ order: [UInt8], tsMs: Int64, _ id: AlertID) -> [UInt8] {
        var key = KeyWriter()
        key.bytes = orderEvents(order)
        key.time(tsMs)
        key.u64(UInt64(bitPattern: id.ms))
        key.u32(id.n)
        return key.bytes
    }

    /// What the keys of an order's events begin with.
    package static func orderEvents(_ order: [UInt8]) -> [UInt8] { [orderEventKind] + order + [0] }

    /// Time, ms and n behind the order.
    private static let orderEventTail = 18

    /// nil: the key of another kind of row, or of another order.
    package static func orderEventPlace(
        _ key: UnsafeRawBufferPointer, in events: [UInt8]
    ) -> (tsMs: Int64, id: AlertID)? {
        let at = events.count
        guard key.count == at + orderEventTail, key.starts(with: events), key[at + 6] < 0x80
        else { return nil }
        return (
            KeyReader.time(key, at: at),
            AlertID(ms: Int64(KeyReader.u64(key, at: at + 6)), n: KeyReader.u32(key, at: at + 14))
        )
    }

    /// An entry of the stream.
    package static func orderEntry(_ id: AlertID) -> [UInt8] {
        var key = KeyWriter()
        key.u8(orderEntryKind)
        key.u64(UInt64(bitPattern: id.ms))
        key.u32(id.n)
        return key.bytes
    }

    package static func orderEntryID(_ key: UnsafeRawBufferPointer) -> AlertID? {
        guard key.count == 13, key[0] == orderEntryKind, key[1] < 0x80 else { return nil }
        return AlertID(ms: Int64(KeyReader.u64(key, at: 1)), n: KeyReader.u32(key, at: 9))
    }

    /// That a rider has an order now.
    package static func openOrder(rider: [UInt8], _ order: [UInt8]) -> [UInt8] {
        openOrders(of: rider) + order
    }

    /// nil: of all riders.
    package static func openOrders(of rider: [UInt8]?) -> [UInt8] {
        rider.map { [openOrderKind] + $0 + [0] } ?? [openOrderKind]
    }
}
