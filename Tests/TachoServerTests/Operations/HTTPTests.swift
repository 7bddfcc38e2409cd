import Foundation
import Logging
import TachoAccess
import TachoEngine
import TachoGeo
import TachoWire
import Testing

@testable import TachoServer

struct HTTPTests {
    @Test func `it is alive, ready, and tells its figures`() throws {
        try withHTTP { http, resp, _, state in
            #expect(try HTTPAsk.get("/healthz", at: http.address).body == "ok\n")
            #expect(try HTTPAsk.get("/readyz", at: http.address).body == "ready\n")
            let client = try TestClient(resp)
            for second in 0..<3 {
                let ts = Int64(Date().timeIntervalSince1970 * 1_000) - Int64(3 - second) * 1_000
                #expect(try client.ask("T.ADD", "r", "\(ts)", "37.5", "127") == .integer(0))
            }
            let page = try HTTPAsk.get("/metrics", at: http.address)
            #expect(page.status == 200)
            #expect(page.headers["content-type"] == MetricText.contentType)
            #expect(page.headers["content-length"] == "\(page.body.utf8.count)")
            let lines = page.body.split(separator: "\n")
            for wanted in [
                "tacho_points_total 3", #"tacho_verdicts_total{code="ok"} 3"#, "tacho_ready 1",
                "tacho_durable_seconds_count 3", "tacho_published_seconds_count 3",
                "tacho_connections 1", #"tacho_refused_points_total{reason="disk"} 0"#,
                #"tacho_http_requests_total{route="/healthz",status="200"} 1"#,
            ] {
                #expect(lines.contains(Substring(wanted)), "\(wanted)")
            }
            #expect(state.requests.all.contains { $0.key.route == "/metrics" && $0.count == 1 })
        }
    }

    @Test func `not ready is told with its reasons, alive stays alive`() throws {
        try withHTTP(change: { $0.minFreeBytes = .max }) { http, _, _, state in
            let full = try HTTPAsk.get("/readyz", at: http.address)
            #expect(full.status == 503 && full.body.hasPrefix("the disk is nearly full"))
            #expect(full.body.split(separator: "\n").count == 1)
            #expect(try HTTPAsk.get("/healthz", at: http.address).status == 200)
            state.stop()
            #expect(try HTTPAsk.get("/readyz", at: http.address).body == "stopping\n")
            // Figures are there until the end.
            #expect(try HTTPAsk.get("/metrics", at: http.address).status == 200)
        }
    }

    @Test func `a server that starts is alive, not ready, and has no figures`() throws {
        let state = ServerState(startedMs: 0)
        let http = try HTTPServer.start(
            address: try ListenAddress.parse("127.0.0.1:0"), state: state,
            logger: .init(label: "test"))
        defer { http.stop() }
        #expect(try HTTPAsk.get("/healthz", at: http.address).status == 200)
        let ready = try HTTPAsk.get("/readyz", at: http.address)
        #expect(ready.status == 503 && ready.body.hasPrefix("starting"))
        #expect(try HTTPAsk.get("/metrics", at: http.address).status == 503)
    }

    @Test func `what there is not is not found, and no body is wanted`() throws {
        try withHTTP { http, _, _, state in
            let nowhere = try HTTPAsk.get("/nowhere", at: http.address)
            #expect(nowhere.status == 404)
            #expect(nowhere.body == "not found; there are /healthz, /readyz, /metrics\n")
            let post = try HTTPAsk.get("/metrics", at: http.address, method: "POST")
            #expect(post.status == 405 && post.body == "only GET, HEAD here\n")
            #expect(post.headers["allow"] == "GET, HEAD")
            let head = try HTTPAsk.get("/healthz", at: http.address, method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty)
            let long = try HTTPAsk.get(
                "/healthz", at: http.address, ["Content-Length: 1000000"], body: "x")
            #expect(long.status == 400)
            #expect(
                state.requests.all.contains { $0.key == .init(route: "other", status: 404) })
        }
    }

    @Test func `requests that are none, or too long, are refused and the connection ends`() throws {
        try withHTTP { http, _, _, _ in
            let wrong = try HTTPAsk.send("T.GET r\r\n\r\n", to: http.address)
            #expect(HTTPReply(wrong)?.status == 400)
            let long = "GET /healthz HTTP/1.1\r\nX: " + String(repeating: "x", count: 40_000)
            let reply = try HTTPAsk.send(long + "\r\n\r\n", to: http.address)
            #expect(HTTPReply(reply)?.status == 400)
            #expect(try HTTPAsk.get("/healthz", at: http.address).status == 200)
        }
    }

    @Test func `an address in use is told`() throws {
        try withHTTP { http, _, _, _ in
            let failure = #expect(throws: RespServer.StartError.self) {
                try HTTPServer.start(
                    address: try ListenAddress.parse(http.address),
                    state: ServerState(startedMs: 0), logger: .init(label: "test"))
            }
            #expect(failure?.message.hasPrefix("cannot listen on \(http.address): ") == true)
        }
    }

    @Test func `a stop ends connections that say nothing`() throws {
        var limits = ServerLimits()
        limits.stopSeconds = 1
        try withHTTP(limits: limits) { http, _, _, state in
            let silent = try TestClient(address: http.address)
            let half = try TestClient(address: http.address)
            half.send(Array("GET /healthz HTTP/1.1\r\nHost: x".utf8))
            while state.connections.count < 2 { usleep(1_000) }
            http.stop()
            #expect(silent.isClosedByServer() && half.isClosedByServer())
            #expect(throws: (any Error).self) { try HTTPAsk.get("/healthz", at: http.address) }
        }
    }
}
