/// A fix that entered its rider's chain in order, as rules across riders take it in.
package struct WayFix: Hashable, Sendable, BitwiseCopyable {
    package var rider: UInt32
    package var latE7: Int32
    package var lonE7: Int32
    package var tsMs: Int64

    @inlinable
    package init(rider: UInt32, latE7: Int32, lonE7: Int32, tsMs: Int64) {
        self.rider = rider
        self.latE7 = latE7
        self.lonE7 = lonE7
        self.tsMs = tsMs
    }
}

/// A place on a rider's way that is remembered for days, so that the way is found again in another
/// track: 32 B.
package struct Landmark: Hashable, Sendable, BitwiseCopyable {
    /// What two alike have in common, 48 bits; the lowest tells the kind.
    package var hash: UInt64
    package var rider: UInt32
    /// The rider's how many-th, from 1.
    package var number: UInt32
    /// Of the fix, which is the first of the rider at its time.
    package var tsMs: Int64
    /// The lower 16 bits of latitude and, above them, of longitude, 1e-7 degree.
    package var place: UInt32

    package init(hash: UInt64, rider: UInt32, number: UInt32, tsMs: Int64, place: UInt32) {
        self.hash = hash
        self.rider = rider
        self.number = number
        self.tsMs = tsMs
        self.place = place
    }

    package static let hashMask: UInt64 = 1 << 48 - 1

    /// Cells of the way were alike, not places to the digit.
    package var isOfCells: Bool { hash & 1 != 0 }

    package static func place(latE7: Int32, lonE7: Int32) -> UInt32 {
        UInt32(UInt16(truncatingIfNeeded: latE7)) | UInt32(UInt16(truncatingIfNeeded: lonE7)) << 16
    }

    /// Whether both lie within so many units, 1e-7 degree, of each other, if they are in one cell.
    package func isNear(_ other: Landmark, latE7: Int32, lonE7: Int32) -> Bool {
        func apart(_ shift: UInt32) -> Int32 {
            // Wrap-around is meant: the lower bits of two near numbers.
            let difference =
                UInt16(truncatingIfNeeded: place >> shift)
                &- UInt16(truncatingIfNeeded: other.place >> shift)
            return abs(Int32(Int16(bitPattern: difference)))
        }
        return apart(0) <= latE7 && apart(16) <= lonE7
    }
}
