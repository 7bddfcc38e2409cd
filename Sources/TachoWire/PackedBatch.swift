import TachoGeo

/// The layout of the packed batch, the argument of T.PUT: a header, fixed rows, names. Stated in
/// `format-spec.md` §13.
///
///     header 12 B | row 36 B × rows | name length u8 × riders | names
///
/// A row repeats the fields of `Fix` in their units, so that reading one is loads and comparisons.
package enum PackedBatch {
    static let magic: [UInt8] = Array("TPUT".utf8)
    static let version: UInt8 = 0
    package static let headerBytes = 12
    package static let rowBytes = 36
    package static let maxRiders = Int(UInt16.max)
    /// In place of a speed, heading, accuracy or altitude that is not known.
    package static let absent = Fix.absent

    /// Offsets in the header.
    enum Header {
        static let version = 4
        static let flags = 5
        static let riders = 6
        static let rows = 8
    }

    /// Offsets in a row.
    enum Row {
        static let ts = 0
        static let lat = 8
        static let lon = 12
        static let speed = 16
        static let heading = 20
        static let accuracy = 24
        static let altitude = 28
        static let source = 32
        static let zero = 33
        static let rider = 34
    }

    /// Bytes of a batch of so many rows and riders, whose names together have `nameBytes`.
    package static func bytes(rows: Int, riders: Int, nameBytes: Int) -> Int {
        headerBytes + rows * rowBytes + riders + nameBytes
    }
}

/// Why bytes are no packed batch. Nothing of such a batch is stored.
package enum PackedDefect: Error, Equatable, Sendable {
    case notPacked
    case version(UInt8)
    case flags(UInt8)
    /// The header and the lengths of the names ask for another size.
    case length(expected: Int, found: Int)
    /// The row's rider is none of the table.
    case rider(row: Int)
    case rowByte(row: Int)

    package var message: String {
        switch self {
        case .notPacked: "packed batch does not start with TPUT and a header of 12 bytes"
        case .version(let version):
            "packed batch of version \(version), this server knows version 0"
        case .flags(let flags): "packed batch with unknown flags \(flags), 0 expected"
        case .length(let expected, let found):
            "packed batch of \(found) bytes, its header and names ask for \(expected)"
        case .rider(let row): "packed batch: row \(row) names a rider that is not in the table"
        case .rowByte(let row): "packed batch: byte 33 of row \(row) is not 0"
        }
    }
}
