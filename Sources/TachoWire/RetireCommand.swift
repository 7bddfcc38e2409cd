import TachoGeo

/// `T.RETIRE [HOTDAYS d]`: nil is as the server was told.
package struct RetireRequest: Equatable, Sendable {
    package var hotDays: Double?

    package init(hotDays: Double? = nil) { self.hotDays = hotDays }

    static func parse(_ arguments: Arguments) throws(CommandError) -> RetireRequest {
        if arguments.count == 1 { return RetireRequest() }
        guard arguments.count == 3, arguments.isWord(1, "HOTDAYS") else { throw .syntax }
        guard let days = hotDays(arguments[2]) else {
            throw .badOption(
                "HOTDAYS", value: arguments.shown(2), expected: "a number of days, 0 to 36500")
        }
        return RetireRequest(hotDays: days)
    }

    /// Days to a millionth; nil: it is no such number.
    package static func hotDays(_ text: UnsafeRawBufferPointer) -> Double? {
        guard case .success(let millionths) = Decimal.scaled(text, scale: 6),
            (0...36_500_000_000).contains(millionths)
        else { return nil }
        return Double(millionths) / 1_000_000
    }
}
