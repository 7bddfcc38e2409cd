import Foundation

/// `format-spec.md` as tests read it: tables and hex blocks by section.
struct SpecPage {
    private let lines: [Substring]

    init(section number: Int) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "format-spec.md"), encoding: .utf8)
        let all = page.split(separator: "\n", omittingEmptySubsequences: false)
        let start = all.firstIndex { $0.hasPrefix("## \(number). ") } ?? all.endIndex
        lines = Array(all[start...].dropFirst().prefix { !$0.hasPrefix("## ") })
    }

    /// The rows of the first table whose header starts with this column.
    func rows(_ first: String) -> [[String]] {
        guard let start = lines.firstIndex(where: { $0.hasPrefix("| \(first) |") }) else {
            return []
        }
        return lines[start...].prefix { $0.hasPrefix("|") }.dropFirst(2).map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    /// The first line with this text.
    func line(holding text: String) -> Substring? { lines.first { $0.contains(text) } }

    /// The bytes of the first hex block.
    func hex() -> [UInt8] {
        guard let start = lines.firstIndex(of: "```hex") else { return [] }
        return lines[(start + 1)...].prefix { $0 != "```" }
            .flatMap { $0.split(separator: " ") }.map { UInt8($0, radix: 16) ?? 0xEE }
    }

    /// The bytes of all hex blocks, remarks left out.
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
