/// The columns of fixes in CSV, and their names in every text format.
package enum CSVColumn: Int, Sendable, CaseIterable {
    case rider, ts, lat, lon, speed, heading, accuracy, altitude, recv, source

    package var name: String {
        switch self {
        case .rider: "rider"
        case .ts: "ts_ms"
        case .lat: "lat"
        case .lon: "lon"
        case .speed: "speed_mps"
        case .heading: "heading_deg"
        case .accuracy: "accuracy_m"
        case .altitude: "alt_m"
        case .recv: "recv_ms"
        case .source: "src"
        }
    }

    /// The header of imports and tracks.
    package static let importHeader: [CSVColumn] = [
        .rider, .ts, .lat, .lon, .speed, .heading, .accuracy, .altitude,
    ]

    static let mandatory: [CSVColumn] = [.rider, .ts, .lat, .lon]
}

/// Why a file cannot be read as CSV at all. A bad row is no such reason: it is delivered as
/// malformed.
package enum CSVError: FixFileError, Equatable {
    /// The input is empty or has blank lines only.
    case noHeader
    /// The first line has bytes that no text has, or no end within the limit of a row.
    case notText
    case missingColumns([String])
    case duplicateColumn(String)
    case tooManyColumns

    package var message: String {
        switch self {
        case .noHeader:
            "the file is empty; a CSV header is missing that names \(Self.expected)"
        case .notText:
            "not a CSV file: the first line is not text; a header is missing that names "
                + Self.expected
        case .missingColumns(let names):
            "the first line is not the header of a CSV file of fixes: it lacks "
                + "\(names.joined(separator: ", ")); it must name \(Self.expected)"
        case .duplicateColumn(let name): "the CSV header names \(name) twice; leave one"
        case .tooManyColumns: "the CSV header has more than \(CSVHeader.maxColumns) columns"
        }
    }

    private static let expected = CSVColumn.mandatory.map(\.name).joined(separator: ",")
}

/// Where in a row each known column stands.
struct CSVHeader {
    static let maxColumns = 1_024
    private(set) var columnCount: Int
    /// Place in a row by `CSVColumn.rawValue`; −1: not there.
    private var places: [Int]
    private(set) var ignored: [String] = []

    @inline(__always)
    subscript(column: CSVColumn) -> Int { places[column.rawValue] }

    init(fields: [[UInt8]], needsRider: Bool) throws(CSVError) {
        guard fields.count <= Self.maxColumns else { throw .tooManyColumns }
        columnCount = fields.count
        places = Array(repeating: -1, count: CSVColumn.allCases.count)
        for (place, bytes) in fields.enumerated() {
            guard let text = String(validating: bytes, as: UTF8.self),
                !text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\t" })
            else { throw .notText }
            let name = Self.trimmed(text)
            guard let column = CSVColumn.allCases.first(where: { $0.name == name }) else {
                ignored.append(name)
                continue
            }
            guard self[column] < 0 else { throw .duplicateColumn(name) }
            places[column.rawValue] = place
        }
        let missing = CSVColumn.mandatory.filter {
            self[$0] < 0 && (needsRider || $0 != .rider)
        }
        guard missing.isEmpty else { throw .missingColumns(missing.map(\.name)) }
    }

    private static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
