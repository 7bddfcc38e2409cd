package import TachoGeo

/// What a simulated fleet is made of. Equal values give equal fixes.
package struct FleetPlan: Sendable {
    package var riders: Int
    package var seed: UInt64
    package var riderPrefix: String
    /// Time of the first rider's first fix.
    package var startMs: Int64
    /// Time between two fixes of one rider.
    package var intervalMs: Int64
    /// Share of fixes reported 5 to 10 km off the path, 0…1.
    package var impossibleShare: Double

    package init(
        riders: Int, seed: UInt64, riderPrefix: String, startMs: Int64, intervalMs: Int64 = 3_000,
        impossibleShare: Double = 0
    ) {
        precondition(riders > 0 && intervalMs > 0)
        self.riders = riders
        self.seed = seed
        self.riderPrefix = riderPrefix
        self.startMs = startMs
        self.intervalMs = intervalMs
        self.impossibleShare = impossibleShare
    }
}

/// The fixes of a plan, in the order in which they are sent: riders take turns.
///
/// Fix i belongs to rider i mod n and lies i / n intervals after that rider's start; the riders'
/// starts are spread over one interval. Times of the whole stream never step back.
package struct Fleet: Sendable {
    package let plan: FleetPlan
    package let riderNames: [[UInt8]]
    private var couriers: [Courier]
    private var chance: Randomness
    private var index = 0

    /// The city the couriers ride in: any place will do that is far from poles and antimeridian.
    private static let cityLatDegrees = 37.55
    private static let cityLonDegrees = 126.98

    package init(_ plan: FleetPlan) {
        self.plan = plan
        let width = max(5, String(plan.riders - 1).count)
        riderNames = (0..<plan.riders).map { number in
            let digits = String(number)
            let zeros = String(repeating: "0", count: width - digits.count)
            return Array((plan.riderPrefix + zeros + digits).utf8)
        }
        var seeds = Randomness(seed: plan.seed)
        chance = Randomness(seed: seeds.nextWord())
        couriers = (0..<plan.riders).map { _ in
            Courier(
                seed: seeds.nextWord(), cityLatDegrees: Self.cityLatDegrees,
                cityLonDegrees: Self.cityLonDegrees)
        }
    }

    /// Time of the fix that `next` would give.
    package var nextTsMs: Int64 {
        let rider = index % plan.riders
        let phaseMs = Int64(rider) * plan.intervalMs / Int64(plan.riders)
        return plan.startMs + Int64(index / plan.riders) * plan.intervalMs + phaseMs
    }

    package mutating func next() -> (rider: Int, fix: Fix) {
        let rider = index % plan.riders
        let isFirst = index < plan.riders
        let fix = couriers[rider].advance(
            tsMs: nextTsMs, elapsedMs: isFirst ? 0 : plan.intervalMs,
            jump: isFirst ? (0, 0) : nextJump())
        index += 1
        return (rider, fix)
    }

    /// 5 to 10 km north, south, east or west for the asked share of fixes, otherwise nothing.
    private mutating func nextJump() -> (eastM: Double, northM: Double) {
        guard chance.nextUnit() < plan.impossibleShare else { return (0, 0) }
        let metres = chance.next(in: 5_000..<10_000)
        switch chance.nextWord() % 4 {
        case 0: return (metres, 0)
        case 1: return (-metres, 0)
        case 2: return (0, metres)
        default: return (0, -metres)
        }
    }
}
