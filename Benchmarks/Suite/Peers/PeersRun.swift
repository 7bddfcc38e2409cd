/// All peers and Tacho in one run: rounds in turn, so that the machine's moods meet all of them,
/// then medians, then what they say against the floors.
package struct PeersRun {
    private let work: PeerWork
    private let scale: Scale
    private let emit: (PeersLine) -> Void
    private var values: [String: [Measurement]] = [:]
    private var order: [String] = []
    private var settings: [String] = []

    /// The one place that says which benchmarks of Tacho are measured beside the peers. Names that
    /// `Benchmark.all` does not have are left out: their goals then read "not measured".
    static let ours = [
        "calibration", "ingest", "tcp_packed", "tcp_latest", "latest", "decode", "fleet_scan",
        "audit_export",
    ]
    /// Tacho gets so many times the points of its peers: at their number no tail would be full and
    /// no chunk written. The peers lose nothing by it: each of them is fastest while it is small.
    static let ourFactor = 15

    package init(
        points: Int, riders: Int, rounds: Int, directory: String,
        emit: @escaping (PeersLine) -> Void
    ) {
        work = PeerWork(points: points, riders: riders, directory: directory)
        scale = Scale(points: points, riders: riders, rounds: rounds, directory: directory)
        self.emit = emit
    }

    /// False: the run is void, or a peer was missing.
    package mutating func run() throws -> Bool {
        let missing = Peer.all.compactMap { peer in peer.missing().map { (peer.name, $0) } }
        for (name, what) in missing {
            emit(.note("\(name) is not measured: \(what) is missing; run tools/setup-peers"))
        }
        let peers = Peer.all.filter { $0.missing() == nil }
        for round in 1...scale.rounds {
            try measureOurs(round)
            for peer in peers {
                let result = try peer.run(work)
                if round == 1 { settings += result.settings }
                for figure in result.figures { take(figure, round) }
            }
        }
        for setting in settings { emit(.setting(setting)) }
        let medians = order.map { name in median(values[name]!) }
        for figure in medians { emit(.median(figure)) }
        return try judge(medians) && missing.isEmpty
    }

    private mutating func measureOurs(_ round: Int) throws {
        var one = scale
        one.rounds = 1
        one.points = scale.points * Self.ourFactor
        for benchmark in Benchmark.all where Self.ours.contains(benchmark.name) {
            for figure in try benchmark.run(one) { take(figure, round) }
        }
    }

    private mutating func take(_ figure: Measurement, _ round: Int) {
        if values[figure.name] == nil { order.append(figure.name) }
        values[figure.name, default: []].append(figure)
        emit(.round(round, figure))
    }

    private func median(_ figures: [Measurement]) -> Measurement {
        var one = figures[0]
        one.value = Timing.median(figures.map(\.value))
        return one
    }

    /// False: naive was too slow for the run to say anything.
    private func judge(_ medians: [Measurement]) throws -> Bool {
        let figures = Dictionary(uniqueKeysWithValues: medians.map { ($0.name, $0.value) })
        guard let naive = figures["naive"] else { throw PeerError("naive was not measured") }
        let factor = MachineScale.factor(naive: naive)
        emit(.scale(naive: naive, factor: factor))
        for goal in Goal.all {
            guard let ours = figures[goal.ours] else {
                emit(.verdict(goal, value: nil, scaled: nil))
                continue
            }
            if let theirs = goal.theirs {
                let ratio = figures[theirs].map { ours / $0 }
                emit(.verdict(goal, value: ratio, scaled: nil))
            } else {
                let scaled = goal.isScaled ? factor.map { ours * $0 } : nil
                emit(.verdict(goal, value: ours, scaled: scaled))
            }
        }
        if naive >= MachineScale.leastNaive { return true }
        emit(.void(naive))
        return false
    }
}

/// What a run of the peers says, line by line, for people or as JSON.
package enum PeersLine {
    case note(String)
    case round(Int, Measurement)
    case setting(String)
    case median(Measurement)
    case scale(naive: Double, factor: Double?)
    case verdict(Goal, value: Double?, scaled: Double?)
    case void(Double)

    package var text: String {
        switch self {
        case .note(let words): return words
        case .round(let round, let figure): return "round \(round)  \(figure.line)"
        case .setting(let words): return "setting  \(words)"
        case .median(let figure): return "median   \(figure.line)"
        case .scale(let naive, let factor):
            let rule = factor.map { "absolute figures × \(Measurement.text($0))" }
            return "scale    39,000 / naive \(Int(naive)): \(rule ?? "too far apart, not scaled")"
        case .verdict(let goal, let value, let scaled):
            let name = Measurement.padded(goal.job, to: 34)
            guard let value else { return "judged   \(name) not measured" }
            let shown = Measurement.text(value)
            let rescaled = scaled.map { ", scaled \(Measurement.text($0))" } ?? ""
            var limits = ""
            if let floor = goal.floor, let aim = goal.goal {
                limits = "  (floor \(Measurement.text(floor)), goal \(Measurement.text(aim)))"
            }
            return "judged   \(name) \(shown)\(rescaled)\(limits): "
                + goal.verdict(scaled ?? value)
        case .void(let naive):
            return "void: naive reached \(Int(naive)) points/s, "
                + "below \(Int(MachineScale.leastNaive))"
        }
    }

    package var json: String {
        switch self {
        case .note(let words): return "{\"note\":\"\(words)\"}"
        case .round(let round, let figure): return figure.json(with: "\"round\":\(round)")
        case .setting(let words): return "{\"setting\":\"\(words)\"}"
        case .median(let figure): return figure.json(with: "\"median\":true")
        case .scale(let naive, let factor):
            return "{\"naive\":\(Measurement.text(naive)),"
                + "\"factor\":\(factor.map { Measurement.text($0) } ?? "null")}"
        case .verdict(let goal, let value, let scaled):
            let judged = value.map { goal.verdict(scaled ?? $0) } ?? "not measured"
            return "{\"job\":\"\(goal.job)\",\"ours\":\"\(goal.ours)\","
                + "\"theirs\":\(goal.theirs.map { "\"\($0)\"" } ?? "null"),"
                + "\"value\":\(value.map { Measurement.text($0) } ?? "null"),"
                + "\"scaled\":\(scaled.map { Measurement.text($0) } ?? "null"),"
                + "\"floor\":\(goal.floor.map { Measurement.text($0) } ?? "null"),"
                + "\"goal\":\(goal.goal.map { Measurement.text($0) } ?? "null"),\"judged\":\"\(judged)\"}"
        case .void(let naive): return "{\"void\":\(Measurement.text(naive))}"
        }
    }
}
