import TachoGeo

/// Why a file is no GeoLife `.plt`.
package enum PLTError: FixFileError, Equatable {
    /// One of the header's lines is a fix already.
    case noHeader(line: Int)

    package var message: String {
        switch self {
        case .noHeader(let line):
            "line \(line) is a fix, but a GeoLife .plt has \(PLTFixReader.headerLines) lines of"
                + " header before the first: put them back, or fixes would be lost"
        }
    }
}

/// Reads fixes from the `.plt` of GeoLife: six lines of header, then
/// `lat,lon,0,altitude in feet,days since 1899-12-30,date,time`, in GMT.
///
/// Date and time are read as text; the days, a fraction of few digits, are not. An altitude of −777
/// is unknown; others become metres by 0.3048, in decimal arithmetic. A header that names another
/// datum than WGS 84 or another unit than feet is a warning.
///
/// Memory: `LineSplitter.maxBytes` beyond the piece fed. Cost: about 2 ns a byte, no allocation a
/// line.
package struct PLTFixReader: LineFixReader {
    package static let headerLines = 6
    /// Fields a line has at least; what follows is passed over.
    private static let fieldCount = 7

    package private(set) var warnings: [String] = []
    private let rider: [UInt8]
    var lines = LineSplitter()
    private var fields = [UnsafeRawBufferPointer](
        repeating: FixRecord.nothing, count: PLTFixReader.fieldCount)
    /// Time and altitude as the text of a fix.
    private var made: [UInt8] = []

    package init(rider: [UInt8]) { self.rider = rider }

    mutating func take(
        _ line: LineSplitter.Line, _ deliver: (FixRecord) throws -> Void
    ) throws {
        if line.number <= Self.headerLines { return try takeHeader(line) }
        if JSONFixObject.trimmed(line.bytes).isEmpty && !line.isCut { return }
        var row = FixRecord(line: line.number, raw: line.bytes, isCut: line.isCut)
        guard split(line.bytes), !line.isCut else {
            row.defect = .rowBroken
            row.remark = "lat,lon,0,feet,days,date,time expected"
            return try deliver(row)
        }
        made.removeAll(keepingCapacity: true)
        let time = UTCTime.read(date: fields[5], time: fields[6])
        if let time { Decimal.appendInteger(time.rounded, to: &made) }
        let tsEnd = made.count
        let altitude = Self.appendMetres(ofFeet: fields[3], to: &made)
        try rider.withUnsafeBytes { rider in
            try made.withUnsafeBytes { made in
                row.rider = rider
                row.text = FixText(
                    ts: UnsafeRawBufferPointer(rebasing: made[..<tsEnd]), lat: fields[0],
                    lon: fields[1])
                switch altitude {
                case .unknown: break
                case .metres:
                    row.text.altitude = UnsafeRawBufferPointer(rebasing: made[tsEnd...])
                case .unreadable: row.text.altitude = fields[3]
                }
                if time == nil {
                    row.defect = .tsNotTime
                    let day = String(decoding: fields[5].prefix(32), as: UTF8.self)
                    let clock = String(decoding: fields[6].prefix(32), as: UTF8.self)
                    row.remark =
                        "date \(day) and time \(clock) are not as in 2008-10-23,02:53:04"
                }
                try deliver(row)
            }
        }
    }

    private mutating func takeHeader(_ line: LineSplitter.Line) throws {
        if split(line.bytes), UTCTime.read(date: fields[5], time: fields[6]) != nil {
            throw PLTError.noHeader(line: line.number)
        }
        let text = String(decoding: JSONFixObject.trimmed(line.bytes).prefix(64), as: UTF8.self)
        if line.number == 2 && text != "WGS 84" {
            warnings.append("the header's datum is \"\(text)\", positions are taken for WGS 84")
        }
        if line.number == 3 && !text.lowercased().contains("feet") {
            warnings.append("the header says \"\(text)\", altitudes are taken for feet")
        }
    }

    /// Finds the fields of a line. False: it has too few.
    private mutating func split(_ line: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        for i in fields.indices {
            let end = line[start...].firstIndex(of: UInt8(ascii: ",")) ?? line.count
            if end == line.count && i < fields.count - 1 { return false }
            fields[i] = JSONFixObject.trimmed(UnsafeRawBufferPointer(rebasing: line[start..<end]))
            start = end + 1
        }
        return true
    }
}

// MARK: Feet

extension PLTFixReader {
    enum Altitude: Equatable {
        case unknown, metres
        /// No number, or none of a height.
        case unreadable
    }

    /// Appends metres with one decimal. Exact for feet of up to 13 decimals, ties away from zero.
    static func appendMetres(
        ofFeet feet: UnsafeRawBufferPointer, to out: inout [UInt8]
    ) -> Altitude {
        guard case .success(let scaled) = Decimal.scaled(feet, scale: feetDecimals) else {
            return .unreadable
        }
        if scaled == unknownFeet * feetUnit { return .unknown }
        // 1 ft = 3.048 dm.
        let product = Int128(scaled) * 3_048
        let unit = Int128(feetUnit) * 1_000
        let half = scaled < 0 ? -unit / 2 : unit / 2
        Decimal.append(Int64((product + half) / unit), decimals: 1, trimmed: true, to: &out)
        return .metres
    }

    /// 100 km in feet with so many decimals are below 2^62.
    private static let feetDecimals = 13
    private static let feetUnit: Int64 = 10_000_000_000_000
    private static let unknownFeet: Int64 = -777
}
