/// Keys of family `alerts` beside those of alerts and their windows. The first byte tells the kinds
/// apart; those of one kind have one length, but for marks of targets.
extension Keys {
    static let reviewKind: UInt8 = 3
    static let recurrenceKind: UInt8 = 4
    static let deliveryKind: UInt8 = 5

    /// A review of an alert; those of one alert in the order they came.
    package static func review(ms: UInt64, n: UInt32, step: UInt16) -> [UInt8] {
        var key = KeyWriter()
        key.u8(reviewKind)
        key.u64(ms)
        key.u32(n)
        key.u16(step)
        return key.bytes
    }

    /// nil: the key of another kind of row.
    package static func reviewPlace(
        _ key: UnsafeRawBufferPointer
    ) -> (ms: Int64, n: UInt32, step: UInt16)? {
        guard key.count == 15, key[0] == reviewKind, key[1] < 0x80 else { return nil }
        return (
            Int64(KeyReader.u64(key, at: 1)), KeyReader.u32(key, at: 9), KeyReader.u16(key, at: 13)
        )
    }

    /// What is remembered of a code that alerts only when it recurs.
    package static func recurrence(rider: UInt32, code: UInt8) -> [UInt8] {
        var key = KeyWriter()
        key.u8(recurrenceKind)
        key.u32(rider)
        key.u8(code)
        return key.bytes
    }

    /// nil: the key of another kind of row.
    package static func recurrencePlace(
        _ key: UnsafeRawBufferPointer
    ) -> (rider: UInt32, code: UInt8)? {
        guard key.count == 6, key[0] == recurrenceKind else { return nil }
        return (KeyReader.u32(key, at: 1), key[5])
    }

    /// How far alerts were delivered to a target; with its name, so of any length.
    package static func delivery(to name: [UInt8]) -> [UInt8] { [deliveryKind] + name }

    /// nil: the key of another kind of row.
    package static func targetName(_ key: UnsafeRawBufferPointer) -> [UInt8]? {
        guard key.count > 1, key[0] == deliveryKind else { return nil }
        return Array(key.dropFirst())
    }
}
