import HTTPTypes
import Hummingbird
import TachoWire

/// What a supervisor, a load balancer and Prometheus ask.
extension HTTPRoute {
    static let operations: [HTTPRoute] = [
        // Probes of a load balancer have no password; they are told a state and no figures of riders.
        HTTPRoute(method: .get, path: "/healthz", rule: .open) { _, _, state in
            let reasons = state.failures
            return reasons.isEmpty ? .text("ok\n") : .text(lines(reasons), .serviceUnavailable)
        },
        HTTPRoute(method: .get, path: "/readyz", rule: .open) { _, _, state in
            let reasons = state.obstacles
            return reasons.isEmpty ? .text("ready\n") : .text(lines(reasons), .serviceUnavailable)
        },
        // The figures of INFO, so for whoever may have those.
        HTTPRoute(method: .get, path: "/metrics", rule: .command(.info)) { _, _, state in
            guard let sources = await MetricSources.now(state) else {
                return .text("the server is starting\n", .serviceUnavailable)
            }
            return .text(MetricText.page(Metric.all, sources), type: MetricText.contentType)
        },
    ]

    private static func lines(_ reasons: [String]) -> String {
        reasons.map { $0.split(separator: "\n").joined(separator: " ") + "\n" }.joined()
    }
}
