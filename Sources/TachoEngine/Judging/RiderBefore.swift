import TachoGeo
import TachoIngest

/// What of a rider's movement before a fix decides how loud a jump is: judging the fix forgets it.
struct RiderBefore {
    /// The receiver had just found its place.
    var isFresh: Bool
    /// Of the last step, as far as it is believed, m/s; 0: not known.
    var paceMps: Double

    static let unknown = RiderBefore(isFresh: false, paceMps: 0)

    private init(isFresh: Bool, paceMps: Double) {
        self.isFresh = isFresh
        self.paceMps = paceMps
    }

    /// With the rules about motion switched off nothing is known.
    init(_ motion: Motion, _ vehicle: VehicleClass, limits: Thresholds) {
        self =
            limits.isMotionOff
            ? .unknown
            : RiderBefore(
                isFresh: motion.isFresh, paceMps: motion.paceMps(vehicle, limits))
    }
}
