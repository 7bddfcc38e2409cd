import FormatSpec
import Foundation
import TachoEngine
import TachoWire
import Testing

@testable import TachoServer

struct MetricTests {
    private static let names = Metric.all.map(\.name)

    @Test func `names and helps follow Prometheus's conventions`() {
        #expect(Set(Self.names).count == Self.names.count)
        for metric in Metric.all {
            let name = metric.name
            #expect(name.hasPrefix("tacho_") || name.hasPrefix("process_"), "\(name)")
            #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }, "\(name)")
            #expect((metric.kind == .counter) == name.hasSuffix("_total"), "\(name)")
            #expect(metric.help.hasSuffix(".") && metric.help.count > 10, "\(name)")
            for unit in ["_ms", "_us", "_minutes", "_hours", "_kb", "_mb", "_percent"] {
                #expect(!name.hasSuffix(unit), "\(name)")
            }
            if metric.kind == .histogram { #expect(name.hasSuffix("_seconds"), "\(name)") }
        }
    }

    /// Rows of a table of a page, by the first column, and the rest of each.
    private static func rows(of page: String, under heading: String) throws -> [[String]] {
        let path = SpecPage.repository.appending(path: page)
        let lines = try String(contentsOf: path, encoding: .utf8).components(separatedBy: "\n")
        let start = try #require(lines.firstIndex { $0 == heading })
        return lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }
            .filter { $0.hasPrefix("| `") }
            .map { line in
                line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            }
    }

    @Test func `docs/operating.md lists what is printed: all of it, as it is, in order`() throws {
        let rows = try Self.rows(of: "docs/operating.md", under: "## Figures")
        let shown = rows.map { "\($0[0]) \($0[1]) \($0[2])" }
        let real = Metric.all.map { "`\($0.name)` \($0.kind.rawValue) \($0.help)" }
        #expect(shown == real)
    }

    /// Names of figures in a text of Prometheus's language.
    private static func used(_ text: String) -> Set<String> {
        let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
        return Set(
            words.map(String.init).filter {
                ($0.hasPrefix("tacho_") || $0.hasPrefix("process_")) && !$0.contains(":")
            }
            .map { name in
                let base = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }
                    .map { String(name.dropLast($0.count)) }
                return base.flatMap { names.contains($0) ? $0 : nil } ?? name
            })
    }

    @Test(arguments: ["tacho-rules.yml", "tacho-rules-test.yml", "grafana-dashboard.json"])
    func `rules and the dashboard name figures that there are`(file: String) throws {
        let path = SpecPage.repository.appending(path: "tools/deploy/" + file)
        let text = try String(contentsOf: path, encoding: .utf8)
        // Expressions alone: groups of rules have names like figures.
        let lines = text.components(separatedBy: "\n").filter { !$0.contains("- name: ") }
        let used = Self.used(lines.joined(separator: "\n"))
        #expect(used.count >= 10)
        #expect(used.subtracting(Self.names).isEmpty)
    }

    @Test func `text is escaped, numbers are shortest, bounds are cumulative`() {
        #expect(MetricText.escaped("a\\b\"c\nd", quotes: true) == #"a\\b\"c\nd"#)
        #expect(MetricText.escaped("say \"x\"", quotes: false) == "say \"x\"")
        let texts = [0.0001: "0.0001", 1: "1", 2.5: "2.5", 1_767_312_000.25: "1767312000.25"]
        for (value, text) in texts { #expect(MetricText.text(value) == text) }
        #expect(MetricText.text(.infinity) == "+Inf")
    }

    @Test func `a page has each figure once, with help and type before its lines`() throws {
        try withHTTP { http, _, engine, _ in
            let page = try HTTPAsk.get("/metrics", at: http.address).body
            var seen: [String] = []
            var current = ""
            for line in page.split(separator: "\n") {
                let words = line.split(separator: " ")
                if line.hasPrefix("# HELP ") {
                    current = String(words[2])
                    seen.append(current)
                } else if line.hasPrefix("# TYPE ") {
                    #expect(words[2] == current)
                } else {
                    #expect(line.hasPrefix(current), "\(line)")
                    #expect(Double(words.last ?? "") != nil, "\(line)")
                }
            }
            #expect(Set(seen).count == seen.count)
            // All but those of TLS, of consumer groups and of targets of alerts that there are not.
            let missing = Set(Self.names).subtracting(seen)
            #expect(
                missing.allSatisfy {
                    $0.hasPrefix("tacho_tls_") || $0.hasPrefix("tacho_alert_")
                        || $0 == "tacho_consumer_lag_entries"
                        || $0 == "tacho_http_requests_total"
                })
            // Every figure of stats is told, or said here not to be, or to be told otherwise.
            let others: Set = [
                "bytes_per_point", "last_sequence", "sealed_through", "sealing", "seal_last_ms",
                "seal_last_points", "scrub_day_ms", "scrub_all_ms", "alerts", "range",
                "geo_resolution", "geo_is_mixed",
            ]
            let told = Set(Metric.all.compactMap(\.stat)).union(others)
            let untold = engine.stats().map(\.name).filter {
                !told.contains($0) && !$0.hasPrefix("memory_")
            }
            #expect(untold.isEmpty)
            let known = Set(engine.stats().map(\.name))
            #expect(Metric.all.compactMap(\.stat).allSatisfy { known.contains($0) })
        }
    }

    @Test func `consumer groups have their lag`() throws {
        try withHTTP { http, resp, _, _ in
            let client = try TestClient(resp)
            #expect(
                try client.ask("XGROUP", "CREATE", "alerts", "a\"b", "0", "MKSTREAM")
                    == .simple("OK"))
            let page = try HTTPAsk.get("/metrics", at: http.address).body
            #expect(
                page.contains(
                    #"tacho_consumer_lag_entries{stream="alerts",group="a\"b"} 0"# + "\n"))
            #expect(page.contains("\ntacho_consumer_groups 1\n"))
        }
    }
}
