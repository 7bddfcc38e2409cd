import ArgumentParser
import TachoGeo
import TachoTools

struct RiskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "risk",
        abstract: "Print which riders' alerts ask for a look most, with the codes that say so.",
        discussion: """
            The score is 1 - (1 - w d)(1 - w d)... over a rider's alerts of the last 6 hours that \
            nobody took back: w is 0.9 for crit, 0.4 for warn, 0.15 for info, d falls from 1 to 0.4 \
            in 30 minutes. Two different warnings within 10 minutes are marked as a case. It is for \
            people to sort by: nothing is done to a rider because of it.

            Without names, riders below --min (0.01) are left out; named ones are all printed.

            Examples:
              tacho risk --data ./fleet
              tacho risk --server 127.0.0.1:7227 --min 0.5 --limit 20 --json
              tacho risk --data ./fleet t1 t2 --at 2026-01-02T12:00:00Z

            Exit code 1 if a named rider is not known; the others are printed.
            """)

    @OptionGroup var target: TargetOptions

    @Argument(help: ArgumentHelp("Riders; none: all that have alerts.", valueName: "rider"))
    var riders: [String] = []

    @Option(help: ArgumentHelp("The least risk to print, 0 to 1.", valueName: "r"))
    var min: String?

    @Option(help: ArgumentHelp("At most so many riders, 1 to 1000.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("As it was at that time.", valueName: "t"), transform: instant)
    var at: Int64?

    @Flag(help: "One JSON object per rider.")
    var json = false

    func validate() throws { _ = try order() }

    private func order() throws -> RiskOrder {
        var order = RiskOrder()
        order.riders = riders.map { Array($0.utf8) }
        if let min {
            let value = Array(min.utf8).withUnsafeBytes { Decimal.scaled($0, scale: 6) }
            guard case .success(let millionths) = value, (0...1_000_000).contains(millionths)
            else { throw ValidationError("--min \(min): a number from 0 to 1 expected") }
            order.minE6 = Int32(millionths)
        }
        if let limit {
            guard (1...RiskOrder.maxRiders).contains(limit) else {
                throw ValidationError("--limit must be 1 to \(RiskOrder.maxRiders)")
            }
            order.limit = limit
        }
        guard riders.count <= RiskOrder.maxRiders else {
            throw ValidationError("at most \(RiskOrder.maxRiders) riders can be named")
        }
        if let at {
            guard at > -Fix.timeLimitMs, at < Fix.timeLimitMs else {
                throw ValidationError("--at \(at) is out of range")
            }
            order.atMs = at
        }
        return order
    }

    func run() throws {
        let order = try order()
        try target.withTarget {
            try Reports.risk(order, from: $0, json: json, to: Output.standard())
        }
    }
}
