package import TachoGeo

/// What to export. Everything by default.
package struct ExportQuery: Sendable {
    /// Names; nil for all riders.
    package var riders: Set<[UInt8]>?
    /// Event times in Unix ms, inclusive.
    package var tsMs: ClosedRange<Int64> = .min ... .max
    /// Server receipt times in Unix ms, inclusive.
    package var recvMs: ClosedRange<Int64> = .min ... .max
    /// Only positions inside, measured one by one.
    package var area: ExportArea?
    /// Only the first so many segments, amendments of later ones ignored; nil for all there are.
    package var asOf: UInt64?
    /// Only rows behind this one.
    package var after: ExportCursor?
    /// At most so many rows.
    package var limit: UInt64?

    package init() {}
}

/// An area with the words it was asked for in.
package struct ExportArea: Sendable {
    package let area: Area
    /// `CIRCLE,37.5,127,100`: one area, one text.
    package let text: String

    /// Words as on a command line, with commas between them.
    package init(commaSeparated words: String) throws(AreaError) {
        area = try Area(commaSeparated: words)
        let parts = words.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        text = Area.canonical(parts).joined(separator: ",")
    }
}

/// The place of a row, and how many segments the question was asked of: where the next page of the
/// same question begins, whatever was sealed meanwhile.
package struct ExportCursor: Comparable, Sendable {
    /// The question was asked of the first so many segments.
    package var asOf: UInt64
    package var segment: UInt64
    package var block: Int
    package var index: Int

    package init(asOf: UInt64, segment: UInt64, block: Int, index: Int) {
        self.asOf = asOf
        self.segment = segment
        self.block = block
        self.index = index
    }

    /// Reads `ASOF/SEGMENT/BLOCK/INDEX`; nil when it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { $0.utf8.first == 0x2B ? nil : UInt64($0) }
        guard parts.count == 4, numbers.count == 4, numbers[1] > 0, numbers[1] <= numbers[0],
            numbers[2] <= UInt64(UInt32.max), numbers[3] < UInt64(SegmentFormat.blockCapacity)
        else { return nil }
        self.init(
            asOf: numbers[0], segment: numbers[1], block: Int(numbers[2]), index: Int(numbers[3]))
    }

    package static func < (a: ExportCursor, b: ExportCursor) -> Bool {
        (a.segment, a.block, a.index) < (b.segment, b.block, b.index)
    }

    package var text: String { "\(asOf)/\(segment)/\(block)/\(index)" }
}

/// What an export wrote.
package struct ExportSummary: Equatable, Sendable {
    package var rows: UInt64 = 0
    /// How many segments the question was asked of.
    package var segments: UInt64 = 0
    /// Event and receipt times of the rows.
    package var tsBounds = TimeBounds()
    package var recvBounds = TimeBounds()
    /// Riders asked for that have points in none of the segments, ascending.
    package var unknownRiders: [[UInt8]] = []
    /// The segments the question was asked of.
    package var sources: [ExportSource] = []
    /// The last row, if there are more than the limit asked for.
    package var cursor: ExportCursor?

    package init() {}
}

/// A segment that was read, and what names it.
package struct ExportSource: Equatable, Sendable {
    package var segment: UInt64
    package var bytes: UInt64
    /// Segment root.
    package var root: [UInt8]
    /// Of the whole file, as the next segment states it; nil if there is none.
    package var sha256: [UInt8]?
    package var path: String
}
