import TachoCodec
package import TachoGeo

/// Reads of a group's events what rules across riders take in: fixes that entered their rider's
/// chain in order, and which proposals were judged.
package enum WayScan {
    /// Appends in the order of the events. Leaves out positions from networks, and those that call
    /// themselves worse than `accuracyDm`. Cost: some 5 ns a fix; nothing is unpacked.
    package static func read(
        _ events: UnsafeRawBufferPointer, accuracyDm: Int32, fixes: inout [WayFix],
        compared: inout [UInt64]
    ) throws(StoreError) {
        var at = 0
        while at < events.count {
            if events[at] == GroupEvent.Kind.fix.rawValue {
                at = try readFix(events, at, accuracyDm, &fixes)
            } else {
                var reader = GroupReader(UnsafeRawBufferPointer(rebasing: events[at...]))
                if case .compared(let proposal)? = try reader.next() { compared.append(proposal) }
                at += reader.offset
            }
        }
    }

    /// Returns where the next event begins.
    private static func readFix(
        _ events: UnsafeRawBufferPointer, _ start: Int, _ accuracyDm: Int32,
        _ fixes: inout [WayFix]
    ) throws(StoreError) -> Int {
        var end = start + FixEvent.baseByteCount
        guard end <= events.count else { throw cut }
        func word(_ offset: Int) -> UInt64 {
            UInt64(
                littleEndian: events.loadUnaligned(
                    fromByteOffset: start + offset, as: UInt64.self))
        }
        let row = FixRow(clock: word(5), place: word(13), motion: word(21))
        if row.entersChain && row.isPrecise(toDm: accuracyDm) {
            let rider = UInt32(
                littleEndian: events.loadUnaligned(fromByteOffset: start + 1, as: UInt32.self))
            fixes.append(
                WayFix(rider: rider, latE7: row.latE7, lonE7: row.lonE7, tsMs: row.tsMs))
        }
        guard row.hasExtra else { return end }
        guard end < events.count else { throw cut }
        // A varint for each flag.
        var left = (events[end] & 15).nonzeroBitCount
        end += 1
        while left > 0 {
            guard end < events.count else { throw cut }
            if events[end] < 0x80 { left -= 1 }
            end += 1
        }
        return end
    }

    private static let cut = StoreError.damaged("a journal event is cut off")
}
