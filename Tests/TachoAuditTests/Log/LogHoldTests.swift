import FormatSpec
import Testing

@testable import TachoAudit

@Suite struct LogHoldTests {
    private static let key = LogSample.key()

    @Test func `its text reads back, and no other text does`() throws {
        let hold = LogHold(entries: 12, atMs: 1_767_312_000_000)
        #expect(hold.text == "tacho-log-held v1\nentries 12\nat 1767312000000\n")
        #expect(LogHold(text: hold.text) == hold)
        for count in 0..<hold.text.utf8.count {
            #expect(LogHold(text: String(hold.text.prefix(count))) == nil, "cut to \(count)")
        }
        for text in ["entries 012", "entries -1", "entries 12 ", "Entries 12"] {
            #expect(LogHold(text: hold.text.replacing("entries 12", with: text)) == nil, "\(text)")
        }
        let row = try SpecPage(section: 17).rows("file | content").first { $0[0] == "`held`" }
        #expect(row?[1].contains("`tacho-log-held v1`, `entries N`, `at MS`") ?? false)
    }

    @Test func `whoever signs, no more than what was there is signed while it is held`() throws {
        let directory = try LogSample.segments(3)
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: 2)
        try LogHold(entries: 2, atMs: 1).write(audit: directory.path)
        #expect(try log.sign(with: Self.key).head.size == 2)
        try log.append(throughSegment: 3)
        #expect(throws: LogError(.held, file: "", "")) { try log.sign(with: Self.key) }
        #expect(try log.reader.checkpoint()?.head.size == 2)
        // A mark that cannot be read holds too.
        try LogFile.replace(log.reader.folder + "/held", Array("?".utf8))
        #expect(throws: LogError(.held, file: "", "")) { try log.sign(with: Self.key) }
    }
}
