package import TachoGeo

/// The SHA-256 of the CSV of a distance's legs, header included, while rows come by: what
/// `sha256sum` prints of the file. Cost: 150 ns a row.
package struct LegDigest: ~Copyable {
    private var out = TextBuffer(capacity: 2 * pieceBytes)
    private var text = LegText()
    private var hash = RunningDigest()

    private static let pieceBytes = 1 << 16

    package init() { out.append(LegText.header.utf8) }

    package mutating func add(_ row: LegRow) {
        text.append(row, to: &out)
        if out.count >= Self.pieceBytes { flush() }
    }

    /// Of all rows so far.
    package mutating func value() -> [UInt8] {
        flush()
        return hash.value()
    }

    private mutating func flush() {
        hash.update(out.text)
        out.removeAll()
    }
}
