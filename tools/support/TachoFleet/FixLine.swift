package import TachoGeo

/// The fields of one fix as text: the same bytes go into the ledger and onto the wire.
///
/// Order: rider ts lat lon speed heading acc, `-` for what the courier does not report.
package struct FixLine: Sendable, Hashable {
    package static let fieldCount = 7

    /// What the text says.
    package let fix: Fix

    /// All fields, each followed by one space or by nothing at the end.
    package private(set) var text: [UInt8] = []
    /// Where each field ends in `text`.
    private var ends: [Int] = []

    package init(rider: [UInt8], fix: Fix) {
        self.fix = fix
        text.reserveCapacity(rider.count + 80)
        ends.reserveCapacity(Self.fieldCount)
        text.append(contentsOf: rider)
        close()
        Decimal.appendInteger(fix.tsMs, to: &text)
        close()
        Decimal.append(Int64(fix.latE7), decimals: 7, trimmed: false, to: &text)
        close()
        Decimal.append(Int64(fix.lonE7), decimals: 7, trimmed: false, to: &text)
        close()
        append(optional: fix.speedCms, decimals: 2)
        append(optional: fix.headingCdeg, decimals: 2)
        append(optional: fix.accuracyDm, decimals: 1)
        text.removeLast()
    }

    package func field(_ number: Int) -> ArraySlice<UInt8> {
        text[(number == 0 ? 0 : ends[number - 1] + 1)..<ends[number]]
    }

    private mutating func append(optional value: Int32, decimals: Int) {
        if value == Fix.absent {
            text.append(UInt8(ascii: "-"))
        } else {
            Decimal.append(Int64(value), decimals: decimals, trimmed: true, to: &text)
        }
        close()
    }

    private mutating func close() {
        ends.append(text.count)
        text.append(UInt8(ascii: " "))
    }
}
