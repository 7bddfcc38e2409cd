import Foundation

/// Section 9 of `format-spec.md` as tests read it: a table or a hex block by its subsection.
struct SegmentSpecPage {
    struct Row: Equatable {
        var offset: Int
        var size: Int
        var type: String
        var name: String
    }

    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private let lines: [String]

    /// The subsection with this number, as `9.1`.
    init(_ number: String) throws {
        let page = try String(
            contentsOf: Self.repository.appending(path: "format-spec.md"), encoding: .utf8)
        let all = page.components(separatedBy: "\n")
        let start = all.firstIndex { $0.hasPrefix("### \(number) ") } ?? all.endIndex
        lines = Array(
            all[start...].dropFirst().prefix { !$0.hasPrefix("## ") && !$0.hasPrefix("### ") })
    }

    /// The rows of the table whose fourth column is `heading`.
    func rows(_ heading: String) -> [Row] {
        guard
            let start = lines.firstIndex(where: {
                $0.hasPrefix("| offset | size | type | \(heading) |")
            })
        else { return [] }
        return lines[start...].prefix { $0.hasPrefix("|") }.dropFirst(2).compactMap { line in
            let cells = line.split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard cells.count >= 4, let offset = Int(cells[0]), let size = Int(cells[1]) else {
                return nil
            }
            return Row(offset: offset, size: size, type: cells[2], name: cells[3])
        }
    }

    /// The bytes of the first hex block; what follows `;` in a line is a remark.
    func hex() -> [UInt8] {
        guard let start = lines.firstIndex(of: "```hex") else { return [] }
        return lines[(start + 1)...].prefix { $0 != "```" }.flatMap { line in
            line.prefix { $0 != ";" }.split(separator: " ").map { UInt8($0, radix: 16) ?? 0xEE }
        }
    }

    var text: String { lines.joined(separator: "\n") }
}
