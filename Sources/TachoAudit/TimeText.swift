import TachoGeo

/// Times as people write them on a command line: Unix ms, or RFC 3339.
package enum TimeText {
    /// Unix ms; nil when `text` is neither. Digits of a second beyond the third are cut off.
    package static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        if let ms = bytes.withUnsafeBytes(Decimal.integer) {
            return abs(ms) < Fix.timeLimitMs ? ms : nil
        }
        return parseDate(bytes[...])
    }

    /// `YYYY-MM-DDThh:mm:ss[.f…](Z|±hh:mm)`; `t`, `z` and a space for `T` are allowed.
    private static func parseDate(_ bytes: ArraySlice<UInt8>) -> Int64? {
        var rest = bytes
        guard let year = number(4, &rest), take("-", &rest), let month = number(2, &rest),
            take("-", &rest), let day = number(2, &rest), take("Tt ", &rest),
            let hour = number(2, &rest), take(":", &rest), let minute = number(2, &rest),
            take(":", &rest), let second = number(2, &rest)
        else { return nil }
        guard (1...12).contains(month), (1...days(in: month, year)).contains(day), hour < 24,
            minute < 60, second <= 60
        else { return nil }
        var ms: Int64 = 0
        if take(".", &rest) {
            var place: Int64 = 100
            guard let first = rest.first, first &- 48 < 10 else { return nil }
            while let digit = rest.first, digit &- 48 < 10 {
                ms += Int64(digit - 48) * place
                place /= 10
                rest = rest.dropFirst()
            }
        }
        guard let offset = parseOffset(&rest), rest.isEmpty else { return nil }
        let seconds =
            dayNumber(year, month, day) * 86_400 + hour * 3_600 + (minute - offset) * 60 + second
        return seconds * 1_000 + ms
    }

    /// Minutes east of Greenwich.
    private static func parseOffset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        if take("Zz", &rest) { return 0 }
        let sign: Int64
        if take("+", &rest) {
            sign = 1
        } else if take("-", &rest) {
            sign = -1
        } else {
            return nil
        }
        guard let hour = number(2, &rest), take(":", &rest), let minute = number(2, &rest),
            hour < 24, minute < 60
        else { return nil }
        return sign * (hour * 60 + minute)
    }

    private static func number(_ digits: Int, _ rest: inout ArraySlice<UInt8>) -> Int64? {
        let field = rest.prefix(digits)
        guard field.count == digits, field.allSatisfy({ $0 &- 48 < 10 }) else { return nil }
        rest = rest.dropFirst(digits)
        return field.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    private static func take(_ choices: String, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard let first = rest.first, choices.utf8.contains(first) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func days(in month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: isLeap(year) ? 29 : 28
        default: 31
        }
    }

    private static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// Days since 1970-01-01 in the Gregorian calendar, years 0…9999.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        // Years begin in March here, so that the leap day is the last day of a year. 719,468 days
        // lie between 1 March of year 0 and 1970; +400 years keep every division positive.
        let shifted = (month <= 2 ? year - 1 : year) + 400
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear
            - 719_468 - 146_097
    }
}
