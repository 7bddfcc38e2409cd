import ArgumentParser
import TachoClient
import TachoFleet
import TachoGeo
import TachoProgram
import TachoWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct FleetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tacho-fleet",
        abstract: "A simulated fleet that sends fixes to a tachod and measures the answers.",
        discussion: """
            Couriers move on smooth paths, 3 s between two fixes of one (more if the rate is below \
            riders / 3 s), with a position error of 4 m. Equal --seed, --start, --riders and \
            --rate give equal fixes. Simulated time ends at the present; when the rate is higher \
            than real riders would have, it starts as far back as needed (rate 0: one year). A \
            second run with the same --seed rides the same ways again: a server whose rules across \
            riders are on (the default) finds that as a replay, and quarantines it.

            Prints {"sent","acknowledged","duplicate","p50_ms","p99_ms"} and refused, unanswered, \
            flagged, seconds, points_per_second, per_second. Latency runs from sending a request \
            to its answer and is counted per fix.

            The ledger tells what must be found again after a crash of the server:
              S <rider> <ts> <lat> <lon> <speed> <heading> <acc>  sent; fixes are numbered 0, 1, 2 …
              A <first> <count> <mask>…  acknowledged: fix <first> and following, a mask for each
              R <first> <count>  refused for overload, not stored; sent again under new numbers
              U <first> <count>  unanswered, the connection died; may or may not be stored
              Q <first> <count>  in the spool (--spool): arrives, whatever becomes of this program
            S is written before the fix leaves, the others before anything else happens with the \
            answer. A fix without A, R, U or Q was on its way when this program ended.

            --client library sends by TachoClient, the library for services: packed batches whose \
            size it chooses, connecting and sending again by itself; --batch is then how many fixes \
            are handed to it at a time. With --spool they are on this machine's disk before they \
            count as accepted; the next run with the same directory delivers what is left in it.

            Examples:
              tacho-fleet --riders 300 --rate 100 --seconds 60 --server 127.0.0.1:7227
              tacho-fleet --riders 1000 --rate 0 --seconds 10 --server 127.0.0.1:7227 \
            --ledger run.ledger --json
              tacho-fleet --riders 1000 --rate 0 --seconds 10 --server 127.0.0.1:7227 \
            --packed --batch 1000
              tacho-fleet --riders 1000 --rate 5000 --seconds 60 --server 127.0.0.1:7227 \
            --client library --spool ./spool

            Exit codes: 0 done, 64 usage, 69 server not reachable or connection lost, 73 the \
            ledger cannot be created, 74 it cannot be written, 130 stopped by Ctrl-C.
            """,
        version: Program.version)

    @Option(help: "Couriers.")
    var riders: Int

    @Option(help: "Fixes per second of the whole fleet; 0 = as fast as possible.")
    var rate: Double

    @Option(help: "How long.")
    var seconds: Double

    @Option(help: ArgumentHelp("A running tachod.", valueName: "host:port"))
    var server: String

    @OptionGroup var login: LoginOptions

    @Option(help: "Seed of all randomness.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Time of the first fix, Unix ms.", valueName: "ms"))
    var start: Int64?

    @Option(help: "Fixes in one T.MADDX or T.PUT (default: what 2 ms bring, 500 at rate 0).")
    var batch: Int?

    @Flag(help: "Send each fix as a T.ADD of its own.")
    var single = false

    @Flag(help: "Send T.PUT, packed batches, instead of T.MADDX.")
    var packed = false

    @Option(help: "What sends: raw, a bare connection, or library, TachoClient as services use it.")
    var client = ClientChoice.raw

    @Option(
        help: ArgumentHelp("With --client library: keep fixes here first.", valueName: "dir"))
    var spool: String?

    @Option(help: "With --spool: bytes that it may take.")
    var spoolBytes: Int64 = 1 << 30

    @Flag(help: "With --spool: after an outage send the newest first.")
    var newestFirst = false

    @Option(
        help: ArgumentHelp(
            "With --client library: how long the end waits for the server.", valueName: "seconds"))
    var grace = 60

    @Option(
        help: ArgumentHelp(
            "With --client library, for proofs: do it wrong, forget-in-flight or skip-spool-sync.",
            visibility: .hidden))
    var clientFault: ClientFault?

    enum ClientChoice: String, ExpressibleByArgument, CaseIterable { case raw, library }

    enum ClientFault: String, ExpressibleByArgument, CaseIterable {
        case forgetInFlight = "forget-in-flight"
        case skipSpoolSync = "skip-spool-sync"
    }

    @Option(help: "Requests on their way at a time.")
    var window = Connection.defaultWindow

    @Option(help: "Share of fixes reported 5 to 10 km off the path, 0 to 1.")
    var impossible = 0.0

    @Option(help: "What riders' names begin with.")
    var prefix = "courier-"

    @Option(help: ArgumentHelp("Write the ledger here.", valueName: "file"))
    var ledger: String?

    @Flag(help: "When the connection dies, connect again and send again what was not answered.")
    var reconnect = false

    @Flag(help: "Print the result as one JSON line.")
    var json = false

    /// A T.MADDX has at most 65,536 arguments, 8 for each fix.
    private static let maxBatch = 8_000
    private static let maxRiders = 10_000_000
    private static let yearMs: Int64 = 365 * 86_400_000

    func validate() throws {
        guard (1...Self.maxRiders).contains(riders) else {
            throw ValidationError("--riders must be 1 to \(Self.maxRiders)")
        }
        guard (0...1e8).contains(rate) else { throw ValidationError("--rate must be 0 or more") }
        guard seconds > 0, seconds <= 1e7 else {
            throw ValidationError("--seconds must be above 0")
        }
        guard (0...1).contains(impossible) else {
            throw ValidationError("--impossible must be 0 to 1")
        }
        guard batch.map({ (1...Self.maxBatch).contains($0) }) ?? true else {
            throw ValidationError("--batch must be 1 to \(Self.maxBatch)")
        }
        guard (1...100_000).contains(window) else {
            throw ValidationError("--window must be 1 to 100000")
        }
        guard ServerAddress(server) != nil else {
            throw ValidationError("--server needs HOST:PORT, as in 127.0.0.1:7227")
        }
        guard start.map({ abs($0) < Fix.timeLimitMs / 2 }) ?? true else {
            throw ValidationError("--start is out of range, Unix ms expected")
        }
        let name = Array((prefix + "00000000").utf8)
        guard name.withUnsafeBytes({ RiderName.defect($0) }) == nil, !prefix.contains(" ")
        else { throw ValidationError("--prefix must be short text without spaces") }
        guard !(single && packed) else {
            throw ValidationError("--single and --packed are two ways: choose one")
        }
        guard client == .library || (spool == nil && clientFault == nil && !newestFirst) else {
            throw ValidationError("--spool needs --client library")
        }
        guard spoolBytes >= 8 << 20 else {
            throw ValidationError("--spool-bytes must be 8388608 or more")
        }
        guard (0...86_400).contains(grace) else {
            throw ValidationError("--grace must be 0 to 86400")
        }
        let row = PackedBatch.rowBytes + 1 + name.count
        guard !packed || PackedBatch.headerBytes + (batch ?? 500) * row <= WireLimits.maxPackedBytes
        else { throw ValidationError("--batch is too large for one T.PUT of 1 MiB") }
    }

    func run() throws {
        guard let address = ServerAddress(server) else { throw ValidationError("--server") }
        Interrupt.catchSignals()
        let ledgerFile = try ledger.map { path throws(ToolFailure) in try LedgerFile(path: path) }
        let nowMs = wallClockMs()
        let plan = FleetPlan(
            riders: riders, seed: seed, riderPrefix: prefix,
            startMs: start ?? defaultStart(nowMs), intervalMs: intervalMs,
            impossibleShare: impossible)
        var options = FleetOptions(
            plan: plan, address: address, rate: rate, seconds: seconds,
            batch: batch ?? (rate > 0 ? max(1, min(500, Int(rate / 500))) : 500))
        options.form = single ? .single : packed ? .packed : .extended
        options.window = window
        options.ledger = ledgerFile
        options.reconnects = reconnect
        options.access = try login.access()
        options.library = library
        // At rate 0 nothing else keeps simulated time from running into the future.
        if rate == 0 && start == nil { options.endMs = nowMs }
        let report = FleetRun(options, shouldStop: { Interrupt.isRequested }).run()
        print(json ? FleetText.json(report) : FleetText.text(report))
        if let failure = report.failure { throw failure }
        if Interrupt.isRequested { throw ExitCode(ExitStatus.interrupted) }
    }

    private var library: FleetLibraryOptions? {
        guard client == .library else { return nil }
        var library = FleetLibraryOptions()
        library.graceMs = grace * 1_000
        library.awaits = single
        library.forgets = clientFault == .forgetInFlight
        library.spool = spool.map { directory in
            var spool = SpoolConfiguration(directory: directory)
            spool.maxBytes = spoolBytes
            spool.order = newestFirst ? .newestFirst : .oldestFirst
            spool.syncs = clientFault != .skipSpoolSync
            return spool
        }
        return library
    }

    /// Time between two fixes of a rider: 3 s, or longer if the rate asks for fewer.
    private var intervalMs: Int64 {
        guard rate > 0 else { return 3_000 }
        return max(3_000, Int64((Double(riders) / rate * 1_000).rounded()))
    }

    /// So that simulated time, which may run faster than the clock, ends at the present.
    private func defaultStart(_ nowMs: Int64) -> Int64 {
        guard rate > 0 else { return nowMs - Self.yearMs }
        let simulatedMs = rate * seconds / Double(riders) * Double(intervalMs)
        return nowMs - max(0, Int64(simulatedMs - seconds * 1_000))
    }

    private func wallClockMs() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }
}
