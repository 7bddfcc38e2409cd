import TachoEngine

/// Prometheus's text format, version 0.0.4.
package enum MetricText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    static func page(_ metrics: [Metric], _ sources: MetricSources) -> String {
        var page = ""
        for metric in metrics {
            let samples = metric.samples(sources)
            if samples.isEmpty { continue }
            page += "# HELP \(metric.name) \(escaped(metric.help, quotes: false))\n"
            page += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for sample in samples { append(sample, of: metric.name, to: &page) }
        }
        return page
    }

    private static func append(_ sample: Metric.Sample, of name: String, to page: inout String) {
        switch sample.value {
        case .integer(let value): line(name, sample.labels, "\(value)", to: &page)
        case .real(let value): line(name, sample.labels, text(value), to: &page)
        case .latency(let figures):
            for (bound, count) in zip(LatencyFigures.boundsSeconds, figures.cumulative) {
                line(
                    name + "_bucket", sample.labels + [(name: "le", value: text(bound))],
                    "\(count)", to: &page)
            }
            line(
                name + "_bucket", sample.labels + [(name: "le", value: "+Inf")], "\(figures.count)",
                to: &page)
            line(name + "_sum", sample.labels, text(figures.sumSeconds), to: &page)
            line(name + "_count", sample.labels, "\(figures.count)", to: &page)
        }
    }

    private static func line(
        _ name: String, _ labels: [(name: String, value: String)], _ value: String,
        to page: inout String
    ) {
        page += name
        if !labels.isEmpty {
            let list = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
            page += "{" + list.joined(separator: ",") + "}"
        }
        page += " \(value)\n"
    }

    /// Shortest text that reads back as the same number; whole ones without a fraction.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }

    static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
