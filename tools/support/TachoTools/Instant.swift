import TachoGeo

/// Times on the command line and in messages: Unix ms or RFC 3339, UTC when written.
///
/// Proleptic Gregorian calendar without leap seconds, as RFC 3339 and Unix time have it.
package enum Instant {
    /// `1550387428000`, `2019-02-17T07:10:28.5Z` or `2019-02-17T08:10:28+01:00` in Unix ms.
    /// Fractions of a second beyond ms are cut off. nil: neither form.
    package static func parse(_ text: String) -> Int64? {
        if let ms = Int64(text) { return ms }
        let bytes = Array(text.utf8)
        // 2019-02-17T07:10:28
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] | 0x20 == UInt8(ascii: "t") || bytes[10] == UInt8(ascii: " "),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
            let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]),
            let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
            (1...12).contains(month), (1...daysIn(month, year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var at = 19
        var ms: Int64 = 0
        if bytes[at] == UInt8(ascii: ".") {
            var place: Int64 = 100
            at += 1
            guard at < bytes.count, bytes[at] &- 48 < 10 else { return nil }
            while at < bytes.count, bytes[at] &- 48 < 10 {
                ms += Int64(bytes[at] - 48) * place
                place /= 10
                at += 1
            }
        }
        guard let offsetMinutes = offset(bytes[at...]) else { return nil }
        let days = daysFromEpoch(year: year, month: month, day: day)
        let minutes = (days * 24 + hour) * 60 + minute - offsetMinutes
        return (minutes * 60 + second) * 1000 + ms
    }

    /// `2019-02-17T07:10:28.000Z`; years outside 0…9999 with a sign and as many digits as needed.
    package static func text(ms: Int64) -> String { UTCTime.text(ms: ms) }

    /// `20190217T071028Z`, for names of files.
    package static func compactText(ms: Int64) -> String {
        String(text(ms: ms).prefix { $0 != "." }.filter { $0 != "-" && $0 != ":" }) + "Z"
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for digit in digits {
            guard digit &- 48 < 10 else { return nil }
            value = value * 10 + Int64(digit - 48)
        }
        return value
    }

    /// `Z` or `±HH:MM`, in minutes east of UTC.
    private static func offset(_ text: ArraySlice<UInt8>) -> Int64? {
        let bytes = Array(text)
        if bytes.count == 1 { return bytes[0] | 0x20 == UInt8(ascii: "z") ? 0 : nil }
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"),
            let hours = number(bytes[1..<3]), let minutes = number(bytes[4..<6]),
            hours < 24, minutes < 60
        else { return nil }
        switch bytes[0] {
        case UInt8(ascii: "+"): return hours * 60 + minutes
        case UInt8(ascii: "-"): return -(hours * 60 + minutes)
        default: return nil
        }
    }

    private static func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    /// Days since 1970-01-01. Years are counted from March, so that the leap day comes last and
    /// months have a regular length: (153 m + 2) / 5 days lie before month m.
    private static func daysFromEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let y = month > 2 ? year : year - 1
        let m = month > 2 ? month - 3 : month + 9
        let leapDays = floorDivide(y, 4) - floorDivide(y, 100) + floorDivide(y, 400)
        return y * 365 + leapDays + (153 * m + 2) / 5 + day - 1 - daysToEpoch
    }

    /// Days from 0000-03-01 to 1970-01-01.
    private static let daysToEpoch: Int64 = 719_468

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
        a / b - (a % b < 0 ? 1 : 0)
    }
}
