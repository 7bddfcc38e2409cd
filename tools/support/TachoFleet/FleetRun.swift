package import TachoClient

/// How a fleet is sent.
package struct FleetOptions: Sendable {
    package var plan: FleetPlan
    package var address: ServerAddress
    /// Fixes per second of the whole fleet; 0: as fast as the server answers.
    package var rate: Double
    package var seconds: Double
    /// Fixes in one request.
    package var batch: Int
    package var form: FleetForm
    /// Requests on their way at a time.
    package var window: Int
    package var ledger: LedgerFile?
    /// nil: nobody logs in.
    package var access = ServerAccess()
    /// After a lost connection: connect again and send again what was not answered.
    package var reconnects: Bool
    /// No fix later than this is made; ends the run when it is reached.
    package var endMs: Int64?
    /// Fixes go by the library that services use, which connects again and sends again by itself.
    /// nil: by a connection of its own, as raw as it gets.
    package var library: FleetLibraryOptions?

    package init(
        plan: FleetPlan, address: ServerAddress, rate: Double, seconds: Double, batch: Int
    ) {
        precondition(batch > 0 && rate >= 0 && seconds > 0)
        self.plan = plan
        self.address = address
        self.rate = rate
        self.seconds = seconds
        self.batch = batch
        form = .extended
        window = Connection.defaultWindow
        reconnects = false
    }
}

