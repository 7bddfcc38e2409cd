import TachoGeo

/// Times on the command line and in messages: Unix ms or RFC 3339, UTC when written.
///
/// Proleptic Gregorian calendar without leap seconds, as RFC 3339 and Unix time have it.
package enum Instant {
    /// `1550387428000`, `2019-02-17T07:10:28.5Z` or `2019-02-17T08:10:28+01:00` in Unix ms.
    /// Fractions of a second beyond ms are cut off. nil: neither form.
    package static func parse(_ text: String) -> Int64? {
        if let ms = Int64(text) { return ms }
        let reading = Array(text.utf8).withUnsafeBytes { UTCTime.read($0) }
        guard let reading, reading.hasOffset else { return nil }
        return reading.ms
    }

    /// `2019-02-17T07:10:28.000Z`; years outside 0…9999 with a sign and as many digits as needed.
    package static func text(ms: Int64) -> String { UTCTime.text(ms: ms) }

    /// `20190217T071028Z`, for names of files.
    package static func compactText(ms: Int64) -> String {
        String(text(ms: ms).prefix { $0 != "." }.filter { $0 != "-" && $0 != ":" }) + "Z"
    }
}
