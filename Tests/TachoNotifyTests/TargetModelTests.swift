import TachoGeo
import Testing

@testable import TachoEngine
@testable import TachoNotify

/// Random lives of a target: alerts come, requests fail, the process is killed, people decide.
struct TargetModelTests {
    /// Whoever is told: what came, checked as it comes.
    private struct Receiver {
        var stream: [Alert] = []
        /// How many of each rider's alerts have come, all before them included.
        var arrived: [[UInt8]: Int] = [:]
        var seen = Set<AlertID>()
        /// The newest alert of each key that is open here.
        var open: [EpisodeKey: AlertID] = [:]
        var resolvedAt: [AlertID: Int64] = [:]
        var defects: [String] = []

        mutating func take(_ delivery: Delivery, nowMs: Int64) {
            for item in delivery.items {
                switch item {
                case .alert(let alert, let episode):
                    if seen.insert(alert.id).inserted {
                        let own = stream.filter { $0.rider == alert.rider }
                        let place = arrived[alert.rider] ?? 0
                        if own[place].id != alert.id {
                            defects.append("\(alert.id.text) came before \(own[place].id.text)")
                        }
                        arrived[alert.rider] = place + 1
                    }
                    if episode.last != alert.id { defects.append("\(alert.id.text): \(episode)") }
                    open[EpisodeKey(alert)] = alert.id
                case .again(let episode):
                    if !seen.contains(episode.last) { defects.append("again before it came") }
                case .resolved(let episode, let atMs, _):
                    if !seen.contains(episode.last) { defects.append("ended before it came") }
                    if open[episode.key] == episode.last { open[episode.key] = nil }
                    // After a kill an end may be told again.
                    resolvedAt[episode.last] = resolvedAt[episode.last] ?? nowMs
                    if atMs < episode.startsAtMs { defects.append("ends before it starts") }
                }
            }
        }
    }

    private struct Life {
        var settings: TargetMachine.Settings
        var machine: TargetMachine
        var noted = DeliveryMark()
        var receiver = Receiver()
        var decided = Set<AlertID>()

        init(_ settings: TargetMachine.Settings) {
            self.settings = settings
            machine = TargetMachine(settings, mark: DeliveryMark(), seed: 3)
        }

        /// As the program does, until there is nothing to do. `fails` decides about each request: nil,
        /// it is delivered; true, what was sent has arrived all the same.
        mutating func run(nowMs: Int64, _ fails: () -> Bool?) {
            let stream = receiver.stream
            for _ in 0..<10_000 {
                switch machine.next(nowMs: nowMs, last: stream.last?.id) {
                case .wait: return
                case .read(let after, let limit):
                    let rest = stream.filter { alert in after.map { alert.id > $0 } ?? true }
                    let page = Array(rest.prefix(limit))
                    machine.read(
                        page, decided: decided.intersection(page.map(\.id)), nowMs: nowMs)
                case .rebuild(let after, let through, let limit):
                    let part = stream.filter { alert in
                        alert.id <= through && (after.map { alert.id > $0 } ?? true)
                    }
                    let page = Array(part.prefix(limit))
                    machine.rebuilt(
                        page, decided: decided.intersection(page.map(\.id)),
                        isLast: page.count < limit, nowMs: nowMs)
                case .send(let delivery):
                    let failure = fails()
                    if failure != false { receiver.take(delivery, nowMs: nowMs) }
                    machine.answered(
                        failure == nil
                            ? .delivered : .failed(DeliveryFailure(.unreachable, "cut")),
                        nowMs: nowMs)
                }
            }
            receiver.defects.append("it never comes to rest")
        }

        mutating func kill() {
            machine = TargetMachine(settings, mark: noted, seed: 5)
        }

        mutating func add(_ alert: Alert) { receiver.stream.append(alert) }

        mutating func decide(_ id: AlertID, nowMs: Int64) {
            decided.insert(id)
            machine.reviewed(id, .falsePositive, nowMs: nowMs)
        }
    }

