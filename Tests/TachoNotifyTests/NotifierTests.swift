import Foundation
import Logging
import TachoGeo
import Testing

@testable import TachoEngine
@testable import TachoNotify

/// Alerts of an engine on their way to receivers.
final class NotifierTests {
    private let place = NSTemporaryDirectory() + "tacho-notify-" + UUID().uuidString
    private let secret = "whsec_" + Data([UInt8](1...32)).base64EncodedString()

    init() throws {
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try secret.write(toFile: place + "/secret", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: place + "/secret")
    }

    deinit { try? FileManager.default.removeItem(atPath: place) }

    private func open() throws -> Engine {
        var options = EngineOptions(directory: place + "/data")
        options.workers = 1
        options.rangeSeconds = 0
        options.minFreeBytes = 0
        options.judgesAcross = false
        return try Engine.open(options)
    }

    /// A fix from the year 3000: one alert of that rider each minute.
    private func raise(_ engine: Engine, _ riders: String...) throws {
        var batch = FixBatch(capacity: riders.count)
        for rider in riders {
            Array(rider.utf8).withUnsafeBytes { name in
                _ = batch.append(
                    rider: name,
                    fix: Fix(tsMs: 32_503_680_000_000, latE7: 375_000_000, lonE7: 1_270_000_000))
            }
        }
        _ = try engine.append(batch)
    }

    private func start(
        _ engine: Engine, alertmanager: Int? = nil, webhook: Int? = nil,
        change: (inout NotifyOptions) -> Void = { _ in }
    ) throws -> Notifier {
        var options = NotifyOptions()
        if let alertmanager {
            options.targets.append(
                try TargetAddress(
                    kind: .alertmanager, text: "am=http://127.0.0.1:\(alertmanager)"))
        }
        if let webhook {
            options.targets.append(
                try TargetAddress(
                    kind: .webhook, text: "hook=http://127.0.0.1:\(webhook)/in"))
            options.secretPath = place + "/secret"
        }
        change(&options)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try Notifier.start(
            try NotifyMaterial(options), engine: engine, nowMs: EngineOptions.systemClock,
            logger: logger)
    }

    private func wait(_ what: String, _ isTrue: () -> Bool) {
        let end = ContinuousClock.now + .seconds(20)
        while !isTrue() {
            guard ContinuousClock.now < end else {
                Issue.record("it does not come to this: \(what)")
                return
            }
            usleep(2_000)
        }
    }

    private func riders(_ receiver: ScriptedReceiver) -> [String] {
        receiver.received.flatMap { request -> [String] in
            let json = try? JSONSerialization.jsonObject(with: Data(request.body.utf8))
            if let list = json as? [[String: Any]] {
                return list.compactMap { ($0["labels"] as? [String: String])?["rider"] }
            }
            let events = (json as? [String: Any])?["events"] as? [[String: Any]]
            return (events ?? []).compactMap { $0["rider"] as? String }
        }
    }

