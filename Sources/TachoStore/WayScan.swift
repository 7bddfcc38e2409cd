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
                let (row, rider, end) = try FixEvent.skim(events, at)
                if row.entersChain && row.isPrecise(toDm: accuracyDm) {
                    fixes.append(
                        WayFix(rider: rider, latE7: row.latE7, lonE7: row.lonE7, tsMs: row.tsMs))
                }
                at = end
            } else {
                var reader = GroupReader(UnsafeRawBufferPointer(rebasing: events[at...]))
                if case .compared(let proposal)? = try reader.next() { compared.append(proposal) }
                at += reader.offset
            }
        }
    }
}
