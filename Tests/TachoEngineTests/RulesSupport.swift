import Foundation
import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

@testable import TachoEngine

/// Rides whose fixes come in order, late, in bursts, twice and with wrong clocks, some of them
/// manipulated: all kinds of codes.
struct RandomDeliveries {
    var random: SeededGenerator
    private var riders: [Ride]

    private struct Ride {
        var seconds = 0.0
        var north = 0.0
        var speed = 8.0
        /// Fixes that were made and not delivered yet.
        var backlog: [Fix] = []
        var sent: [Fix] = []
    }

    init(seed: UInt64, riders: Int = 6) {
        random = SeededGenerator(seed: seed)
        self.riders = Array(repeating: Ride(), count: riders)
    }

    /// The next `count` deliveries.
    mutating func next(_ count: Int) -> [(String, Fix)] {
        (0..<count).map { _ in
            let rider = random.number(0...riders.count - 1)
            let fix = deliver(rider)
            riders[rider].sent.append(fix)
            return ("rider-\(rider)", fix)
        }
    }

    private mutating func deliver(_ rider: Int) -> Fix {
        if random.chance(2), let again = riders[rider].sent.last { return again }
        if !riders[rider].backlog.isEmpty, random.chance(30) {
            let all = riders[rider].backlog
            return riders[rider].backlog.remove(at: random.number(0...all.count - 1))
        }
        var made = make(rider)
        while random.chance(12) {
            riders[rider].backlog.append(made)
            made = make(rider)
        }
        return made
    }

    private mutating func make(_ rider: Int) -> Fix {
        let step = random.one([0, 1, 3, 3, 3, 3, 10])
        riders[rider].seconds += Double(step)
        if random.chance(1) {
            riders[rider].seconds += 900
            // Faster than roads allow, and within reach.
            if random.chance(50) { riders[rider].north += 30_000 }
        }
        if random.chance(5) { riders[rider].speed = Double(random.number(0...14)) }
        riders[rider].north += riders[rider].speed * Double(step)
        let ride = riders[rider]
        let noise = { (random: inout SeededGenerator) in Double(random.number(-20...20)) / 10 }
        var one = fix(
            ride.seconds, north: ride.north + noise(&random), east: noise(&random),
            accuracyDm: random.one([Fix.absent, 40, 50, 60, 1_200]))
        one.speedCms = Int32(ride.speed * 100)
        one.headingCdeg = random.number(0...500)
        one.altitudeDm = 300 + random.number(0...20)
        manipulate(&one, rider, Int(ride.seconds) / 3)
        return one
    }

    private mutating func manipulate(_ fix: inout Fix, _ rider: Int, _ step: Int) {
        switch random.number(0...99) {
        case 0: fix.tsMs += 400 * 86_400_000
        case 1: fix.tsMs = 1_000_000 + fix.tsMs % 1_000_000
        case 2: (fix.latE7, fix.lonE7) = (10, 10)
        case 3: fix.source = .mock
        case 4...7: fix.latE7 += random.one([3_600, 36_000, 360_000])
        default: break
        }
        guard step > 60 else { return }
        switch rider {
        case 0: fix.speedCms = fix.speedCms * 3 + 1_200
        case 1: fix.headingCdeg = (fix.headingCdeg + 18_000) % 36_000
        case 2: fix.latE7 += step % 2 == 0 ? 6_300 : -6_300
        case 3: fix.lonE7 += step % 4 < 2 ? 0 : 300_000
        case 4: fix.latE7 += Int32(step * 3 * 45 * 9 % 1_000_000)
        default: break
        }
    }
}

/// With the rules that a new directory has.
func rulesOptions(_ directory: TemporaryDirectory, workers: Int = 1) -> EngineOptions {
    testOptions(directory, workers: workers, allRules: true)
}

/// A change by name and value.
func change(_ pairs: (String, String)...) -> RuleChange {
    RuleChange(pairs.map { RuleChange.Item($0.0, $0.1) })
}

/// A change of a few numbers and codes, taken at random.
func randomChange(_ random: inout SeededGenerator) -> RuleChange {
    var items: [RuleChange.Item] = []
    let motion = Code.allCases.filter { RuleSet.deliveryOrderCodes & $0.bit != 0 }
        .map(\.name).joined(separator: ",")
    let choices: [(String, [String])] = [
        ("teleport_beyond_m", ["100", "350", "900"]), ("speed_car_mps", ["20", "42", "80"]),
        ("low_accuracy_m", ["30", "100", "200"]), ("jump_base_m", ["100", "330"]),
        ("confirmation_fixes", ["2", "3"]), ("gap_mps", ["10", "31"]),
        ("flicker_departures", ["2", "3"]), ("overspeed_debt_m", ["60", "200"]),
        ("ts_conflict_m", ["1", "30"]), ("hold_credit_ms", ["0", "15000"]),
        ("off", ["-", "ZIGZAG,FLICKER", "MOCK_FLAG,INVALID", motion]),
    ]
    for (name, values) in choices where random.chance(40) {
        items.append(.init(name, random.one(values)))
    }
    return RuleChange(items)
}

/// Carries a history from the engine's thread to the test's.
private final class HistoryBox: @unchecked Sendable {
    var content: (stamp: RiderStamp, fixes: [HistoryFix])?
    let isFull = DispatchSemaphore(value: 0)
}

extension RulesQuery {
    static var everything: RulesQuery { RulesQuery(fromMs: .min, toMs: .max) }
}

extension Engine {
    /// The groups of the journal with their heads and events.
    func groups() throws -> [(header: GroupHeader, events: [GroupEvent])] {
        var groups: [(header: GroupHeader, events: [GroupEvent])] = []
        try store.journal.replay(from: store.checkpoint.from) { _, bytes throws(StoreError) in
            let (header, body, _) = try GroupHeader.read(bytes)
            var reader = GroupReader(body)
            var events: [GroupEvent] = []
            while let event = try reader.next() { events.append(event) }
            groups.append((header, events))
            return true
        }
        return groups
    }

    /// What a rider's fixes are now, with the judge's own marks.
    func currentVerdicts(_ rider: String) throws -> [Verdict] { try all(rider).map(\.verdict) }

    /// A rider's history as the judge has it.
    func history(_ rider: String) throws -> (stamp: RiderStamp, fixes: [HistoryFix]) {
        let number = Array(rider.utf8).withUnsafeBytes { riders.number(of: $0) }!
        let box = HistoryBox()
        workers[Int(number) % workers.count].post(
            .history(rider: number) { stamp, copy in
                let fixes = try! copy.withSource {
                    try $0.load(fromMs: -Fix.timeLimitMs, toMs: Fix.timeLimitMs)
                }
                box.content = (stamp, fixes)
                box.isFull.signal()
            })
        box.isFull.wait()
        return box.content!
    }
}