    @Test func `alerts reach all targets, and what was delivered is not sent again`() throws {
        let (am, hook) = (
            try ScriptedReceiver { _, _ in .ok }, try ScriptedReceiver { _, _ in .ok }
        )
        var engine = try open()
        try raise(engine, "before")
        var notifier = try start(engine, alertmanager: am.port, webhook: hook.port)
        try raise(engine, "a")
        try raise(engine, "b", "c")
        wait("three alerts at each") { riders(am).count >= 3 && riders(hook).count >= 3 }
        #expect(riders(am) == ["a", "b", "c"])
        #expect(riders(hook) == ["a", "b", "c"])
        #expect(am.received.first?.head.hasPrefix("POST /api/v2/alerts HTTP/1.1") == true)
        wait("nothing is behind") { notifier.statistics().targets.allSatisfy { $0.lagAlerts == 0 } }
        let shown = notifier.statistics().targets
        #expect(shown.map(\.name) == ["am", "hook"])
        #expect(shown.map(\.alertsDelivered) == [3, 3])
        #expect(shown.map(\.position) == [4, 4])
        #expect(shown.map(\.openEpisodes) == [3, 3])
        notifier.stop()
        try engine.close()

        engine = try open()
        notifier = try start(engine, webhook: hook.port)
        try raise(engine, "d")
        wait("one more") { riders(hook).count >= 4 }
        #expect(riders(hook) == ["a", "b", "c", "d"])
        // Not a target any more: its place is kept until it is forgotten.
        let left = try #require(notifier.statistics().targets.last)
        #expect(left.name == "am" && !left.isConfigured && left.lagAlerts == 1)
        for (name, expected) in [("hook", "configured"), ("x", "unknown"), ("am", "forgotten")] {
            let answer = DispatchSemaphore(value: 0)
            nonisolated(unsafe) var found = ""
            notifier.forget(name) {
                found = "\($0)"
                answer.signal()
            }
            answer.wait()
            #expect(found == expected, "\(name)")
        }
        #expect(notifier.statistics().targets.map(\.name) == ["hook"])
        notifier.stop()
        #expect(
            try engine.deliveryMarks().map { String(decoding: $0.name, as: UTF8.self) } == ["hook"])
        try engine.close()
    }

    @Test func `webhooks are signed, also with two secrets after they were read again`() throws {
        let hook = try ScriptedReceiver { _, _ in .ok }
        let engine = try open()
        let notifier = try start(engine, webhook: hook.port)
        try raise(engine, "a")
        wait("one") { hook.received.count == 1 }
        func expectSigned(_ request: ReceivedRequest, _ text: String) throws {
            let secrets = try WebhookSecrets(text, path: "here")
            let seconds = try #require(Int64(request.header("webhook-timestamp") ?? ""))
            #expect(
                request.header("webhook-signature")
                    == secrets.signature(
                        id: request.header("webhook-id") ?? "", seconds: seconds,
                        body: Array(request.body.utf8)))
        }
        try expectSigned(hook.received[0], secret)
        let both = secret + "\nwhsec_" + Data([UInt8](2...40)).base64EncodedString() + "\n"
        try both.write(toFile: place + "/secret", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: place + "/secret")
        notifier.reload()
        try raise(engine, "b")
        wait("two") { hook.received.count == 2 }
        try expectSigned(hook.received[1], both)
        // What cannot be read changes nothing.
        try "nonsense".write(toFile: place + "/secret", atomically: true, encoding: .utf8)
        notifier.reload()
        try raise(engine, "c")
        wait("three") { hook.received.count == 3 }
        try expectSigned(hook.received[2], both)
        notifier.stop()
        try engine.close()
    }

    @Test func `what fails is sent again, the same and in order, and others do not wait`() throws {
        let hook = try ScriptedReceiver { number, _ in
            switch number {
            case 0: .status(503, "Retry-After: 0\r\n")
            case 1: .hangUp
            case 2: .status(400, body: "no")
            default: .ok
            }
        }
        let am = try ScriptedReceiver { _, _ in .ok }
        let engine = try open()
        let notifier = try start(engine, alertmanager: am.port, webhook: hook.port)
        try raise(engine, "a")
        wait("one at the other") { riders(am) == ["a"] }
        try raise(engine, "b")
        wait("all") { riders(hook).suffix(1) == ["b"] }
        #expect(riders(hook) == ["a", "a", "a", "a", "b"])
        let requests = hook.received
        #expect(Set(requests.prefix(4).map(\.body)).count == 1)
        #expect(Set(requests.prefix(4).map { $0.header("webhook-id") }).count == 1)
        let shown = notifier.statistics().targets[1]
        // The connection that ended without an answer had idled: that alone is no failure.
        #expect(shown.failures == 2 && shown.failuresInARow == 0)
        #expect(shown.lastError?.contains("400") == true)
        notifier.stop()
        try engine.close()
    }

    @Test func `a target that is away is caught up with when it is back, also over a restart`()
        throws
    {
        let first = try ScriptedReceiver { _, _ in .ok }
        let port = first.port
        var engine = try open()
        var notifier = try start(engine, alertmanager: port) { $0.startsWithOldest = true }
        first.stop()
        try raise(engine, "a", "b")
        wait("it fails") { notifier.statistics().targets[0].failuresInARow > 1 }
        let behind = notifier.statistics().targets[0]
        #expect(behind.lagAlerts == 2 && behind.lagMs > 0)
        #expect(behind.lastError == "connection refused")
        let began = ContinuousClock.now
        notifier.stop()
        #expect(ContinuousClock.now - began < .seconds(4))
        engine.abandon()

        engine = try open()
        notifier = try start(engine, alertmanager: port)
        try raise(engine, "c")
        let second = try ScriptedReceiver(port: port) { _, _ in .ok }
        wait("all are there") { riders(second).count >= 3 }
        #expect(Array(riders(second).prefix(3)) == ["a", "b", "c"])
        notifier.stop()
        try engine.close()
    }

    @Test func `an episode ends when nothing comes, and when somebody decides`() throws {
        let hook = try ScriptedReceiver { _, _ in .ok }
        let engine = try open()
        let notifier = try start(engine, webhook: hook.port) { $0.resolveSeconds = 1 }
        try raise(engine, "a")
        wait("its end") { hook.received.contains { $0.body.contains("\"reason\":\"quiet\"") } }
        let second = try start(engine, alertmanager: hook.port)
        try raise(engine, "b")
        wait("b is there") {
            second.statistics().targets[0].openEpisodes == 1
        }
        let id = try #require(engine.alertStream.last)
        _ = try engine.review(
            ReviewRequest(id: id, state: .falsePositive, actor: Array("kim".utf8)))
        wait("b ended") { hook.received.contains { $0.body.contains("\"endsAt\":") } }
        second.stop()
        notifier.stop()
        try engine.close()
    }

    @Test func `without targets nothing runs, and a second stop does nothing`() throws {
        let engine = try open()
        let notifier = try start(engine)
        #expect(notifier.statistics().targets.isEmpty)
        notifier.stop()
        notifier.stop()
        try engine.close()
    }
}