    private func settings(_ generator: inout SeededGenerator) -> TargetMachine.Settings {
        var settings = TargetMachine.Settings()
        settings.batch = Int.random(in: 1...8, using: &generator)
        settings.resolveMs = 5_000
        settings.resendMs = generator.chance(0.5) ? 1_000 : nil
        settings.lateMs = 2_000
        return settings
    }

    private func newAlert(_ nowMs: Int64, _ n: UInt32, _ generator: inout SeededGenerator) -> Alert
    {
        let codes: [Code] = [.teleport, .frozen, .replay]
        return alert(
            nowMs, n, rider: "r\(Int.random(in: 0..<6, using: &generator))",
            code: codes.randomElement(using: &generator)!)
    }

    @Test(arguments: UInt64(0)..<60)
    func `whatever fails and is killed, every alert comes, in order, and every episode ends`(
        seed: UInt64
    ) {
        var generator = SeededGenerator(seed: seed)
        var life = Life(settings(&generator))
        var nowMs: Int64 = 1_000_000
        for _ in 0..<400 {
            nowMs += Int64.random(in: 1...400, using: &generator)
            let n = Int.random(in: 0...3, using: &generator)
            for i in 0..<n { life.add(newAlert(nowMs, UInt32(i), &generator)) }
            let share = generator.chance(0.3) ? 0.9 : 0.2
            var other = generator
            life.run(nowMs: nowMs) { other.chance(share) ? other.chance(0.5) : nil }
            generator = other
            if generator.chance(0.3) { life.noted = life.machine.mark }
            if generator.chance(0.08) { life.kill() }
            if generator.chance(0.05),
                let one = life.receiver.stream.randomElement(using: &generator)
            {
                life.decide(one.id, nowMs: nowMs)
            }
        }
        // Then nothing fails any more.
        for _ in 0..<200 {
            nowMs += 500
            life.run(nowMs: nowMs) { nil }
        }
        let receiver = life.receiver
        #expect(receiver.defects.isEmpty, "seed \(seed): \(receiver.defects.prefix(3))")
        #expect(receiver.seen.count == receiver.stream.count, "seed \(seed)")
        #expect(receiver.open.isEmpty, "seed \(seed): \(receiver.open)")
        #expect(life.machine.mark.openFrom == nil, "seed \(seed)")
        #expect(life.machine.mark.position == UInt64(receiver.stream.count), "seed \(seed)")
    }

    @Test(arguments: UInt64(100)..<120)
    func `where nothing fails each episode ends at the first moment at which it is due`(
        seed: UInt64
    ) {
        var generator = SeededGenerator(seed: seed)
        var life = Life(settings(&generator))
        life.machine = TargetMachine(life.settings, mark: DeliveryMark(), seed: 1)
        var moments: [Int64] = []
        var nowMs: Int64 = 1_000_000
        for step in 0..<600 {
            nowMs += Int64.random(in: 1...900, using: &generator)
            moments.append(nowMs)
            if step < 560, generator.chance(0.4) {
                life.add(newAlert(nowMs, 0, &generator))
            }
            life.run(nowMs: nowMs) { nil }
            // A kill after everything was noted changes nothing.
            life.noted = life.machine.mark
            if generator.chance(0.1) { life.kill() }
        }
        var expected: [AlertID: Int64] = [:]
        for key in Set(life.receiver.stream.map { EpisodeKey($0) }) {
            let own = life.receiver.stream.filter { EpisodeKey($0) == key }
            for (index, one) in own.enumerated() {
                let dueMs = one.id.ms + life.settings.resolveMs
                let isLast = index + 1 == own.count || own[index + 1].id.ms >= dueMs
                if isLast { expected[one.id] = moments.first { $0 >= dueMs } }
            }
        }
        #expect(life.receiver.resolvedAt == expected, "seed \(seed)")
        #expect(life.receiver.defects.isEmpty, "seed \(seed): \(life.receiver.defects.prefix(3))")
    }
}