/// Sends a fleet at its rate, keeps the ledger, and ends by itself.
///
/// Requests are pipelined. When one is refused for overload, or the connection dies, nothing new
/// leaves until all answers are in; then what was not stored is sent again, one request at a time.
/// A refused request thus arrives after those that were on their way behind it: the order of
/// delivery is that of the ledger's S lines without those that have an R.
package final class FleetRun {
    private let options: FleetOptions
    private let shouldStop: () -> Bool
    private let tally: FleetTally
    private let startNs: UInt64
    private var fleet: Fleet
    private var connection: Connection?
    private var library: FleetLibrary?
    private var newest: PendingReply?
    /// Number of the next S line.
    private var nextIndex = 0
    /// Fixes made, without those sent again.
    private var made = 0
    /// Whose the lines are that were made last.
    private var lineRiders: [Int] = []

    private static let reconnectPatienceNs: UInt64 = 60_000_000_000
    private static let reconnectPauseNs: UInt64 = 200_000_000

    package init(_ options: FleetOptions, shouldStop: @escaping () -> Bool) {
        self.options = options
        self.shouldStop = shouldStop
        startNs = MonotonicClock.nowNs()
        tally = FleetTally(ledger: options.ledger, startNs: startNs)
        fleet = Fleet(options.plan)
    }

    /// Waits until the run is over. What was achieved until a failure is in the report.
    package func run() -> FleetReport {
        var failure: ToolFailure?
        do throws(ToolFailure) {
            if let choice = options.library {
                library = try FleetLibrary(options, choice, tally, names: fleet.riderNames)
            } else {
                connection = try connect()
            }
            try sendAll()
        } catch {
            failure = error
        }
        drain()
        connection?.close()
        let leftInSpool = library?.finish()
        var report = tally.report
        report.leftInSpool = leftInSpool
        report.failure = failure ?? tally.fatal
        if report.failure == nil && tally.isLost {
            report.failure = ClientError.lost(options.address).failure
        }
        report.seconds = Double(MonotonicClock.nowNs() - startNs) / 1e9
        return report
    }

    /// How many fixes have been acknowledged, for a display while the run goes on.
    package var progress: FleetReport { tally.report }

    private func sendAll() throws(ToolFailure) {
        // At a rate the plan ends the run; time only ends one that lags behind its plan.
        let graceS = options.rate > 0 ? 1.0 : 0
        let endNs = startNs + UInt64((options.seconds + graceS) * 1e9)
        let planned = options.rate > 0 ? Int((options.rate * options.seconds).rounded()) : Int.max
        while made < planned && !shouldStop() {
            if let fatal = tally.fatal { throw fatal }
            if tally.hasUnsettled { try recover() }
            if MonotonicClock.nowNs() >= endNs { break }
            if fleet.nextTsMs > endMs { break }
            let count = min(options.form == .single ? 1 : options.batch, planned - made)
            if options.rate > 0 {
                let dueNs = startNs + UInt64(Double(made + count) / options.rate * 1e9)
                if MonotonicClock.nowNs() < dueNs {
                    MonotonicClock.sleep(untilNs: dueNs)
                    continue
                }
            }
            let lines = makeLines(count)
            made += lines.count
            if let library {
                try library.send(FleetRequest(first: nextIndex, lines: lines), riders: lineRiders)
                nextIndex += lines.count
            } else {
                newest = try send(lines)
            }
        }
        drain()
        while tally.hasUnsettled && tally.fatal == nil && !shouldStop() { try recover() }
    }

    /// The next `count` fixes, fewer where the plan ends; at least one.
    private func makeLines(_ count: Int) -> [FixLine] {
        var lines: [FixLine] = []
        lines.reserveCapacity(count)
        lineRiders.removeAll(keepingCapacity: true)
        repeat {
            let (rider, fix) = fleet.next()
            lineRiders.append(rider)
            lines.append(FixLine(rider: fleet.riderNames[rider], fix: fix))
        } while lines.count < count && fleet.nextTsMs <= endMs
        return lines
    }

    private var endMs: Int64 { options.endMs ?? Int64.max }

    private func send(_ lines: [FixLine]) throws(ToolFailure) -> PendingReply {
        guard let connection else { throw ClientError.lost(options.address).failure }
        var request = FleetRequest(first: nextIndex, lines: lines)
        try tally.send(request)
        nextIndex += lines.count
        request.sentNs = MonotonicClock.nowNs()
        let pending = connection.send { request.encode(options.form, into: &$0) }
        let (tally, sent) = (tally, request)
        pending.whenComplete { tally.complete(sent, $0) }
        return pending
    }

    /// Waits for all answers. A connection answers in order, so the newest request is the last.
    private func drain() {
        // Its outcome is in the tally.
        _ = try? newest?.wait()
        newest = nil
    }

    /// Sends again what was refused or not answered, before anything new.
    private func recover() throws(ToolFailure) {
        drain()
        var (requests, pauseMs, isLost) = tally.takeUnsettled()
        while let request = requests.first {
            if let fatal = tally.fatal { throw fatal }
            if isLost {
                guard options.reconnects else {
                    throw ClientError.lost(options.address).failure
                }
                connection = try reconnect()
                isLost = false
            }
            pause(ms: pauseMs)
            if shouldStop() { return }
            newest = try send(request.lines)
            drain()
            let again = tally.takeUnsettled()
            if again.requests.isEmpty { requests.removeFirst() }
            (pauseMs, isLost) = (again.pauseMs, again.isLost)
        }
    }

    private func pause(ms: Int) {
        let untilNs = MonotonicClock.nowNs() + UInt64(min(max(ms, 0), 60_000)) * 1_000_000
        while MonotonicClock.nowNs() < untilNs && !shouldStop() {
            MonotonicClock.sleep(untilNs: untilNs)
        }
    }

    private func connect() throws(ToolFailure) -> Connection {
        do {
            return try Connection.open(
                options.address, window: options.window, access: options.access)
        } catch {
            throw error.failure
        }
    }

    private func reconnect() throws(ToolFailure) -> Connection {
        connection?.close()
        let untilNs = MonotonicClock.nowNs() + Self.reconnectPatienceNs
        while true {
            do {
                return try connect()
            } catch {
                let nowNs = MonotonicClock.nowNs()
                guard nowNs < untilNs, !shouldStop() else { throw error }
                pause(ms: Int(Self.reconnectPauseNs / 1_000_000))
            }
        }
    }
}
