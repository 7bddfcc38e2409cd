import TachoCodec

/// What a fix says to geofences.
package struct FenceFix: Hashable, Sendable, BitwiseCopyable {
    package var rider: UInt32
    package var latE7: Int32
    package var lonE7: Int32
    /// It came behind a later one of its rider.
    package var isLate: Bool
    /// Too coarse to tell on which side of a border it was.
    package var isCoarse: Bool
    package var tsMs: Int64

    package init(
        rider: UInt32, latE7: Int32, lonE7: Int32, isLate: Bool, isCoarse: Bool, tsMs: Int64
    ) {
        self.rider = rider
        self.latE7 = latE7
        self.lonE7 = lonE7
        self.isLate = isLate
        self.isCoarse = isCoarse
        self.tsMs = tsMs
    }
}

/// Reads of a group's events what geofences look at: fixes that were accepted or flagged when they
/// came, and changes of fences, each at its place among them.
package enum FenceScan {
    /// A fence changed when so many fixes had been appended.
    package struct Change: Sendable {
        package var at: Int
        package var bytes: [UInt8]
    }

    /// Accuracy beyond which a fix decides nothing, dm: as LOWACC has it by default.
    package static let coarseDm: Int32 = 1_000

    /// Appends in the order of the events. Cost: some 5 ns a fix.
    package static func read(
        _ events: UnsafeRawBufferPointer, fixes: inout [FenceFix], changes: inout [Change]
    ) throws(StoreError) {
        var at = 0
        while at < events.count {
            if events[at] == GroupEvent.Kind.fix.rawValue {
                let (row, rider, end) = try FixEvent.skim(events, at)
                if row.isShown {
                    fixes.append(
                        FenceFix(
                            rider: rider, latE7: row.latE7, lonE7: row.lonE7,
                            isLate: row.toLateTail, isCoarse: row.isCoarser(thanDm: coarseDm),
                            tsMs: row.tsMs))
                }
                at = end
            } else {
                var reader = GroupReader(UnsafeRawBufferPointer(rebasing: events[at...]))
                if case .fence(let change)? = try reader.next() {
                    changes.append(Change(at: fixes.count, bytes: change))
                }
                at += reader.offset
            }
        }
    }
}
