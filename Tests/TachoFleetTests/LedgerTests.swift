import TachoGeo
import Testing

@testable import TachoFleet

@Suite struct LedgerTests {
    static func line(_ ts: Int64) -> FixLine {
        FixLine(
            rider: Array("c-1".utf8),
            fix: Fix(tsMs: ts, latE7: -375_000_001, lonE7: 1_269_800_000, speedCms: 520))
    }

    static func text(_ build: (inout [UInt8]) -> Void) -> [UInt8] {
        var out: [UInt8] = []
        build(&out)
        return out
    }

    @Test func `a fix is written with what it has and a dash for the rest`() {
        let sent = Self.text { LedgerText.appendSent(Self.line(12), to: &$0) }
        #expect(
            String(decoding: sent, as: UTF8.self) == "S c-1 12 -37.5000001 126.9800000 5.2 - -\n")
    }

    @Test func `fields of a line are the words of its text`() {
        let line = Self.line(99)
        let words = String(decoding: line.text, as: UTF8.self).split(separator: " ")
        #expect(words.count == FixLine.fieldCount)
        for number in 0..<FixLine.fieldCount {
            #expect(String(decoding: line.field(number), as: UTF8.self) == words[number])
        }
    }

    @Test func `each fix has the fate its lines say`() throws {
        let text = Self.text { out in
            for ts: Int64 in 0..<7 { LedgerText.appendSent(Self.line(ts), to: &out) }
            out += LedgerText.acknowledged(first: 0, masks: [.stored, [.late, .flagged]])
            out += LedgerText.refused(first: 2, count: 1)
            out += LedgerText.unanswered(first: 3, count: 2)
            out += LedgerText.spooled(first: 5, count: 1)
        }
        let ledger = try Ledger(text: text)
        #expect(
            ledger.entries.map(\.fate) == [
                .acknowledged(.stored), .acknowledged([.late, .flagged]), .refused, .unanswered,
                .unanswered, .spooled, .open,
            ])
        #expect(ledger.entries[4].fields[1] == "4")
    }

    @Test func `a ledger cut at any byte reads as the lines that are whole`() throws {
        let text = Self.text { out in
            LedgerText.appendSent(Self.line(1), to: &out)
            LedgerText.appendSent(Self.line(2), to: &out)
            out += LedgerText.acknowledged(first: 0, masks: [.stored, .duplicate])
        }
        let ends = text.indices.filter { text[$0] == UInt8(ascii: "\n") }
        for cut in 0...text.count {
            let ledger = try Ledger(text: Array(text[..<cut]))
            let whole = ends.filter { $0 < cut }.count
            #expect(ledger.entries.count == min(2, whole), "cut at \(cut)")
            let isAnswered = ledger.entries.contains { $0.fate != .open }
            #expect(isAnswered == (whole == 3), "cut at \(cut)")
        }
    }

    @Test(arguments: [
        "A 0 1 0", "S c-1 1 2 3", "S c-1 1 2 3 - - -\nA 0 2 0 0", "S c-1 1 2 3 - - -\nA 0 1",
        "S c-1 1 2 3 - - -\nA 0 1 256", "S c-1 1 2 3 - - -\nX 0 1", "S c-1 1 2 3 - - -\nR 0 1 0",
        "S c-1 1 2 3 - - -\nA 0 1 0\nU 0 1", "", "S c-1 1 2 3 - - -\nA -1 1 0",
        "S c-1 1 2 3 - - -\nA 0 9223372036854775807 0",
    ]) func `a line that contradicts the ledger is refused by number`(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
        let damage = #expect(throws: LedgerDamage.self) {
            try Ledger(text: Array((text + "\n").utf8))
        }
        #expect(damage?.line == lines)
    }
}
