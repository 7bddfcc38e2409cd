import TachoGeo

/// How the values of one column are written. Numbers are only appended; `format-spec.md` §3.
enum ColumnCodec: UInt8 {
    /// No fix has the field.
    case none = 0
    /// One value for all.
    case constant = 1
    /// Distances above the smallest value, bit-packed.
    case offset = 2
    /// Steps from value to value, less a usual step, bit-packed.
    case delta = 3
    /// Errors of a linear prediction over time from the two values before, bit-packed.
    case linear = 4
    /// Receive delays of fixes received together: a receipt clock, and what is above it.
    case clock = 5
    /// Errors of a prediction from the movement that speed and heading report, bit-packed.
    case course = 6
    /// Steps around a circle, bit-packed.
    case turn = 7

    /// Set in the codec byte when a bitmap says which fixes have the field.
    static let presenceFlag: UInt8 = 0x80
}

/// The columns of a block, in the order in which they are written.
package enum Column: UInt8, Sendable, CaseIterable {
    case time = 0
    case lat = 1
    case lon = 2
    case speed = 3
    case heading = 4
    case accuracy = 5
    case altitude = 6
    case source = 7
    case origin = 8
    case receiveDelay = 9
    case claimedReceipt = 10
    case verdict = 11
    case arrival = 12

    /// What a value of the column may be; encoder and decoder refuse everything else.
    var limits: ClosedRange<Int64> {
        switch self {
        case .time: -(Fix.timeLimitMs - 1)...Fix.timeLimitMs - 1
        case .lat: -Int64(Coordinate.maxLatE7)...Int64(Coordinate.maxLatE7)
        case .lon: -Int64(Coordinate.maxLonE7)...Int64(Coordinate.maxLonE7)
        case .speed: 0...100_000
        case .heading: 0...35_999
        case .accuracy: 0...1_000_000
        case .altitude: -200_000...1_000_000
        case .source: 0...4
        case .origin: 0...14
        case .receiveDelay: -(1 << 43)...1 << 43
        case .claimedReceipt: -(Fix.timeLimitMs - 1)...Fix.timeLimitMs - 1
        case .verdict: 0...65_534
        case .arrival: 0...Int64(UInt32.max)
        }
    }

    /// The codecs a column may have besides `constant`, in the order in which they are tried.
    var codecs: [ColumnCodec] {
        switch self {
        case .lat, .lon: [.linear, .delta, .course]
        case .heading: [.offset, .delta, .turn]
        case .receiveDelay: [.offset, .delta, .clock]
        case .source, .origin, .verdict: [.offset]
        case .time, .arrival: [.delta]
        case .speed, .accuracy, .altitude, .claimedReceipt: [.offset, .delta]
        }
    }

    /// Absent fields are allowed.
    var isOptional: Bool {
        switch self {
        case .speed, .heading, .accuracy, .altitude, .claimedReceipt: true
        default: false
        }
    }
}

/// Why bytes are no column block. After a checksum that was right: a defect of the writer.
package enum ColumnError: Error, Equatable {
    /// More fixes asked for than a block can hold.
    case countOutOfRange
    case truncated(Column)
    case varintTooLong(Column)
    /// A codec this version does not know, or not for this column.
    case unknownCodec(Column, UInt8)
    /// The bitmap says all or nothing, or has bits beyond the count.
    case badPresence(Column)
    /// A bit width above 64, a block length out of range, padding that is not zero, or planes that
    /// are no LZ4 block of their size.
    case badPacking(Column)
    case badDictionary
    /// A value a fix cannot have.
    case valueOutOfRange(Column)
    case trailingBytes

    package var message: String {
        switch self {
        case .countOutOfRange: "a column block holds at most \(FixColumns.maxCount) fixes"
        case .truncated(let column): "the bytes end within column \(column)"
        case .varintTooLong(let column): "column \(column) has an integer of more than 64 bits"
        case .unknownCodec(let column, let id):
            "column \(column) has codec \(id), which this version does not read; use a newer one"
        case .badPresence(let column): "column \(column) has an impossible presence bitmap"
        case .badPacking(let column): "column \(column) has impossible packed values"
        case .badDictionary: "the verdict dictionary is impossible"
        case .valueOutOfRange(let column): "column \(column) has a value no fix can have"
        case .trailingBytes: "bytes follow after the last column"
        }
    }

    init(_ error: ByteReadError, in column: Column) {
        switch error {
        case .truncated: self = .truncated(column)
        case .varintTooLong: self = .varintTooLong(column)
        }
    }
}
