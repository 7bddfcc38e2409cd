import Foundation
import Logging
import TachoEngine
import TachoGeo
import TachoNotify
import TachoServer
import TachoWire
import Testing

/// T.TARGETS over a socket, and `tachod` with targets.
struct TargetCommandTests {
    private func names(_ reply: Reply) -> [String: Reply] {
        let elements = reply.elements ?? []
        var found: [String: Reply] = [:]
        for at in stride(from: 0, to: elements.count - 1, by: 2) {
            found[elements[at].text ?? ""] = elements[at + 1]
        }
        return found
    }

    @Test func `targets are listed with how far they are, and forgotten when they are no more`()
        throws
    {
        let directory = NSTemporaryDirectory() + "tacho-targets-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var options = EngineOptions(directory: directory)
        options.minFreeBytes = 0
        options.rangeSeconds = 0
        let engine = try Engine.open(options)
        let mark = DeliveryMark(delivered: AlertID(ms: 5, n: 3), position: 0)
        #expect(engine.note(mark, of: Array("pager".utf8)))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let notifier = try Notifier.start(
            try NotifyMaterial(NotifyOptions()), engine: engine, nowMs: options.nowMs,
            logger: logger)
        let server = try RespServer.start(
            engine: engine, address: try ListenAddress.parse("127.0.0.1:0"),
            nowMs: options.nowMs, logger: logger, notifier: notifier)
        let client = try TestClient(server)
        let list = try client.ask("T.TARGETS", "LIST").elements ?? []
        #expect(list.count == 1)
        let shown = names(list.first ?? .null)
        #expect(shown.count == 18)
        #expect(shown["target"]?.text == "pager" && shown["delivered"]?.text == "5-3")
        #expect(shown["configured"] == .integer(0) && shown["kind"] == .null)
        #expect(
            try client.ask("T.TARGETS", "FORGET", "other").errorText
                == "ERR no target is called 'other', T.TARGETS LIST names them")
        #expect(try client.ask("T.TARGETS", "FORGET", "pager") == .simple("OK"))
        #expect(try client.ask("T.TARGETS", "LIST") == .array([]))
        #expect(try engine.deliveryMarks().isEmpty)
        server.stop()
        notifier.stop()
        try engine.close()
    }

    @Test func `where nobody delivers that is said`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(
                try client.ask("T.TARGETS", "LIST").errorText
                    == "ERR this server delivers no alerts")
        }
    }
}
