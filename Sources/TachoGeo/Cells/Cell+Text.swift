extension Cell: CustomStringConvertible {
    /// The id in hexadecimal without leading zeros, as H3's tools write it: 15 digits.
    package var hex: String { String(rawValue, radix: 16) }

    package var description: String { hex }

    /// Reads an id in hexadecimal, in either case. nil: no number, or not a valid cell.
    package init?(hex text: some StringProtocol) {
        guard (1...16).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "+"),
            let bits = UInt64(text, radix: 16), Cell(rawValue: bits).isValid
        else { return nil }
        self.init(rawValue: bits)
    }
}
