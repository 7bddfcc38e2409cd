import ArgumentParser
import BenchmarkSuite
import Foundation

@main
struct Benchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Benchmarks",
        abstract: "Measures Tacho and its naive peer in one run.",
        discussion: """
            Timings on shared machines swing by half: compare figures of one run, not of two days.

            EXAMPLES
              swift run -c release Benchmarks
              swift run -c release Benchmarks ingest naive --json
            """)

    @Argument(help: "Which ones; all if none is named.") var names: [String] = []
    @Flag(help: "One JSON object a line.") var json = false
    @Flag(help: "Only list them.") var list = false
    @Option(help: "Points a round.") var points = 2_000_000
    @Option(help: "Riders in the fleet.") var riders = 15_000
    @Option(help: "Rounds; the median counts.") var rounds = 5
    @Option(help: "Where data directories are made.") var directory = NSTemporaryDirectory()

    func validate() throws {
        for name in names where !Benchmark.all.contains(where: { $0.name == name }) {
            throw ValidationError("there is no benchmark \(name); see --list")
        }
        guard points >= 1000, riders >= 1, rounds >= 1 else {
            throw ValidationError("at least 1000 points, 1 rider and 1 round")
        }
    }

    func run() throws {
        if list {
            for benchmark in Benchmark.all { print("\(benchmark.name): \(benchmark.about)") }
            return
        }
        let scale = Scale(points: points, riders: riders, rounds: rounds, directory: directory)
        for benchmark in Benchmark.all {
            // Calibration always: no figure means anything without it.
            let isChosen = names.isEmpty || names.contains(benchmark.name)
            guard isChosen || benchmark.name == "calibration" else { continue }
            for figure in try benchmark.run(scale) { print(json ? figure.json : figure.line) }
        }
    }
}
