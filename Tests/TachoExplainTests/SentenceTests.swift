import TachoGeo
import TachoIngest
import Testing

@testable import TachoExplain

struct SentenceTests {
    @Test func `an impossible jump is told with its way, its time and what is believable`() {
        let track = judged(ride(0...4) + [fix(5, north: 5_052)])
        #expect(
            explained(track, 5).sentence
                == "Held as an impossible jump (TELEPORT): 5,012 m in 1.0 s from the last trusted "
                + "position at 12:03:04.000Z; at most 432 m are believable for a car.")
    }

    @Test func `a usual fix is told with its way and its reach`() {
        let track = judged(ride(0...9))
        #expect(
            explained(track, 5).sentence
                == "Accepted: 10 m in 1.0 s from the last trusted position at 12:03:04.000Z; up to "
                + "82 m are believable for a car.")
        #expect(
            explained(track, 0).sentence
                == "Accepted as the rider's first position: there was nothing before to compare "
                + "it with.")
    }

    @Test func `an excursion names the fix that came back`() {
        let track = judged(ride(0...4) + [fix(5, north: 5_052)] + ride(6...8))
        #expect(track[5].current.text == "hold:TELEPORT+SPIKE")
        let sentence = explained(track, 5).sentence
        #expect(
            sentence.hasSuffix(
                "Also an excursion that ended where it began (SPIKE): the fix at 12:03:06.000Z is "
                    + "back within reach; excursions of more than 355 m are reported."))
    }

    @Test func `a confirmed jump is flagged and those who confirmed it are accepted`() {
        let far = (0...3).map { fix(5 + Double($0), north: 900 + Double($0) * 10) }
        let track = judged(ride(0...4) + far)
        #expect(track[5].current.text == "flag:TELEPORT")
        #expect(
            explained(track, 5).sentence.hasPrefix(
                "Flagged as a jump to a place that later fixes confirmed (TELEPORT): 860 m in "
                    + "1.0 s from the last trusted position at 12:03:04.000Z; jumps of more than "
                    + "355 m are flagged."))
        for index in [6, 7] {
            #expect(
                explained(track, index).sentence.hasPrefix(
                    "Accepted, because 3 fixes in a row agree on the place: "))
        }
    }

    @Test func `an open candidate says what would decide it`() {
        let track = judged(ride(0...4) + [fix(5, north: 240)])
        #expect(
            explained(track, 5).sentence
                == "Held as a position out of reach (CANDIDATE): 200 m in 1.0 s from the last "
                + "trusted position at 12:03:04.000Z; at most 82 m are believable for a car; 3 "
                + "fixes that agree on the place confirm it.")
    }

    @Test func `what changed after arrival is told with its cause`() {
        let track = judged(
            ride(0...4) + (0...3).map { fix(5 + Double($0), north: 240 + Double($0) * 10) })
        let subject = makeCase(
            track, 5, arrival: codes("CANDIDATE", effect: .hold),
            amendments: [
                CaseAmendment(
                    verdict: track[5].current, cause: .candidateDecided, sequence: 8, ruleSet: 2)
            ])
        #expect(
            Explanation(subject).sentence.hasSuffix(
                "On arrival the verdict was hold:CANDIDATE; since then later fixes decided."))
    }

    @Test func `a verdict of other thresholds is told beside the one of today`() {
        var track = judged(ride(0...9))
        track[5].current = codes("TELEPORT", effect: .hold)
        #expect(
            explained(track, 5).sentence.hasSuffix(
                "Recomputed over the fixes stored around it, with the thresholds of today, the "
                    + "verdict is ok."))
    }

    @Test func `a clock ahead is told against its receipt`() {
        var track = judged(ride(0...3))
        track[3].current = codes("TS_FUTURE", effect: .quarantine)
        let subject = makeCase(track, 3, recvMs: track[3].fix.tsMs - 90_000)
        #expect(
            Explanation(subject).sentence
                == "Set aside as a time ahead of its receipt (TS_FUTURE): its time is 90.0 s after "
                + "its receipt at 12:01:33.000Z; at most 30.0 s are accepted.")
    }

    @Test func `a second position of one time is compared with the first`() {
        let track = judged(ride(0...4) + [fix(4, north: 540)] + ride(5...6))
        #expect(
            explained(track, 5).sentence
                == "Accepted beside another position of the same time, which came first: 500 m "
                + "from it.")
        var judgedTrack = track
        judgedTrack[5].current = codes("TS_CONFLICT", effect: .quarantine)
        #expect(
            explained(judgedTrack, 5).sentence
                == "Set aside as another position at a time that has one already (TS_CONFLICT): "
                + "500 m from the first position of this time; at most 70 m are explained by "
                + "accuracy; more than 4 beside the first are too many.")
    }

    @Test func `a rule about motion is told with the statistic of its alert`() {
        var track = judged(ride(0...9))
        track[8].current = codes("OVERSPEED", effect: .flag)
        let alert = CaseAlert(
            code: "OVERSPEED", severity: "crit", tsMs: track[8].fix.tsMs, atRecvMs: 0, count: 1,
            evidenceJSON: #"{"statistic":"beyond_m","value":240.5,"limit":200}"#)
        let sentence = Explanation(makeCase(track, 8, alerts: [alert])).sentence
        #expect(
            sentence == "Flagged as more way than the vehicle makes, again and again (OVERSPEED): "
                + "241 m beyond what a car makes at 42.0 m/s; the limit is 200 m.")
        #expect(
            explained(track, 8).sentence
                == "Flagged as more way than the vehicle makes, again and again (OVERSPEED).")
        var counting = alert
        counting.tsMs -= 2_000
        #expect(
            Explanation(makeCase(track, 8, alerts: [counting])).sentence
                == "Flagged as more way than the vehicle makes, again and again (OVERSPEED): "
                + "counted in the alert about the fix at 12:03:06.000Z.")
    }

    @Test func `a repeated ride names the other rider and time`() {
        var track = judged(ride(0...9))
        track[8].current = codes("REPLAY", effect: .quarantine)
        let alert = CaseAlert(
            code: "REPLAY", severity: "crit", tsMs: track[8].fix.tsMs, atRecvMs: 0, count: 1,
            evidenceJSON: #"{"source_rider":"r2","source_ts_ms":1767182640000,"value":3,"limit":3}"#
        )
        #expect(
            Explanation(makeCase(track, 8, alerts: [alert])).sentence
                == "Set aside as positions that repeat an earlier record exactly (REPLAY): 3 "
                + "positions equal those of rider r2 from 2025-12-31T12:04:00.000Z; the limit is 3."
        )
    }

    @Test func `every code has a template of its own, with figures and without`() throws {
        var titles: Set<String> = []
        let accusing = [
            "fraud", "cheat", "fake", "forge", "spoof", "manipul", "lie", "suspici", "caught",
        ]
        for name in Code.names.compactMap({ $0 }) {
            var figures = Figures(
                fix: fix(5), recvMs: noonMs, vehicle: .bicycle, limits: Thresholds())
            let bare = try #require(Phrases.phrase(name, figures), "no template for \(name)")
            #expect(titles.insert(bare.title).inserted, "\(name) has the title of another code")
            figures.anchorMs = noonMs
            figures.distanceM = 1_234.5
            figures.dtMs = 5_000
            figures.speedMps = 246.9
            figures.limitM = 150
            figures.outcome = .returned
            figures.decidedByMs = noonMs + 6_000
            (figures.value, figures.limit, figures.run) = (12.5, 10, 7)
            figures.otherRider = "r9"
            figures.otherMs = noonMs
            let full = try #require(Phrases.phrase(name, figures))
            let detail = try #require(full.detail, "\(name) tells nothing")
            // What a phone says of itself has no figure.
            #expect(
                name == "MOCK_FLAG" || detail.contains { $0.isNumber },
                "\(name) has no figure: \(detail)")
            for text in [bare.title, bare.detail ?? "", full.title, detail] {
                #expect(!text.contains("Optional") && !text.contains("nil"), "\(name): \(text)")
                #expect(!text.hasSuffix(".") && text == text.trimmed, "\(name): \(text)")
                let words = text.lowercased().split(separator: " ")
                for word in accusing {
                    #expect(
                        !words.contains { $0.hasPrefix(word) && $0 != "lies" && $0 != "lie" },
                        "\(name): \(text)")
                }
            }
        }
        #expect(
            Phrases.phrase(
                "CODE63",
                Figures(
                    fix: fix(0), recvMs: 0, vehicle: .car, limits: Thresholds())) == nil)
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
