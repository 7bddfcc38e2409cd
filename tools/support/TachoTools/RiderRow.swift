/// A rider as tools show it.
package struct RiderRow: Equatable, Sendable {
    package var rider: String
    /// foot, bicycle, scooter, car or any.
    package var vehicle: String
    /// Fixes stored, of any effect.
    package var points: Int64
    /// Of any effect; nil without a fix.
    package var newestTsMs: Int64?

    package init(rider: String, vehicle: String, points: Int64, newestTsMs: Int64?) {
        self.rider = rider
        self.vehicle = vehicle
        self.points = points
        self.newestTsMs = newestTsMs
    }
}

package struct RiderRows: Sendable {
    package var rows: [RiderRow]
    package var next: String?

    package init(rows: [RiderRow], next: String?) {
        self.rows = rows
        self.next = next
    }
}
