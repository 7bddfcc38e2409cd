import Logging
import TachoClient
import TachoEngine
import TachoGeo
import TachoNotify
import TachoServer
import Testing

@testable import TachoTools

/// Where alerts are delivered to, as the tool prints it, from a directory and from a server.
@Suite struct DeliveryToolTests {
    private let directory = TemporaryDirectory()

    @Test func `a server and a directory name the same targets, and forget them`() throws {
        var options = EngineOptions(directory: directory.path + "/data")
        options.rangeSeconds = 0
        options.minFreeBytes = 0
        let engine = try Engine.open(options)
        for name in ["am", "pager", "old"] {
            let mark = DeliveryMark(delivered: AlertID(ms: 7, n: 1), position: 0)
            #expect(engine.note(mark, of: Array(name.utf8)))
        }
        var alerts = NotifyOptions()
        // Nobody is there; nothing is to be delivered either.
        alerts.targets = [
            try TargetAddress(kind: .alertmanager, text: "am=http://kim:pw@127.0.0.1:1")
        ]
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let notifier = try Notifier.start(
            try NotifyMaterial(alerts), engine: engine, nowMs: options.nowMs, logger: logger)
        let local = LocalTarget(engine, nowMs: options.nowMs)
        let server = try RespServer.start(
            engine: engine, address: try ListenAddress.parse("127.0.0.1:0"),
            nowMs: options.nowMs, logger: logger, notifier: notifier)
        let remote = try RemoteTarget(try #require(ServerAddress(server.address)))

        #expect(try local.deliveries().map(\.target) == ["am", "old", "pager"])
        #expect(try remote.deliveries().map(\.target) == ["am", "old", "pager"])
        try local.forgetDelivery(to: "old")
        try remote.forgetDelivery(to: "pager")
        for name in ["nobody", "am"] {
            #expect(throws: ToolFailure.self) { try remote.forgetDelivery(to: name) }
        }
        #expect(throws: ToolFailure.self) { try local.forgetDelivery(to: "nobody") }
        #expect(try local.deliveries().map(\.target) == ["am"])

        let text = try captured(directory) {
            try Reports.deliveries(from: remote, json: false, to: $0)
        }
        #expect(
            text.hasPrefix(
                "am  http://127.0.0.1:1  delivered up to 7-1  behind by 0 alerts  open 0\n"))
        let json = try captured(directory) {
            try Reports.deliveries(from: remote, json: true, to: $0)
        }
        #expect(
            json.hasPrefix(
                #"{"target":"am","kind":"alertmanager","address":"http://127.0.0.1:1","#
                    + #""delivered":"7-1","last_error":null,"configured":1,"position":0,"#))
        let own = try captured(directory) {
            try Reports.deliveries(from: local, json: false, to: $0)
        }
        #expect(
            own == "am  not a target of a running server  delivered up to 7-1"
                + "  behind by 0 alerts\n")
        try local.forgetDelivery(to: "am")
        let none = try captured(directory) {
            try Reports.deliveries(from: local, json: false, to: $0)
        }
        #expect(none == "no targets: tachod --alertmanager URL, --webhook URL\n")
        remote.close()
        server.stop()
        notifier.stop()
        try local.close()
    }
}
