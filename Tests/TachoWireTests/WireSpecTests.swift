import FormatSpec
import TachoGeo
import TachoWire
import Testing

/// Section 10 of `format-spec.md` against the code.
struct WireSpecTests {
    private let page: SpecPage

    init() throws { page = try SpecPage(section: 10) }

    @Test func `the limits of a request are those of the page`() {
        let page = Dictionary(
            uniqueKeysWithValues: self.page.tables("limit").flatMap(\.rows).map {
                ($0[0], Int($0[1]))
            })
        #expect(page["arguments after the name"] == WireLimits.maxArguments)
        #expect(
            page["arguments after the name of T.MADD, T.MADDX, T.IMPORT"]
                == WireLimits.maxBatchArguments)
        #expect(page["bytes of an argument"] == WireLimits.maxBulkBytes)
        #expect(page["bytes of the packed batch of T.PUT"] == WireLimits.maxPackedBytes)
        #expect(page["bytes of the id of a session of T.PUT"] == WireLimits.maxSessionBytes)
        #expect(page["bytes of a request"] == WireLimits.maxRequestBytes)
        let before = "where there are users, before AUTH: "
        #expect(
            page[before + "arguments with the name"] == WireLimits.maxArgumentsBeforeLogin)
        #expect(page[before + "bytes of an argument"] == WireLimits.maxBulkBytesBeforeLogin)
    }

    @Test func `the page lists every command with its arity`() {
        let page = self.page.tables("command").flatMap(\.rows).map { "\($0[0]) \($0[1])" }
        let code = CommandName.allCases.map { name in
            "\(name.rawValue) \(name.arity.lowerBound)…\(name.arity.upperBound)"
        }
        #expect(page == code)
    }

    @Test func `the example of the page is what is read and written`() throws {
        let blocks = page.hexBlocks()
        try #require(blocks.count >= 2)
        let words = [
            ["T.ADD", "r7", "1767312000000", "37.5665", "126.978", "SPEED", "4.2"],
            ["T.GET", "r7"],
        ]
        let heard = hear(blocks[0], cuts: [])
        #expect(heard.requests == words.map { $0.map { Array($0.utf8) } })
        var requests = RequestWriter()
        for request in words { requests.command(request) }
        #expect(requests.bytes == blocks[0])

        var replies = ReplyWriter()
        replies.integer(0)
        replies.array(11)
        replies.integer(1_767_312_000_000)
        replies.fields { fields in
            fields.degrees(375_665_000)
            fields.degrees(1_269_780_000)
            fields.hundredths(420)
        }
        replies.null()
        replies.null()
        replies.bulk("ok")
        let position = Coordinate(latE7: 375_665_000, lonE7: 1_269_780_000)
        replies.bulk(Cell.containing(position, resolution: 9).hex)
        replies.null()
        replies.null()
        replies.integer(1_767_312_000_128)
        #expect(replies.bytes == blocks[1])
    }
}
