import ArgumentParser
import BenchmarkSuite
import Foundation

@main
struct Benchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Benchmarks",
        abstract: "Measures Tacho, and its peers in the same run.",
        discussion: """
            Timings on shared machines swing by half: compare figures of one run, not of two days.

            EXAMPLES
              Benchmarks                          the short ones
              Benchmarks ingest naive --json
              Benchmarks ingest --late 30 --riders 150000
              Benchmarks ingest_riders ingest_late ingest_batch --json
              Benchmarks h3                       15 million positions beside the h3 package
              Benchmarks peers --points 1000000 --rounds 5
            """,
        subcommands: [Measure.self, Peers.self], defaultSubcommand: Measure.self)
}

struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures Tacho and its naive peer (the default).")

    @Argument(help: "Which ones; the short ones if none is named.") var names: [String] = []
    @Flag(help: "One JSON object a line.") var json = false
    @Flag(help: "Only list them.") var list = false
    @Flag(help: "Those that take minutes, too.") var all = false
    @Option(help: "Points a round.") var points = 15_000_000
    @Option(help: "Riders in the fleet.") var riders = 15_000
    @Option(help: "Rounds; the median counts.") var rounds = 5
    @Option(help: "Points a batch.") var batch = 1000
    @Option(help: "Percent of the points that come late, a minute to three days.") var late = 0
    @Option(help: "Judging threads; as many as the engine takes by itself if not given.")
    var workers: Int?
    @Flag(inversion: .prefixedNo, help: "Rules about motion, in benchmarks of ingest.")
    var motionRules = true
    @Option(help: "Compare tracks with those of so many days; 0: with none.")
    var replayDays = 7
    @Option(help: "Where data directories are made.") var directory = NSTemporaryDirectory()
    @Option(help: "Where `who` leaves its data for the next run of the same size.")
    var keep: String?

    func validate() throws {
        for name in names where !Benchmark.all.contains(where: { $0.name == name }) {
            throw ValidationError("there is no benchmark \(name); see --list")
        }
        guard points >= 1000, riders >= 1, rounds >= 1 else {
            throw ValidationError("at least 1000 points, 1 rider and 1 round")
        }
        guard (0...365).contains(replayDays) else {
            throw ValidationError("--replay-days is 0 to 365")
        }
        guard workers ?? 1 >= 1 else { throw ValidationError("at least 1 judging thread") }
        guard (1...200_000).contains(batch), (0...100).contains(late) else {
            throw ValidationError("a batch has 1 to 200000 points, --late is 0 to 100")
        }
    }

    func run() throws {
        if list {
            for benchmark in Benchmark.all {
                print("\(benchmark.name): \(benchmark.about)\(benchmark.isSweep ? " (long)" : "")")
            }
            return
        }
        var scale = Scale(points: points, riders: riders, rounds: rounds, directory: directory)
        scale.kept = keep
        scale.batch = batch
        scale.latePercent = late
        scale.workers = workers
        scale.judgesMotion = motionRules
        scale.replayDays = replayDays
        for benchmark in Benchmark.all {
            // Calibration always: no figure means anything without it.
            let isChosen =
                names.isEmpty ? all || !benchmark.isSweep : names.contains(benchmark.name)
            guard isChosen || benchmark.name == "calibration" else { continue }
            for figure in try benchmark.run(scale) {
                print(json ? figure.json : figure.line)
                fflush(nil)
            }
        }
    }
}

struct Peers: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures Tacho and all its peers with the same points.",
        discussion: """
            Redis 7, PostgreSQL 15 with PostGIS, DuckDB and Parquet, and the naive RocksDB layout:
            tools/setup-peers installs them. Servers are started in temporary directories and
            stopped at the end. About three minutes a round at a million points.

            EXIT STATUS
              0  measured, and naive reached 30,000 points/s
              1  void, or a peer is missing
            """)

    @Option(help: "Points for each peer; Tacho gets 15 times as many.") var points = 1_000_000
    @Option(help: "Riders in the fleet.") var riders = 15_000
    @Option(help: "Rounds; the median counts.") var rounds = 5
    @Flag(help: "One JSON object a line.") var json = false
    @Option(help: "Where data directories are made.") var directory = NSTemporaryDirectory()

    func validate() throws {
        guard points >= 1000, riders >= 1, rounds >= 1 else {
            throw ValidationError("at least 1000 points, 1 rider and 1 round")
        }
    }

    func run() throws {
        var run = PeersRun(points: points, riders: riders, rounds: rounds, directory: directory) {
            print(json ? $0.json : $0.text)
            fflush(nil)
        }
        if try !run.run() { throw ExitCode.failure }
    }
}
