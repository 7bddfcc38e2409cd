package import TachoGeo

/// One report of a text file. Everything is borrowed and valid during the call that hands it out.
package struct FixRecord {
    /// The line of the file the report begins in; the first line is 1.
    package var line: Int
    /// The report as the file has it, without its line break; of one longer than the reader keeps
    /// the start.
    package var raw: UnsafeRawBufferPointer
    /// `raw` is only the start of the report.
    package var isCut: Bool
    /// The rider's name. Not checked: `RiderName.defect` does that.
    package var rider: UnsafeRawBufferPointer
    /// The other fields. Not read yet: `FixText.read` does that.
    package var text: FixText
    /// Why the report has no fields; `rider` and most of `text` are empty then.
    package var defect: Malformed?
    /// What the format has to say of the defect, in place of its usual words.
    package var remark: String?

    static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    init(line: Int, raw: UnsafeRawBufferPointer, isCut: Bool = false) {
        self.line = line
        self.raw = raw
        self.isCut = isCut
        rider = Self.nothing
        text = FixText(ts: Self.nothing, lat: Self.nothing, lon: Self.nothing)
    }

    /// Why it is no fix, in one line that begins with the reason's code.
    package func reason(_ defect: Malformed) -> String {
        if let remark { return "\(defect.code): \(remark)" }
        let value =
            switch defect {
            case .tsNotInteger, .tsOutOfRange, .tsNotTime: text.ts
            case .latNotNumber, .latOutOfRange: text.lat
            case .lonNotNumber, .lonOutOfRange: text.lon
            case .riderEmpty, .riderTooLong, .riderNotText, .rowBroken, .tsMissing: Self.nothing
            }
        if value.isEmpty && (defect == .latNotNumber || defect == .lonNotNumber) {
            return "\(defect.code): no \(defect == .latNotNumber ? "lat" : "lon")"
        }
        let shown = String(decoding: value.prefix(Self.shownBytes), as: UTF8.self)
        return "\(defect.code): \(defect.message(value: shown))"
    }

    private static let shownBytes = 64
}

/// Reads fixes from a file of some format as it arrives, in pieces cut anywhere.
package protocol FixReader {
    /// Remarks for the user; more may come with every piece.
    var warnings: [String] { get }
    /// Bytes kept for the next piece: bounded, whatever the file contains.
    var bufferedBytes: Int { get }

    /// Takes the next piece and hands out the reports that it completes, good or broken, in order.
    /// `isLast`: the file ends here.
    ///
    /// Throws a `FixFileError` if the file cannot be read on, or whatever `record` throws. The
    /// reader is of no use afterwards; what it has handed out stays true.
    mutating func feed(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, record: (FixRecord) throws -> Void
    ) throws
}

/// Why a file cannot be read at all, or not on.
package protocol FixFileError: Error {
    /// One line that says what to do.
    var message: String { get }
}
