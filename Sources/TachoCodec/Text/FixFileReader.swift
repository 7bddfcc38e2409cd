import TachoGeo

/// Text formats that fixes are read from.
package enum FixFileFormat: String, CaseIterable, Sendable {
    case csv, ndjson, gpx, plt

    /// By the ending of a file's name, with or without `.gz` behind it; nil: the name does not tell.
    package static func named(_ path: String) -> FixFileFormat? {
        var name = path.lowercased()
        if name.hasSuffix(".gz") { name.removeLast(3) }
        for (ending, format) in endings where name.hasSuffix(ending) { return format }
        return nil
    }

    package static let endings: [(String, FixFileFormat)] = [
        (".csv", .csv), (".ndjson", .ndjson), (".jsonl", .ndjson), (".json", .ndjson),
        (".gpx", .gpx), (".plt", .plt),
    ]

    /// By the first bytes; nil: more are needed to tell.
    static func sniffed(_ bytes: UnsafeRawBufferPointer, isLast: Bool) -> FixFileFormat? {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            // GPX says best what is wrong with UTF-16.
            guard bytes.count >= 4 || isLast else { return nil }
            return bytes.prefix(4).contains(UInt8(ascii: "<")) ? .gpx : .csv
        }
        var text = bytes[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        text = text.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        guard let first = text.first, text.count >= pltStart.count || isLast || first != pltStart[0]
        else { return isLast || bytes.count >= maxSniffedBytes ? .csv : nil }
        // Perhaps the beginning of a mark that has not come whole.
        if bytes.count < 4 && !isLast && (first == 0xEF || first >= 0xFE) { return nil }
        switch first {
        case UInt8(ascii: "<"): return .gpx
        case UInt8(ascii: "{"), UInt8(ascii: "["): return .ndjson
        default: return text.starts(with: pltStart) ? .plt : .csv
        }
    }

    private static let pltStart = Array("Geolife".utf8)
    private static let maxSniffedBytes = 4_096
}

/// A file needs a rider that nobody has named.
package struct RiderNeeded: FixFileError, Equatable {
    package var format: FixFileFormat
    package var message: String {
        "\(format.rawValue) does not say whose fixes these are, and there is no file name that could be"
            + " a rider's (1 to 128 bytes of UTF-8 without control characters): name one with --rider"
    }
}

/// A file that is not what its name says.
private struct NotAsNamed: FixFileError {
    var message: String
}

/// Reads fixes of any format, which may show only in the first bytes.
package struct FixFileReader: FixReader {
    private var reader: (any FixReader)?
    private var held: [UInt8] = []
    private let rider: [UInt8]?
    private let stem: [UInt8]
    /// nil: not known yet.
    package private(set) var format: FixFileFormat?
    private var looksLike: FixFileFormat?

    /// - Parameters:
    ///   - format: nil: told by the first bytes.
    ///   - rider: whose fixes these are if the file does not say.
    ///   - stem: the name of the file without endings, which stands for the rider of GPX, GeoLife
    ///     and NDJSON if none was given. Empty if there is no name.
    package init(format: FixFileFormat?, rider: [UInt8]?, stem: [UInt8]) {
        self.format = format
        self.rider = rider
        self.stem = stem.withUnsafeBytes { RiderName.defect($0) } == nil ? stem : []
    }

    package var warnings: [String] { reader?.warnings ?? [] }
    package var bufferedBytes: Int { held.count + (reader?.bufferedBytes ?? 0) }

    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, record: (FixRecord) throws -> Void
    ) throws {
        if reader != nil { return try pass(bytes, isLast, record) }
        held.append(contentsOf: bytes)
        let found = format ?? held.withUnsafeBytes { FixFileFormat.sniffed($0, isLast: isLast) }
        guard let found else { return }
        format = found
        reader = try make(found)
        var start: [UInt8] = []
        swap(&start, &held)
        looksLike = start.withUnsafeBytes { FixFileFormat.sniffed($0, isLast: true) }
        try start.withUnsafeBytes { try pass($0, isLast, record) }
    }

    private mutating func pass(
        _ bytes: UnsafeRawBufferPointer, _ isLast: Bool, _ record: (FixRecord) throws -> Void
    ) throws {
        do {
            try reader!.feed(bytes, isLast: isLast, record: record)
        } catch let error as any FixFileError {
            // Anything could be CSV, so of that the first bytes say nothing.
            guard let looksLike, looksLike != format, looksLike != .csv else { throw error }
            throw NotAsNamed(
                message: error.message + "; it looks like \(looksLike.rawValue), which"
                    + " --format \(looksLike.rawValue) reads")
        }
    }

    private func make(_ format: FixFileFormat) throws(RiderNeeded) -> any FixReader {
        let name = rider ?? stem
        switch format {
        case .csv: return CSVFixReader(rider: rider)
        case .ndjson: return NDJSONFixReader(rider: name, isFromName: rider == nil && !name.isEmpty)
        case .gpx, .plt:
            guard !name.isEmpty else { throw RiderNeeded(format: format) }
            return format == .gpx ? GPXFixReader(rider: name) : PLTFixReader(rider: name)
        }
    }
}
