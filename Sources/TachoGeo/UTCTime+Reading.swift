// Reading RFC 3339: of the command line, and of track points by the million.
extension UTCTime {
    /// A time as it was read: the ms in which it lies, and where in that ms.
    package struct Reading: Equatable, Sendable {
        /// Unix ms, the rest of a finer fraction cut off.
        package var ms: Int64
        /// Against half a ms: −1 below (or nothing at all), 0 exactly, 1 above.
        package var restAgainstHalf: Int
        /// `Z` or `±HH:MM` was there; without, the time was taken for UTC.
        package var hasOffset: Bool

        /// To the nearest ms, ties away from zero, like every number of a fix.
        package var rounded: Int64 {
            restAgainstHalf > 0 || restAgainstHalf == 0 && ms >= 0 ? ms + 1 : ms
        }
    }

    /// Reads `2019-02-17T07:10:28.5+01:00`. A small `t`, `z` and a space between date and time are
    /// accepted, years of more digits with a sign as `text(ms:)` writes them, a leap second as the
    /// second behind it. nil: no such time. No allocation; about 20 ns.
    package static func read(_ text: UnsafeRawBufferPointer) -> Reading? {
        guard
            let split = text.firstIndex(where: {
                $0 | 0x20 == UInt8(ascii: "t") || $0 == UInt8(ascii: " ")
            })
        else { return nil }
        return read(
            date: UnsafeRawBufferPointer(rebasing: text[..<split]),
            time: UnsafeRawBufferPointer(rebasing: text[(split + 1)...]))
    }

    /// The same of a date and a time that stand apart.
    package static func read(
        date: UnsafeRawBufferPointer, time: UnsafeRawBufferPointer
    ) -> Reading? {
        // 07:10:28
        guard let days = days(date), time.count >= 8, time[2] == UInt8(ascii: ":"),
            time[5] == UInt8(ascii: ":"), let hour = number(time, 0..<2),
            let minute = number(time, 3..<5), let second = number(time, 6..<8), hour < 24,
            minute < 60, second < 60 || second == 60 && minute == 59
        else { return nil }
        var at = 8
        var reading = Reading(ms: 0, restAgainstHalf: -1, hasOffset: false)
        if at < time.count, time[at] == UInt8(ascii: ".") {
            guard let end = fraction(time, from: at + 1, into: &reading) else { return nil }
            at = end
        }
        guard let offsetMinutes = offset(time, at) else { return nil }
        reading.hasOffset = at < time.count
        let minutes = (days * 24 + hour) * 60 + minute - offsetMinutes
        reading.ms += (minutes * 60 + second) * 1000
        return reading
    }

    /// Days since 1970-01-01 of `2019-02-17`.
    private static func days(_ date: UnsafeRawBufferPointer) -> Int64? {
        let isSigned = date.first == UInt8(ascii: "-") || date.first == UInt8(ascii: "+")
        let start = isSigned ? 1 : 0
        let yearEnd = date.count - 6
        // Nine digits at most, so that nothing overflows.
        guard (4...9).contains(yearEnd - start), isSigned || yearEnd == 4,
            date[yearEnd] == UInt8(ascii: "-"), date[yearEnd + 3] == UInt8(ascii: "-"),
            let digits = number(date, start..<yearEnd),
            let month = number(date, yearEnd + 1..<yearEnd + 3),
            let day = number(date, yearEnd + 4..<yearEnd + 6)
        else { return nil }
        let year = date.first == UInt8(ascii: "-") ? -digits : digits
        guard (1...12).contains(month), (1...daysIn(month, year)).contains(day) else {
            return nil
        }
        return daysFromEpoch(year: year, month: month, day: day)
    }

    /// Returns where the digits end; nil if there are none.
    private static func fraction(
        _ text: UnsafeRawBufferPointer, from start: Int, into reading: inout Reading
    ) -> Int? {
        var at = start
        var place: Int64 = 100
        while at < text.count, text[at] &- 48 < 10 {
            let digit = Int64(text[at] - 48)
            if place > 0 {
                reading.ms += digit * place
            } else if at == start + 3 {
                reading.restAgainstHalf = Int((digit - 5).signum())
            } else if digit > 0 && reading.restAgainstHalf == 0 {
                reading.restAgainstHalf = 1
            }
            place /= 10
            at += 1
        }
        return at > start ? at : nil
    }

    /// `Z`, `±HH:MM` or nothing up to the end, in minutes east of UTC.
    private static func offset(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int64? {
        switch text.count - at {
        case 0: return 0
        case 1: return text[at] | 0x20 == UInt8(ascii: "z") ? 0 : nil
        case 6:
            guard text[at + 3] == UInt8(ascii: ":"), let hours = number(text, at + 1..<at + 3),
                let minutes = number(text, at + 4..<at + 6), hours < 24, minutes < 60
            else { return nil }
            if text[at] == UInt8(ascii: "+") { return hours * 60 + minutes }
            return text[at] == UInt8(ascii: "-") ? -(hours * 60 + minutes) : nil
        default: return nil
        }
    }

    private static func number(_ text: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int64? {
        var value: Int64 = 0
        for i in range {
            guard text[i] &- 48 < 10 else { return nil }
            value = value * 10 + Int64(text[i] - 48)
        }
        return value
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
}
