package import TachoCodec

/// The bytes of a fix in a group: the event there are millions of. 29 bytes as a rule, 31 to 57
/// with an extra; `format-spec.md` §7.
package enum FixEvent {
    /// Kind, rider and row.
    package static let baseByteCount = 1 + 4 + FixRow.byteCount
    /// With an extra: its flags and four varints.
    package static let maxByteCount = baseByteCount + 1 + 4 + 10 + 10 + 10

    static let altitudeFlag: UInt8 = 1
    static let codesFlag: UInt8 = 2
    static let delayFlag: UInt8 = 4
    static let claimedFlag: UInt8 = 8

    /// Writes the event to `to`, which has room for `maxByteCount` bytes; returns their number.
    /// `extra` is given exactly if the row says it has one. Cost: five stores.
    @inline(__always)
    package static func write(
        rider: UInt32, _ row: FixRow, _ extra: FixExtra?, to: UnsafeMutableRawPointer
    ) -> Int {
        to.storeBytes(of: GroupEvent.Kind.fix.rawValue, as: UInt8.self)
        to.storeBytes(of: rider.littleEndian, toByteOffset: 1, as: UInt32.self)
        to.storeBytes(of: row.clock.littleEndian, toByteOffset: 5, as: UInt64.self)
        to.storeBytes(of: row.place.littleEndian, toByteOffset: 13, as: UInt64.self)
        to.storeBytes(of: row.motion.littleEndian, toByteOffset: 21, as: UInt64.self)
        guard let extra else { return baseByteCount }
        return write(extra, row, to: to)
    }

    private static func write(
        _ extra: FixExtra, _ row: FixRow, to: UnsafeMutableRawPointer
    ) -> Int {
        var at = baseByteCount + 1
        func put(_ value: UInt64) {
            var rest = value
            while rest >= 0x80 {
                to.storeBytes(
                    of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: at, as: UInt8.self)
                rest >>= 7
                at += 1
            }
            to.storeBytes(of: UInt8(rest), toByteOffset: at, as: UInt8.self)
            at += 1
        }
        var flags: UInt8 = 0
        let altitude = FixRow.altitudeField(extra.altitudeDm)
        if altitude != FixRow.altitudeAbsent {
            flags |= altitudeFlag
            put(altitude)
        }
        if extra.codes != 0 {
            flags |= codesFlag
            put(extra.codes)
        }
        if row.hasDelayElsewhere {
            flags |= delayFlag
            put(Zigzag.encode(extra.delaySteps))
        }
        if row.isClaimed {
            flags |= claimedFlag
            put(Zigzag.encode(extra.claimedRecvMs))
        }
        to.storeBytes(of: flags, toByteOffset: baseByteCount, as: UInt8.self)
        return at
    }

    /// The row of the fix whose event begins at `start`, whose it is, and where the next event begins;
    /// nothing of the extra. Cost: 3 ns.
    @inline(__always)
    static func skim(
        _ events: UnsafeRawBufferPointer, _ start: Int
    ) throws(StoreError) -> (row: FixRow, rider: UInt32, end: Int) {
        var end = start + baseByteCount
        guard end <= events.count else { throw cut }
        func word(_ offset: Int) -> UInt64 {
            UInt64(
                littleEndian: events.loadUnaligned(
                    fromByteOffset: start + offset, as: UInt64.self))
        }
        let row = FixRow(clock: word(5), place: word(13), motion: word(21))
        let rider = UInt32(
            littleEndian: events.loadUnaligned(fromByteOffset: start + 1, as: UInt32.self))
        guard row.hasExtra else { return (row, rider, end) }
        guard end < events.count else { throw cut }
        // A varint for each flag.
        var left = (events[end] & 15).nonzeroBitCount
        end += 1
        while left > 0 {
            guard end < events.count else { throw cut }
            if events[end] < 0x80 { left -= 1 }
            end += 1
        }
        return (row, rider, end)
    }

    private static let cut = StoreError.damaged("a journal event is cut off")
}
