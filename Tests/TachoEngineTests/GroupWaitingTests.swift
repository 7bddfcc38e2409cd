import FormatSpec
import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// Readers that wait, limits, and streams of fences.
struct GroupWaitingTests {
    @Test func `each new entry goes to one of those who wait, in the order they came`() throws {
        let bench = try GroupBench()
        bench.create()
        let waiting = (0..<5).map { bench.wait("c\($0)", count: 2) }
        // Answered in turn, so all wait.
        #expect(bench.ask(.summary(bench.place())).text == "0 nil nil ")
        try bench.alert(7)
        let ids = bench.ids
        let first = (0..<3).map { waiting[$0].get().ids }
        #expect(first == [Array(ids[0..<2]), Array(ids[2..<4]), Array(ids[4..<6])])
        #expect(waiting[3].get().ids == [ids[6]])
        #expect(bench.ask(.summary(bench.place())).text.hasSuffix("c0=2,c1=2,c2=2,c3=1"))
        #expect(waiting[4].now == nil)
        bench.engine.letGo(waiting[4].ticket!, answering: true)
        #expect(waiting[4].get().text == "nil")
        // A consumer that got nothing was not made.
        #expect(bench.ask(.consumers(bench.place())).text.contains("c4") == false)
    }

    @Test func `a thousand readers that wait cost one look at the database`() throws {
        let bench = try GroupBench()
        bench.create()
        let waiting = (0..<1_000).map { bench.wait("c\($0)", count: 1) }
        _ = bench.ask(.summary(bench.place()))
        let before = bench.engine.groups.lookUps
        try bench.alert(1)
        #expect(waiting[0].get().ids == bench.ids)
        _ = bench.ask(.summary(bench.place()))
        #expect(bench.engine.groups.lookUps == before + 1)
        #expect(waiting[1...].allSatisfy { $0.now == nil })
        try bench.alert(500)
        let ids = bench.ids
        for index in 1...500 { #expect(waiting[index].get().ids == [ids[index]]) }
        #expect(bench.engine.groups.lookUps == before + 2)
    }

    @Test func `one who left is not given anything`() throws {
        let bench = try GroupBench()
        bench.create()
        let gone = bench.wait("gone")
        let here = bench.wait("here")
        bench.engine.letGo(gone.ticket!, answering: false)
        _ = bench.ask(.summary(bench.place()))
        try bench.alert(1)
        #expect(here.get().ids == bench.ids)
        #expect(gone.now == nil)
    }

    @Test func `who waits for a group that is destroyed hears of it, at the end of the engine too`()
        throws
    {
        let bench = try GroupBench()
        bench.create()
        bench.create("h")
        let (one, other) = (bench.wait("a"), bench.wait("b", group: "h"))
        #expect(bench.ask(.destroy(bench.place())).number == 1)
        #expect(one.get().refusal == .isGone)
        #expect(other.now == nil)
        try bench.restart()
        guard case .stopped? = other.get().refusal else {
            Issue.record("left without an answer")
            return
        }
    }

    @Test func `groups are apart, and each sees every entry`() throws {
        let bench = try GroupBench()
        bench.create("g")
        bench.create("h")
        let (one, other) = (bench.wait("a", group: "g"), bench.wait("a", group: "h"))
        try bench.alert(1)
        #expect(one.get().ids == bench.ids)
        #expect(other.get().ids == bench.ids)
    }

    @Test func `beyond the bound of what is pending, readers are told to acknowledge`() throws {
        let bench = try GroupBench { $0.groupLimits.pending = 10 }
        bench.create()
        try bench.alert(25)
        #expect(bench.read("kim", count: 7).count == 7)
        #expect(bench.read("kim").count == 3)
        func isRefused(_ answer: GroupAnswer) -> Bool {
            if case .tryAgain(_, let reason)? = answer.refusal { return reason.contains("XACK") }
            return false
        }
        #expect(isRefused(bench.ask(bench.readRequest("kim"))))
        #expect(isRefused(bench.wait("kim").get()))
        // Nothing has to be remembered of these.
        #expect(bench.read("kim", count: 2, noAck: true).count == 2)
        #expect(bench.acknowledge(Array(bench.ids[..<4])).number == 4)
        #expect(bench.read("kim").count == 4)
        var claim = GroupClaim(consumer: [65], minIdleMs: 0)
        (claim.forces, claim.ids) = (true, [StreamID(bench.ids[0])])
        #expect(isRefused(bench.ask(.claim(bench.place(), claim))))
        try bench.kill()
        #expect(isRefused(bench.ask(bench.readRequest("kim"))))
        #expect(bench.read("kim", own: .zero).count == 10)
        #expect(bench.engine.figure("groups_pending") == 10)
    }

    @Test func `what does not fit into a reply is not delivered yet`() throws {
        let bench = try GroupBench()
        bench.create()
        try bench.alert(50)
        var got: [AlertID] = []
        while got.count < 50 {
            let answer = GroupBench.Waiting()
            bench.engine.ask(
                bench.readRequest("kim"), limits: GroupReplyLimits(entries: 30, bytes: 8_000)
            ) { answer.give($0) }
            let ids = answer.get().ids
            #expect(!ids.isEmpty && ids.count < 16)
            if ids.isEmpty { return }
            got += ids
        }
        #expect(got == bench.ids)
    }

    @Test func `names and numbers have bounds`() throws {
        let bench = try GroupBench {
            $0.groupLimits.groups = 2
            $0.groupLimits.consumers = 2
            $0.groupLimits.nameBytes = 8
        }
        #expect(bench.create("a").text == "OK" && bench.create("b").text == "OK")
        #expect(bench.create("c").refusal == .tooMany("groups", most: 2))
        #expect(bench.ask(.destroy(bench.place("b"))).number == 1)
        #expect(bench.create("123456789").refusal == .name(most: 8))
        #expect(bench.create("12345678").text == "OK")
        try bench.alert(1)
        #expect(bench.read("x", group: "a", own: .zero) == [])
        #expect(bench.read("y", group: "a", own: .zero) == [])
        let third = bench.ask(bench.readRequest("z", group: "a"))
        #expect(third.refusal == .tooMany("consumers", most: 2))
        #expect(bench.read("x", group: "a") == bench.ids)
    }

    // MARK: Fences

    private func step(_ bench: GroupBench, _ seconds: Double, inside: Bool) throws {
        try bench.engine.add("r", fix(seconds * 60, north: inside ? 0 : 500))
    }

    @Test func `a group reads the stream of a fence, also one that is to be set yet`() throws {
        var off = testOptions(TemporaryDirectory()).thresholds
        for code in Code.allCases where ![.tsFuture, .tsPast].contains(code) {
            off.off |= 1 << UInt64(code.rawValue)
        }
        let bench = try GroupBench { $0.thresholds = off }
        let place = bench.place("g", "fence:f")
        func create(_ makes: Bool) -> GroupAnswer {
            bench.ask(
                .create(place, start: .after(.zero), makesStream: makes, entriesRead: nil))
        }
        #expect(create(false).refusal == .noStream)
        #expect(bench.ask(.stream(place.key)).refusal == .noKey)
        #expect(create(true).text == "OK")
        #expect(bench.ask(.stream(place.key)).text == "0 nil 1")
        try bench.kill()
        #expect(bench.ask(.stream(place.key)).text == "0 nil 1")
        let waiting = GroupBench.Waiting()
        bench.engine.ask(
            bench.readRequest("kim", key: "fence:f", blockMs: 0),
            limits: GroupReplyLimits(entries: 10, bytes: 1 << 20)
        ) { waiting.give($0) }
        try bench.engine.setFence(
            FenceDefinition(
                id: Array("f".utf8), areaText: "CIRCLE 37.5 127 100",
                detection: FenceDetection(enter: true, exit: true, dwellSeconds: nil)))
        try step(bench, 1, inside: true)
        #expect(waiting.get().ids.count == 1)
        for second in 2...9 { try step(bench, Double(second), inside: second % 2 == 1) }
        // A change is answered when everything before it was looked at.
        _ = try bench.engine.deleteFence(Array("f".utf8))
        let ids = bench.engine.fenceEvents(
            Array("f".utf8), after: nil, through: nil, limit: .max
        ).map(\.id)
        try #require(ids.count == 10)
        #expect(bench.read("kim", key: "fence:f", count: 4) == Array(ids[1...4]))
        #expect(bench.ask(.acknowledge(place, [StreamID(ids[1])])).number == 1)
        try bench.kill()
        #expect(bench.read("kim", key: "fence:f", own: .zero) == [ids[0]] + ids[2...4])
        #expect(bench.read("lee", key: "fence:f") == Array(ids[5...]))
        let unknown = bench.ask(
            .create(
                bench.place("g", "nothing"), start: .newest, makesStream: true, entriesRead: nil))
        #expect(unknown.refusal == .cannotMake(bench.place("g", "nothing").key))
    }

    @Test func `the bounds of groups are those of the page`() throws {
        let limits = GroupBook.Limits()
        let page = Dictionary(
            uniqueKeysWithValues: try SpecPage(section: 20).rows("limit").map {
                ($0[0], Int($0[1]))
            })
        #expect(page["entries pending, of all groups"] == limits.pending)
        #expect(page["groups"] == limits.groups)
        #expect(page["consumers, of all groups"] == limits.consumers)
        #expect(page["bytes of a group's or consumer's name"] == limits.nameBytes)
        #expect(page["rows of an XPENDING or XINFO"] == limits.rows)
        #expect(page["requests of groups that wait"] == GroupThread.maxWaiting)
    }

    @Test func `news of a fence is told when its entries can be read, not before`() {
        let book = FenceBook()
        book.state.with { book in
            book.wantsNews = true
            book.wantsGroupNews = true
            book.noteNews([65])
            #expect(book.news.isEmpty && book.groupNews.isEmpty)
            book.newsIsWritten()
            #expect(book.news == [[65]] && book.groupNews == [[65]])
        }
    }
}
