import TachoGeo

/// Why a file is no NDJSON. A bad line is no such reason: it is delivered as malformed.
package enum NDJSONError: FixFileError, Equatable {
    /// It begins with `[`.
    case array
    /// Its first line is `{` alone: one object over several lines.
    case spread
    case geoJSON

    package var message: String {
        switch self {
        case .array:
            "a JSON array, one object a line is expected: make it NDJSON with jq -c '.[]' FILE"
        case .spread:
            "JSON over several lines, one object a line is expected: make it NDJSON with"
                + " jq -c . FILE"
        case .geoJSON:
            "GeoJSON is written but not read; tracks printed as csv, ndjson or gpx are"
        }
    }
}

/// Reads fixes from NDJSON: one object a line, with the names of the CSV header as keys, in any
/// order.
///
/// Values are numbers or texts that hold one; `null` and a key that is not there are the same.
/// `verdict` is no field of a fix and is passed over, keys not known are ignored with a warning.
/// Blank lines, a byte order mark and CRLF are accepted. A line that is no object costs itself only.
///
/// Memory: `LineSplitter.maxBytes` beyond the piece fed. Cost: about 2 ns a byte, no allocation a
/// line.
package struct NDJSONFixReader: LineFixReader {
    package private(set) var warnings: [String] = []
    var lines = LineSplitter()
    private var object = JSONFixObject()
    /// Of lines without a rider.
    private let rider: [UInt8]
    private let isRiderFromName: Bool
    private var unknownKeys: [[UInt8]] = []
    private var hasRow = false

    /// Keys named one by one in warnings.
    private static let maxNamedKeys = 8

    /// `rider`: whose fixes lines without a rider are; empty: they are malformed. `isFromName`: it
    /// was taken from the name of the file, which a warning says.
    package init(rider: [UInt8], isFromName: Bool = false) {
        self.rider = rider
        isRiderFromName = isFromName
    }

    mutating func take(
        _ line: LineSplitter.Line, _ deliver: (FixRecord) throws -> Void
    ) throws {
        var row = FixRecord(line: line.number, raw: line.bytes, isCut: line.isCut)
        let trimmed = JSONFixObject.trimmed(line.bytes)
        if trimmed.isEmpty && !line.isCut { return }
        if !hasRow {
            hasRow = true
            if trimmed.first == UInt8(ascii: "[") { throw NDJSONError.array }
            if Self.isGeoJSON(trimmed) { throw NDJSONError.geoJSON }
            if trimmed.count == 1 && trimmed[0] == UInt8(ascii: "{") { throw NDJSONError.spread }
        }
        if line.isCut {
            row.defect = .rowBroken
            row.remark = "the line is longer than \(LineSplitter.maxBytes) bytes"
            return try deliver(row)
        }
        do throws(JSONError) {
            try object.read(line.bytes)
        } catch {
            row.defect = .rowBroken
            row.remark = "no JSON object: \(error.message)"
            return try deliver(row)
        }
        if !object.unknownKeys.isEmpty { noteUnknownKeys(line.bytes) }
        try object.withFields(of: line.bytes) { fields, riderIsGiven in
            row.text = fields.text
            row.rider = fields.rider
            if object.isMissing(.ts) { row.defect = .tsMissing }
            if riderIsGiven { return try deliver(row) }
            if isRiderFromName { noteName() }
            try rider.withUnsafeBytes {
                row.rider = $0
                try deliver(row)
            }
        }
    }

    /// An object whose first key is `type`, and its value one of GeoJSON's.
    private static func isGeoJSON(_ line: UnsafeRawBufferPointer) -> Bool {
        let start = String(decoding: line.prefix(64).filter { $0 > 0x20 }, as: UTF8.self)
        return start.hasPrefix("{\"type\":\"Feature")
    }

    private mutating func noteName() {
        let text =
            "lines without rider are stored as \(String(decoding: rider, as: UTF8.self)),"
            + " the name of the file; --rider names another"
        if !warnings.contains(text) { warnings.append(text) }
    }

    private mutating func noteUnknownKeys(_ line: UnsafeRawBufferPointer) {
        for place in object.unknownKeys where unknownKeys.count <= Self.maxNamedKeys {
            let key = line[place]
            guard !unknownKeys.contains(where: { $0.elementsEqual(key) }) else { continue }
            unknownKeys.append(Array(key))
            let shown = String(decoding: key.prefix(64), as: UTF8.self)
            warnings.append(
                unknownKeys.count > Self.maxNamedKeys
                    ? "more keys are not known and ignored"
                    : "key \"\(shown)\" is not known and ignored")
        }
    }
}
