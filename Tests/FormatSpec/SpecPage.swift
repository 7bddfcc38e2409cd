package import Foundation

/// One section of `format-spec.md` as tests read it: its lines, tables and hex blocks.
package struct SpecPage: Sendable {
    package struct Table: Sendable {
        package var header: [String]
        package var rows: [[String]]

        package func column(_ name: String) -> [String] {
            guard let place = header.firstIndex(of: name) else { return [] }
            return rows.map { $0[place] }
        }
    }

    package struct NoSuchSection: Error {
        package var number: String
    }

    /// The project's directory.
    package static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The whole page.
    package static func wholeText() throws -> String {
        try String(contentsOf: repository.appending(path: "format-spec.md"), encoding: .utf8)
    }

    package let lines: [String]

    /// A section with all below it.
    package init(section number: Int) throws { try self.init("## \(number). ", until: ["## "]) }

    /// A subsection, as `9.1`.
    package init(subsection number: String) throws {
        try self.init("### \(number) ", until: ["## ", "### "])
    }

    private init(_ heading: String, until ends: [String]) throws {
        let all = try Self.wholeText().components(separatedBy: "\n")
        guard let start = all.firstIndex(where: { $0.hasPrefix(heading) }) else {
            throw NoSuchSection(number: heading)
        }
        lines = Array(
            all[(start + 1)...].prefix { line in !ends.contains { line.hasPrefix($0) } })
    }

    package var text: String { lines.joined(separator: "\n") }

    /// The first line with this text.
    package func line(holding text: String) -> String? { lines.first { $0.contains(text) } }

    /// All tables whose header begins like this: `first`, or `first | second`.
    package func tables(_ columns: String) -> [Table] {
        lines.indices.filter { lines[$0].hasPrefix("| \(columns) |") }.map { start in
            let rows = lines[start...].prefix { $0.hasPrefix("|") }.map(Self.cells)
            return Table(header: rows[0], rows: Array(rows.dropFirst(2)))
        }
    }

    /// Of several such tables the one with this number.
    package func table(_ columns: String, number: Int = 0) -> Table? {
        let tables = tables(columns)
        return number < tables.count ? tables[number] : nil
    }

    /// The rows of the first such table.
    package func rows(_ columns: String) -> [[String]] { table(columns)?.rows ?? [] }

    /// A row's cells; an escaped bar is a bar.
    private static func cells(_ line: String) -> [String] {
        line.replacing("\\|", with: "\u{0}")
            .split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
            .map { $0.replacing("\u{0}", with: "|").trimmingCharacters(in: .whitespaces) }
    }

    /// The bytes of all hex blocks; what follows `;` in a line is a remark.
    package func hexBlocks() -> [[UInt8]] {
        lines.indices.filter { lines[$0] == "```hex" }.map { start in
            lines[(start + 1)...].prefix { $0 != "```" }.flatMap { line in
                line.prefix { $0 != ";" }.split(separator: " ").map {
                    UInt8($0, radix: 16) ?? 0xEE
                }
            }
        }
    }

    /// The bytes of the hex block with this number.
    package func hex(number: Int = 0) -> [UInt8] {
        let blocks = hexBlocks()
        return number < blocks.count ? blocks[number] : []
    }
}
