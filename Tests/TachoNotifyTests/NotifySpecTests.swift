import FormatSpec
import Foundation
import TachoGeo
import Testing

@testable import TachoEngine
@testable import TachoNotify

/// What is sent, beside §24 of the page.
struct NotifySpecTests {
    private func page() throws -> SpecPage { try SpecPage(section: 24) }

    private func blocks(_ kind: String) throws -> [[String]] {
        let lines = try page().lines
        return lines.indices.filter { lines[$0] == "```" + kind }.map { start in
            Array(lines[(start + 1)...].prefix { $0 != "```" })
        }
    }

    private let evidence = try! EvidenceTemplate("https://ops.example.com/alerts/{id}")

    private func episode(dueMs: Int64 = 1_767_312_300_100) -> Episode {
        let one = exampleAlert()
        return Episode(
            key: EpisodeKey(one), first: one.id, last: one.id, dueMs: dueMs, againMs: 0)
    }

    private func delivery(_ item: DeliveryItem) -> Delivery {
        Delivery(items: [item], through: nil, alerts: 0)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `Alertmanager gets what the page shows`() throws {
        let expected = try #require(try blocks("json").first?.first)
        let sent = delivery(.alert(exampleAlert(), episode()))
        #expect(text(AlertmanagerMessage.body(sent, [:], evidence)) == expected)
        // Told again: the same; ended: with its end; of an alert that is no more: what is known.
        let one = exampleAlert()
        let again = AlertmanagerMessage.body(
            delivery(.again(episode())), [one.id: one], evidence)
        #expect(text(again) == expected)
        let end = delivery(.resolved(episode(), atMs: 1_767_312_300_100, .quiet))
        #expect(
            text(AlertmanagerMessage.body(end, [one.id: one], evidence))
                == expected.replacing(
                    #","generatorURL""#,
                    with: #","endsAt":"2026-01-02T00:05:00.100Z","generatorURL""#))
        #expect(
            text(AlertmanagerMessage.body(end, [:], .none)).contains(
                #""summary":"r7: TELEPORT","evidence":"urn:tacho:alert:1767312000100-2""#))
    }

    @Test func `a webhook gets what the page shows, signed as it says`() throws {
        let expected = try #require(try blocks("json").last?.first)
        let sent = delivery(.alert(exampleAlert(), episode()))
        let body = WebhookMessage.body(sent, [:], evidence)
        #expect(text(body) == expected)
        let texts = try blocks("text")
        let secrets = try WebhookSecrets(texts[0].joined(separator: "\n"), path: "here")
        let headers = Dictionary(
            uniqueKeysWithValues: texts[1].map { line in
                let colon = line.firstIndex(of: ":")!
                return (String(line[..<colon]), String(line[colon...].dropFirst(2)))
            })
        #expect(headers["webhook-id"] == WebhookMessage.id(sent))
        let seconds = try #require(Int64(headers["webhook-timestamp"] ?? ""))
        #expect(
            secrets.signature(id: WebhookMessage.id(sent), seconds: seconds, body: body)
                == headers["webhook-signature"])
    }

    @Test func `the page names the keys of a webhook's events, and no others`() throws {
        let page = try SpecPage(subsection: "24.2")
        let table = try #require(page.table("key | value"))
        let one = exampleAlert()
        let end = delivery(.resolved(episode(), atMs: 1_767_312_300_100, .quiet))
        let body = WebhookMessage.body(end, [one.id: one], evidence)
        let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        let event = try #require((object?["events"] as? [[String: Any]])?.first)
        #expect(Set(table.column("key")) == Set(event.keys))
        #expect(event["id"] as? String == "resolved_1767312000100-2")
        #expect(event["timestamp"] as? String == "2026-01-02T00:05:00.100Z")
    }

    @Test func `the page has each rule's family`() throws {
        let row = try #require(
            try SpecPage(subsection: "24.1").rows("key | value").first {
                $0[0] == "labels.alertname"
            })
        for part in row[1].components(separatedBy: "), `") {
            let words = part.components(separatedBy: CharacterSet(charactersIn: "`(), "))
                .filter { !$0.isEmpty }
            guard let name = words.first(where: { $0.hasPrefix("Tacho") }) else { continue }
            for word in words {
                guard let code = Code(name: word) else { continue }
                #expect(AlertText.name(of: code) == name, "\(word)")
            }
        }
        #expect(AlertText.name(of: .frozen) == "TachoFalsePosition")
        for code in Code.allCases where code.name.hasPrefix("TS_") {
            #expect(AlertText.name(of: code) == "TachoWrongClock")
        }
    }

    @Test func `bounds on the page are those of the program`() throws {
        let lines = try page().text
        #expect(lines.contains("\(HTTPLimits().answerBytes) bytes"))
        #expect(lines.contains("1 to \(TargetName.maxBytes) bytes"))
        #expect(lines.contains("every \(TargetRunner.noteMs) ms"))
        #expect(Backoff.firstMs == 200 && Backoff.mostMs == 30_000)
        #expect(HTTPLimits().answerMs == 10_000 && HTTPLimits().connectMs == 5_000)
        #expect(TargetMachine.Settings().maxEpisodes == 65_536)
        #expect(TargetMachine.Settings().lateMs == 10_000)
    }

    @Test func `names with quotes, backslashes and other scripts are text in JSON`() throws {
        let rider = #"라이더 "7" \ é"#
        let one = alert(5, rider: rider)
        let episode = Episode(
            key: EpisodeKey(one), first: one.id, last: one.id, dueMs: 9, againMs: 0)
        let sent = delivery(.alert(one, episode))
        for body in [
            AlertmanagerMessage.body(sent, [:], evidence),
            WebhookMessage.body(sent, [:], evidence),
        ] {
            let object = try JSONSerialization.jsonObject(with: Data(body))
            let found =
                ((object as? [[String: Any]])?.first?["labels"] as? [String: Any])?["rider"]
                ?? ((object as? [String: Any])?["events"] as? [[String: Any]])?.first?["rider"]
            #expect(found as? String == rider)
        }
        let template = try EvidenceTemplate("https://h/{rider}/{ts_ms}?c={code}")
        #expect(
            template.url(id: "1-0", rider: Array("a b/é".utf8), tsMs: 5, code: "SPIKE")
                == "https://h/a%20b%2F%C3%A9/5?c=SPIKE")
    }

    @Test func `a summary says what was seen and where`() {
        var one = exampleAlert()
        #expect(
            AlertText.summary(one)
                == "r7: TELEPORT, 4.2 km in 3 s (5032 km/h), from 37.5665000,126.9780000 to "
                + "37.6000000,127.0000000, fix of 2026-01-02T00:00:00.000Z")
        one.evidenceJSON =
            #"{"fix":{"ts_ms":1,"lat":1.5,"lon":2.5},"statistic":"speed m/s","value":61.2,"limit":50}"#
        #expect(
            AlertText.summary(one)
                == "r7: TELEPORT, speed m/s 61.2 (limit 50), at 1.5,2.5, "
                + "fix of 2026-01-02T00:00:00.000Z")
        for damaged in ["", "{", "[]", #"{"distance_m":1e300,"dt_ms":0,"fix":7}"#] {
            one.evidenceJSON = damaged
            #expect(AlertText.summary(one).hasPrefix("r7: TELEPORT"))
        }
    }
}
