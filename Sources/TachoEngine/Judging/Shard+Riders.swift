package import TachoGeo

/// What is known of a rider beside its track.
package struct RiderState: Sendable, Hashable {
    package var number: UInt32
    package var vehicle: VehicleClass
    /// Fixes stored, of any effect.
    package var points: UInt64
    /// Time of the newest fix of any effect, Unix ms; nil without one.
    package var newestMs: Int64?
}

extension Shard {
    /// The class that the rider's next fix is judged by.
    mutating func change(
        _ vehicle: VehicleClass, of rider: UInt32, _ work: BatchWork
    ) -> Part {
        let part = Part(work: work)
        admit(rider)
        set(vehicle, of: rider, part)
        return part
    }

    mutating func states(of riders: [UInt32]) -> [RiderState] {
        riders.map { rider in
            admit(rider)
            let slot = slot(rider)
            return RiderState(
                number: rider, vehicle: slot.pointee.vehicle, points: slot.pointee.points,
                newestMs: slot.pointee.hasNewest ? slot.pointee.newestMs : nil)
        }
    }
}
