import Foundation

/// `format-spec.md` as tests read it: tables and hex blocks by section.
struct SpecPage {
    struct Table {
        var header: [String]
        var rows: [[String]]

        func column(_ name: String) -> [String] {
            guard let place = header.firstIndex(of: name) else { return [] }
            return rows.map { $0[place] }
        }
    }

    private let lines: [String]

    /// The section with this number.
    init(section number: Int) throws {
        let page = try String(
            contentsOf: RealTracks.repository.appending(path: "format-spec.md"), encoding: .utf8)
        let all = page.components(separatedBy: "\n")
        let start = all.firstIndex { $0.hasPrefix("## \(number). ") } ?? all.endIndex
        let rest = all[start...].dropFirst()
        lines = Array(rest.prefix { !$0.hasPrefix("## ") })
    }

    /// The table whose first column has this name; of several the one with this number.
    func table(_ first: String, number: Int = 0) -> Table? {
        let starts = lines.indices.filter { lines[$0].hasPrefix("| \(first) |") }
        guard number < starts.count else { return nil }
        let start = starts[number]
        let rows = lines[start...].prefix { $0.hasPrefix("|") }.map { line in
            line.replacing("\\|", with: "\u{0}").split(
                separator: "|", omittingEmptySubsequences: false
            ).dropFirst().dropLast().map {
                $0.replacing("\u{0}", with: "|").trimmingCharacters(in: .whitespaces)
            }
        }
        return Table(header: rows[0], rows: Array(rows.dropFirst(2)))
    }

    /// The bytes of the hex block with this number; what follows `;` in a line is a remark.
    func hex(number: Int = 0) -> [UInt8] {
        let starts = lines.indices.filter { lines[$0] == "```hex" }
        guard number < starts.count else { return [] }
        let start = starts[number]
        return lines[(start + 1)...].prefix { $0 != "```" }.flatMap { line in
            line.prefix { $0 != ";" }.split(separator: " ").map { UInt8($0, radix: 16) ?? 0xEE }
        }
    }
}
