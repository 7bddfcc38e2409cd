import Foundation
import Logging
import TachoAccess
import TachoWire
import Testing

@testable import TachoServer

/// Who may ask what by HTTP.
struct HTTPAccessTests {
    /// Every route, and what each user is answered; a route without a line here fails.
    private static let matrix: [String: [String: Int]] = [
        "GET /healthz": ["": 200, "read": 200, "ops": 200, "ops-own": 200, "admin": 200],
        "GET /readyz": ["": 200, "read": 200, "ops": 200, "ops-own": 200, "admin": 200],
        "GET /metrics": [
            "": 401, "ingest": 403, "read": 403, "auditor": 403, "ops": 200, "ops-own": 403,
            "admin": 200,
        ],
    ]

    @Test func `every route has a rule that RESP knows, and a line of the matrix`() {
        let names = HTTPRoute.all.map(\.name)
        #expect(names.sorted() == Self.matrix.keys.sorted())
        for route in HTTPRoute.all {
            guard case .command(let name, let subcommand) = route.rule else { continue }
            #expect(
                AccessTable.standard.rules(of: name).contains {
                    $0.subcommand == nil || $0.subcommand == subcommand
                }, "\(route.path)")
        }
        // Without a login: what says nothing of riders, users or figures.
        #expect(
            HTTPRoute.all.filter { $0.rule == .open }.map(\.path) == ["/healthz", "/readyz"])
    }

    @Test func `with users each is answered what its role may have`() throws {
        try withHTTP(accounts: try TestUsers.accounts()) { http, _, _, _ in
            for (line, answers) in Self.matrix {
                let words = line.split(separator: " ").map(String.init)
                for (user, status) in answers {
                    let reply = try HTTPAsk.get(
                        words[1], at: http.address, method: words[0],
                        user.isEmpty ? [] : [HTTPAsk.basic(user, "secret")])
                    #expect(reply.status == status, "\(line) as \(user): \(reply.body)")
                }
            }
        }
    }

    @Test func `wrong passwords, unknown users and other schemes are one answer, and counted`()
        throws
    {
        try withHTTP(accounts: try TestUsers.accounts()) { http, _, _, _ in
            let tries = [
                HTTPAsk.basic("ops", "wrong"), HTTPAsk.basic("nobody", "secret"),
                "Authorization: Bearer secret", "Authorization: Basic ####",
            ]
            var bodies: Set<String> = []
            for header in tries {
                let reply = try HTTPAsk.get("/metrics", at: http.address, [header])
                #expect(reply.status == 401, "\(header)")
                #expect(reply.headers["www-authenticate"]?.hasPrefix("Basic realm=") == true)
                bodies.insert(reply.body)
            }
            #expect(bodies.count == 1)
            let page = try HTTPAsk.get(
                "/metrics", at: http.address, [HTTPAsk.basic("ops", "secret")])
            #expect(page.body.contains("\ntacho_failed_logins_total 2\n"))
            #expect(!page.body.contains("secret"))
        }
    }

    @Test func `a wrong password is in the log with its address, by HTTP and by RESP`() throws {
        let log = CapturedLog()
        try withHTTP(
            accounts: try TestUsers.accounts(), logger: Logger(label: "test") { _ in log }
        ) { http, resp, _, _ in
            func told() -> Int {
                log.lines.count { $0.contains("wrong password from 127.0.0.1") }
            }
            let header = [HTTPAsk.basic("ops", "wrong")]
            #expect(try HTTPAsk.get("/metrics", at: http.address, header).status == 401)
            #expect(told() == 1)
            let client = try TestClient(resp)
            #expect(try client.ask("AUTH", "ops", "guess").errorText?.hasPrefix("WRONG") == true)
            #expect(told() == 2)
        }
    }

    @Test func `a user's rate counts requests of HTTP too`() throws {
        let line = "user slow role ops rate 1/s burst 2 SECRET"
        try withHTTP(accounts: try TestUsers.accounts([line])) { http, _, _, _ in
            let header = [HTTPAsk.basic("slow", "secret")]
            let statuses = try (0..<4).map { _ in
                try HTTPAsk.get("/metrics", at: http.address, header)
            }
            #expect(statuses.contains { $0.status == 200 })
            let refused = try #require(statuses.first { $0.status == 503 })
            #expect(refused.headers["retry-after"] == "1")
        }
    }

    @Test func `users that are read again count from the next request on`() throws {
        try withHTTP(accounts: try TestUsers.accounts()) { http, resp, _, _ in
            let header = [HTTPAsk.basic("ops", "secret")]
            #expect(try HTTPAsk.get("/metrics", at: http.address, header).status == 200)
            resp.reload(try TestUsers.accounts(["user ops role read SECRET"]))
            #expect(try HTTPAsk.get("/metrics", at: http.address, header).status == 403)
            resp.reload(try TestUsers.accounts(["user other role ops SECRET"]))
            #expect(try HTTPAsk.get("/metrics", at: http.address, header).status == 401)
        }
    }

    @Test func `credentials are read as Basic authentication writes them`() {
        let good = BasicCredentials.read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        #expect(good?.name == "Aladdin" && good?.password == Array("open sesame".utf8))
        #expect(BasicCredentials.read("basic  a2ltOg")?.password == [])
        #expect(BasicCredentials.read("Basic OjpwOg==")?.name == "")
        for wrong in ["", "Basic", "Basic a2lt", "Basic a2ltOg=x", "Basic a", "Digest a2ltOg=="] {
            #expect(BasicCredentials.read(wrong) == nil, "\(wrong)")
        }
    }
}
