/// Why a report is not a fix at all. Such a report is not stored; its raw text is kept.
package enum Malformed: UInt8, Sendable, CaseIterable, Error, BitwiseCopyable {
    case riderEmpty = 1
    case riderTooLong = 2
    case riderNotText = 3
    case tsNotInteger = 4
    case tsOutOfRange = 5
    case latNotNumber = 6
    case latOutOfRange = 7
    case lonNotNumber = 8
    case lonOutOfRange = 9
    /// A row has not as many fields as its header, broken quotes, or is longer than any row.
    case rowBroken = 10
    /// A track point or an object without any time.
    case tsMissing = 11
    /// A time that should be RFC 3339.
    case tsNotTime = 12

    /// A name for machines, as HTTP and rejected files show it.
    package var code: String {
        switch self {
        case .riderEmpty: "RIDER_EMPTY"
        case .riderTooLong: "RIDER_TOO_LONG"
        case .riderNotText: "RIDER_NOT_TEXT"
        case .tsNotInteger: "TS_NOT_INTEGER"
        case .tsOutOfRange: "TS_RANGE"
        case .latNotNumber: "LAT_NOT_NUMBER"
        case .latOutOfRange: "LAT_RANGE"
        case .lonNotNumber: "LON_NOT_NUMBER"
        case .lonOutOfRange: "LON_RANGE"
        case .rowBroken: "ROW_BROKEN"
        case .tsMissing: "TS_MISSING"
        case .tsNotTime: "TS_NOT_TIME"
        }
    }

    /// One line that says what is wrong and what would be right. `value` is the offending text.
    package func message(value: String) -> String {
        switch self {
        case .riderEmpty: "rider is empty, 1 to 128 bytes of UTF-8 expected"
        case .riderTooLong: "rider is longer than 128 bytes"
        case .riderNotText: "rider is not UTF-8 text without control characters"
        case .tsNotInteger: "ts \(value) is not an integer, Unix time in ms expected"
        case .tsOutOfRange: "ts \(value) out of range, |ts| < 2^47 ms expected"
        case .latNotNumber: "lat \(value) is not a number"
        case .latOutOfRange: "lat \(value) out of range, did you swap lat and lon?"
        case .lonNotNumber: "lon \(value) is not a number"
        case .lonOutOfRange: "lon \(value) out of range, -180 to 180 expected"
        case .tsMissing: "no time"
        case .tsNotTime: "time \(value) is not RFC 3339 as in 2019-02-17T07:10:28Z"
        case .rowBroken: "the row has too few or too many fields, a stray quote, or is over 1 MiB"
        }
    }
}
