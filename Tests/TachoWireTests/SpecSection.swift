import Foundation
import Testing

/// One section of `format-spec.md`.
struct SpecSection {
    let lines: [String]

    init(_ heading: String) throws {
        let here = URL(fileURLWithPath: #filePath)
        let root = here.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appendingPathComponent("format-spec.md"), encoding: .utf8)
        let all = page.components(separatedBy: "\n")
        let start = try #require(all.firstIndex(of: "## " + heading))
        lines = Array(all[(start + 1)...].prefix { !$0.hasPrefix("## ") })
    }

    /// Rows of the tables whose first column has this name, one table after another.
    func rows(_ first: String) -> [[String]] {
        lines.indices.filter { lines[$0].hasPrefix("| \(first) |") }.flatMap { start in
            lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map { line in
                line.replacingOccurrences(of: "\\|", with: "/").components(separatedBy: "|")
                    .dropFirst().map { $0.trimmingCharacters(in: .whitespaces) }
            }
        }
    }

    /// The hex blocks, remarks left out.
    func hexBlocks() -> [[UInt8]] {
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
}
