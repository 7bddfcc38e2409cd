import Synchronization
import TachoClient

/// What the service did, printed at its end.
struct DispatchReport: Sendable {
    var taken = 0
    var stored = 0
    var failed = 0
    var positions = 0
    var alerts = 0
    var tracked = 0
    var jumperIsShown = false

    var json: String {
        #"{"taken":\#(taken),"stored":\#(stored),"failed":\#(failed),"positions":\#(positions),"#
            + #""alerts":\#(alerts),"tracked":\#(tracked),"jumper_is_shown":\#(jumperIsShown)}"#
    }
}

final class DispatchDesk: Sendable {
    private let client: TachoClient
    private let board = Board()

    init(server: String, spool: String?) throws {
        var configuration = TachoClientConfiguration(endpoints: [server])
        configuration.spool = spool.map { SpoolConfiguration(directory: $0) }
        let board = board
        // Called on a thread that others wait for: count, and return.
        configuration.onDelivery = { board.count($0) }
        client = try TachoClient(configuration)
    }

    func run(prefix: String, couriers: Int, fixes: Int) async throws -> DispatchReport {
        let names = (0..<couriers).map { "\(prefix)\($0)" }
        // Both go on until the client is shut down.
        let follower = Task { [client, board] in
            for try await position in client.positions(of: names) { board.show(position) }
        }
        let alerts = client.alerts(group: "dispatch", consumer: "desk-1")
        let worker = Task { [board] in
            do {
                for try await alert in alerts {
                    // Here a person would be asked. Afterwards it never comes again.
                    try await alerts.acknowledge(alert)
                    board.handled(alert)
                }
            } catch TachoReadError.closed {
                // Shut down before it was acknowledged: it comes again tomorrow.
            }
        }
        try await ride(names, fixes)
        var report = DispatchReport()
        // The form for what must be known at once: waits until the fix is on a device.
        let last = Courier(name: names[0], number: 0).fix(fixes, jumpMeters: 5_000)
        try await client.append(last)
        await board.wait(forAlertAndPositionOf: names[0])
        for try await _ in client.track(names[0]) { report.tracked += 1 }
        // A held fix is stored and told, and the map shows where the courier believably is.
        report.jumperIsShown = try await client.latest(names[0])?.fix.tsMs == last.tsMs
        await client.shutdown()
        try await follower.value
        try await worker.value
        return board.fill(report, taken: client.statistics.pointsAppended)
    }

    /// The form for throughput: returns when the fixes are in memory.
    private func ride(_ names: [String], _ fixes: Int) async throws {
        let couriers = names.enumerated().map { Courier(name: $1, number: $0) }
        for second in 0..<fixes {
            try await client.submit(couriers.map { $0.fix(second) })
        }
    }
}

/// Rides east at 8 m/s from 37.5° N, 127° E, a parallel street for each.
struct Courier {
    let name: String
    let number: Int

    private static let degreesPerMeter = 1 / 88_000.0
    private static let startMs: Int64 = 1_767_312_000_000

    func fix(_ second: Int, jumpMeters: Double = 0) -> RiderFix {
        let eastMeters = 8 * Double(second) + 0.7 * Double(second % 3) + jumpMeters
        return RiderFix(
            rider: name, tsMs: Self.startMs + Int64(second) * 1_000,
            latDegrees: 37.5 + 0.001 * Double(number) + 0.000_004 * Double(second % 2),
            lonDegrees: 127 + eastMeters * Self.degreesPerMeter, speedMetersPerSecond: 8,
            headingDegrees: 90, accuracyMeters: 6, source: .gps)
    }
}

/// What the desk sees.
private final class Board: Sendable {
    private struct State {
        var report = DispatchReport()
        var latest: [String: RiderPosition] = [:]
        var alerted: Set<String> = []
    }

    private let state = Mutex(State())

    func count(_ delivery: Delivery) {
        let stored =
            delivery.isPlain
            ? delivery.count : delivery.outcomes.count(where: { $0.isStored })
        state.withLock { state in
            state.report.stored += stored
            state.report.failed += delivery.count - stored
        }
    }

    func show(_ position: RiderPosition) {
        state.withLock { state in
            state.latest[position.rider] = position
            state.report.positions += 1
        }
    }

    func handled(_ alert: RiderAlert) {
        state.withLock { state in
            state.alerted.insert(alert.rider)
            state.report.alerts += 1
        }
    }

    /// At most ten seconds.
    func wait(forAlertAndPositionOf rider: String) async {
        for _ in 0..<1_000 {
            let isThere = state.withLock {
                $0.alerted.contains(rider) && $0.latest[rider] != nil
            }
            if isThere { return }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    func fill(_ report: DispatchReport, taken: Int) -> DispatchReport {
        state.withLock { state in
            var filled = state.report
            filled.taken = taken
            filled.tracked = report.tracked
            filled.jumperIsShown = report.jumperIsShown
            return filled
        }
    }
}
