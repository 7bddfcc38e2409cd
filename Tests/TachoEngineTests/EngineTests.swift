import TachoEngine
import TachoGeo
import Testing

@Suite(.serialized)
struct EngineTests {
    @Test func `a teleport is stored, held, and never shown`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        #expect(try engine.add("r", fix(0)) == [.stored])
        #expect(try engine.add("r", fix(1, north: 5000)) == [.flagged])
        #expect(engine.shown("r")?.fix == fix(0))
        #expect(engine.shown("r", raw: true)?.fix == fix(1, north: 5000))
        #expect(try engine.verdicts("r") == ["ok", "hold:TELEPORT"])
        try engine.close()
    }

    @Test func `a confirmed move shows without a step back`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        try engine.add("r", fix(0))
        for second in 1...3 {
            try engine.add("r", fix(Double(second), north: 5000 + Double(second)))
        }
        #expect(engine.shown("r")?.fix == fix(3, north: 5003))
        #expect(try engine.verdicts("r") == ["ok", "flag:TELEPORT", "ok", "ok"])
        try engine.close()
    }

    @Test func `the year 3000 is stored, quarantined and pins nothing`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        let future = Fix(tsMs: 32_503_680_000_000, latE7: 375_000_000, lonE7: 1_270_000_000)
        #expect(try engine.add("r", future) == [[.flagged, .clock]])
        #expect(engine.shown("r") == nil)
        #expect(try engine.add("r", fix(0)) == [.stored])
        #expect(engine.shown("r")?.fix == fix(0))
        #expect(try engine.add("r", future) == [.duplicate])
        try engine.close()
    }

    @Test func `identical is a duplicate and different at the same time is a conflict`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        let other = fix(0, north: 1)
        #expect(
            try engine.add("r", fix(0), fix(0), other, other) == [
                .stored, .duplicate, .conflict, .duplicate,
            ])
        #expect(try engine.all("r").map(\.fix) == [fix(0), other])
        #expect(engine.shown("r")?.fix == fix(0))
        try engine.close()
    }

    @Test func `a thousand fixes at one time are kept in order of arrival`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        let same = (0..<1000).map { Fix(tsMs: 5000, latE7: 400_000_000 + $0, lonE7: 1) }
        for start in stride(from: 0, to: 1000, by: 100) {
            let masks = try engine.append(batch(same[start..<start + 100].map { ("r", $0) }))
            #expect(masks.dropFirst(start == 0 ? 1 : 0).allSatisfy { $0.contains(.conflict) })
        }
        #expect(try engine.all("r").map(\.fix) == same)
        _ = try engine.seal()
        #expect(try engine.append(batch(same.map { ("r", $0) })).allSatisfy { $0 == .duplicate })
        #expect(try engine.all("r").map(\.fix) == same)
        try engine.close()
    }

    @Test func `pages put together are the whole track in both directions`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        var fixes: [Fix] = []
        for index in 0..<700 {
            fixes.append(fix(Double(index / 2) * 40, north: Double(index % 2)))
        }
        _ = try engine.append(batch(fixes.map { ("r", $0) }))
        for descending in [false, true] {
            var got: [Fix] = []
            var query = TrackQuery(
                rider: Array("r".utf8), limit: 33, descending: descending)
            while true {
                let page = try engine.track(query)
                got += page.fixes.map(\.fix)
                guard let next = page.next else { break }
                query.after = next
            }
            #expect(got == (descending ? fixes.reversed() : fixes))
        }
        try engine.close()
    }

    @Test func `a range query is inclusive at both ends and filters by effect`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        for second in 0..<10 { try engine.add("r", fix(Double(second))) }
        try engine.add("r", fix(10, north: 9000))
        var query = TrackQuery(
            rider: Array("r".utf8), fromMs: fix(2).tsMs, toMs: fix(4).tsMs)
        #expect(try engine.track(query).fixes.map(\.fix) == [fix(2), fix(3), fix(4)])
        query = TrackQuery(rider: Array("r".utf8), filter: .flagged)
        #expect(try engine.track(query).fixes.map(\.fix) == [fix(10, north: 9000)])
        #expect(try engine.length(TrackQuery(rider: Array("r".utf8), filter: .ok)) == 10)
        #expect(try engine.track(TrackQuery(rider: Array("nobody".utf8))).isKnownRider == false)
        try engine.close()
    }

    @Test func `history takes its own time as receipt and claims are kept exactly`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        try engine.add("h", fix(0), provenance: .history)
        #expect(try engine.all("h")[0].ruleRecvMs == fix(0).tsMs)
        var claimed = FixBatch()
        Array("c".utf8).withUnsafeBytes {
            _ = claimed.append(
                rider: $0, fix: fix(100), provenance: .claimed, claimedRecvMs: fix(0).tsMs + 7)
        }
        #expect(try engine.append(claimed) == [[.flagged, .clock]])
        #expect(try engine.all("c")[0].claimedRecvMs == fix(0).tsMs + 7)
        #expect(try engine.all("c")[0].recvMs >= testNowMs)
        try engine.close()
    }

    @Test func `alerts are counted in windows and survive a restart`() throws {
        let directory = TemporaryDirectory()
        var engine = try Engine.open(testOptions(directory))
        for second in stride(from: 0.0, to: 40, by: 4) {
            try engine.add("r", fix(second), fix(second + 1, north: 9000), provenance: .history)
        }
        try engine.add("r", fix(400), fix(401, north: 9000), provenance: .history)
        let before = try engine.alertsByReceipt()
        let teleports = before.filter { $0.code == .teleport }
        #expect(teleports.map(\.count) == [10, 1])
        #expect(teleports.map(\.atRecvMs) == [fix(1).tsMs, fix(401).tsMs])
        #expect(teleports[0].severity == "crit")
        let stream = engine.alerts(after: nil, through: nil, limit: 100)
        #expect(stream.allSatisfy { $0.count == 1 })
        #expect(stream.map(\.id) == stream.map(\.id).sorted())
        engine.abandon()
        engine = try Engine.open(testOptions(directory))
        #expect(try engine.alertsByReceipt() == before)
        #expect(engine.alertCount == before.count)
        try engine.add("r", fix(402, north: 9000), provenance: .history)
        try engine.close()
    }

    @Test func `another directory and one in use are refused with their own codes`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        #expect(throws: OpenError(.inUse, "")) { try Engine.open(testOptions(directory)) }
        try engine.close()
        var foreign = testOptions(directory)
        foreign.directory = directory.path
        #expect(throws: OpenError(.cannotCreate, "")) { try Engine.open(foreign) }
    }

    @Test func `a closed engine refuses instead of waiting`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        try engine.close()
        #expect(throws: AppendError.stopped("")) { try engine.add("r", fix(0)) }
        #expect(throws: ReadError.stopped("")) { try engine.all("r") }
    }

    @Test func `a full disk is told as try again and reads go on`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        let engine = try Engine.open(options)
        try engine.add("r", fix(0))
        try engine.close()
        options.minFreeBytes = UInt64.max
        let full = try Engine.open(options)
        #expect(throws: AppendError.tryAgain(afterMs: 0, reason: "")) {
            try full.add("r", fix(1))
        }
        #expect(full.shown("r") != nil)
        try full.close()
    }

    @Test func `figures add up`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        try engine.add("a", fix(0), fix(1))
        try engine.add("b", fix(0))
        #expect(engine.figure("points") == 3)
        #expect(engine.figure("riders") == 2)
        #expect(engine.figure("last_sequence") == 3)
        #expect(engine.figure("sealed_through") == 0)
        _ = try engine.seal()
        #expect(engine.figure("sealed_through") == 3)
        #expect(engine.figure("ranges_sealed") == 1)
        try engine.close()
    }
}

@Suite struct AlertPageTests {
    @Test func `pages of alerts put together are all of them by receipt time`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        for rider in 0..<7 {
            try engine.add(
                "r\(rider)", fix(Double(rider * 10)), fix(Double(rider * 10) + 1, north: 9000),
                provenance: .history)
        }
        let all = try engine.alertsByReceipt()
        #expect(all.count == 7)
        var got: [Alert] = []
        var cursor: AlertCursor?
        repeat {
            let (after, answer) = (cursor, Answer<AlertPage>())
            engine.alertsByReceipt(after: after, limit: 3) { answer.give($0) }
            let page = try answer.wait()
            got += page.alerts
            cursor = page.next
            if let next = cursor { #expect(AlertCursor(next.text) == next) }
        } while cursor != nil
        #expect(got == all)
        try engine.close()
    }

    @Test(arguments: ["", "1", "1:2", "x:1-2", "1:2-x", "1-2:3"])
    func `a cursor that none gave is refused`(text: String) {
        #expect(AlertCursor(text) == nil)
    }
}
