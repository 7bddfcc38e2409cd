import Foundation
import TachoWire
import Testing

/// Section 10 of `format-spec.md` against the code.
struct WireSpecTests {
    private let lines: [String]

    init() throws {
        let here = URL(fileURLWithPath: #filePath)
        let root = here.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appendingPathComponent("format-spec.md"), encoding: .utf8)
        let all = page.components(separatedBy: "\n")
        let start = try #require(all.firstIndex(of: "## 10. RESP"))
        lines = Array(all[(start + 1)...].prefix { !$0.hasPrefix("## ") })
    }

    /// Rows of the table whose first column has this name.
    private func rows(_ first: String) -> [[String]] {
        guard let start = lines.firstIndex(where: { $0.hasPrefix("| \(first) |") }) else {
            return []
        }
        return lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map { line in
            line.replacingOccurrences(of: "\\|", with: "/").components(separatedBy: "|")
                .dropFirst().map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    /// The hex blocks, remarks left out.
    private func hexBlocks() -> [[UInt8]] {
        var blocks: [[UInt8]] = []
        var isInside = false
        for line in lines {
            if line == "```hex" {
                isInside = true
                blocks.append([])
            } else if line == "```" {
                isInside = false
            } else if isInside {
                let bytes = line.prefix { $0 != ";" }.split(separator: " ")
                blocks[blocks.count - 1] += bytes.map { UInt8($0, radix: 16) ?? 0xEE }
            }
        }
        return blocks
    }

    @Test func `the limits of a request are those of the page`() {
        let page = Dictionary(uniqueKeysWithValues: rows("limit").map { ($0[0], Int($0[1])) })
        #expect(page["arguments after the name"] == WireLimits.maxArguments)
        #expect(
            page["arguments after the name of T.MADD, T.MADDX, T.IMPORT"]
                == WireLimits.maxBatchArguments)
        #expect(page["bytes of an argument"] == WireLimits.maxBulkBytes)
        #expect(page["bytes of a request"] == WireLimits.maxRequestBytes)
    }

    @Test func `the page lists every command with its arity`() {
        let page = rows("command").map { "\($0[0]) \($0[1])" }
        let code = CommandName.allCases.map { name in
            "\(name.rawValue) \(name.arity.lowerBound)…\(name.arity.upperBound)"
        }
        #expect(page == code)
    }

    @Test func `the example of the page is what is read and written`() throws {
        let blocks = hexBlocks()
        try #require(blocks.count == 2)
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
        replies.decimal(375_665_000, decimals: 7, trimmed: false)
        replies.decimal(1_269_780_000, decimals: 7, trimmed: false)
        replies.decimal(420, decimals: 2, trimmed: true)
        replies.null()
        replies.null()
        replies.bulk("ok")
        for _ in 0..<3 { replies.null() }
        replies.integer(1_767_312_000_128)
        #expect(replies.bytes == blocks[1])
    }
}
