import TachoEngine

/// A figure that Prometheus reads: its name, what it is, and where it comes from. To add one is to add
/// a line to one of the lists of `Metric.all`, and its row to docs/operating.md.
///
/// Names are Prometheus's: base units (seconds, bytes), `_total` for what only grows.
package struct Metric: Sendable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package struct Sample: Sendable {
        var labels: [(name: String, value: String)]
        var value: Value
    }

    enum Value: Sendable {
        case integer(Int64)
        case real(Double)
        case latency(LatencyFigures)
    }

    package let name: String
    package let kind: Kind
    package let help: String
    /// The figure of `tacho stats --json` that it is; nil: it is another.
    package let stat: String?
    /// None: it is not known, or not there (no TLS), and the figure is left out.
    let samples: @Sendable (MetricSources) -> [Sample]

    private init(
        _ name: String, _ kind: Kind, _ help: String, stat: String? = nil,
        _ samples: @escaping @Sendable (MetricSources) -> [Sample]
    ) {
        self.stat = stat
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    // MARK: Of one number

    static func counter(
        _ name: String, _ help: String, _ read: @escaping @Sendable (MetricSources) -> Int?
    ) -> Metric {
        Metric(name, .counter, help) { Self.one(read($0).map { .integer(Int64($0)) }) }
    }

    static func gauge(
        _ name: String, _ help: String, _ read: @escaping @Sendable (MetricSources) -> Int?
    ) -> Metric {
        Metric(name, .gauge, help) { Self.one(read($0).map { .integer(Int64($0)) }) }
    }

    static func real(
        _ name: String, _ help: String, _ read: @escaping @Sendable (MetricSources) -> Double?
    ) -> Metric { real(name, .gauge, help, read) }

    static func real(
        _ name: String, _ kind: Kind, _ help: String,
        _ read: @escaping @Sendable (MetricSources) -> Double?
    ) -> Metric {
        Metric(name, kind, help) { Self.one(read($0).map { .real($0) }) }
    }

    /// A figure of `tacho stats --json`, by its name there.
    static func stat(_ name: String, _ kind: Kind = .gauge, of key: String, _ help: String)
        -> Metric
    {
        Metric(name, kind, help, stat: key) { Self.one($0.stat(key)) }
    }

    static func latency(
        _ name: String, _ help: String,
        _ read: @escaping @Sendable (MetricSources) -> LatencyFigures
    ) -> Metric {
        Metric(name, .histogram, help) { Self.one(.latency(read($0))) }
    }

    // MARK: Of several

    /// One number for each value of a label.
    static func labelled(
        _ name: String, _ kind: Kind = .gauge, by label: String, _ help: String,
        _ read: @escaping @Sendable (MetricSources) -> [(String, Int)]
    ) -> Metric {
        Metric(name, kind, help) { sources in
            read(sources).map { Sample(labels: [(label, $0)], value: .integer(Int64($1))) }
        }
    }

    /// The same of numbers with fractions.
    static func reals(
        _ name: String, by label: String, _ help: String,
        _ read: @escaping @Sendable (MetricSources) -> [(String, Double)]
    ) -> Metric {
        Metric(name, .gauge, help) { sources in
            read(sources).map { Sample(labels: [(label, $0)], value: .real($1)) }
        }
    }

    typealias Labelled = [(labels: [(String, String)], value: Int)]

    static func samples(
        _ name: String, _ help: String, _ read: @escaping @Sendable (MetricSources) -> Labelled
    ) -> Metric { samples(name, .gauge, help, read) }

    static func samples(
        _ name: String, _ kind: Kind, _ help: String,
        _ read: @escaping @Sendable (MetricSources) -> Labelled
    ) -> Metric {
        Metric(name, kind, help) { sources in
            read(sources).map { labels, value in
                Sample(
                    labels: labels.map { (name: $0, value: $1) },
                    value: .integer(Int64(value)))
            }
        }
    }

    private static func one(_ value: Value?) -> [Sample] {
        value.map { [Sample(labels: [], value: $0)] } ?? []
    }
}
