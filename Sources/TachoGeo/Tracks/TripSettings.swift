/// What makes a stop and what makes a gap.
package struct TripSettings: Hashable, Sendable {
    /// A stop lasts at least so long, ms.
    package var minStopMs: Int64
    /// Fixes of a stop lie within so much of its centre, mm.
    package var radiusMm: Int64
    /// Fixes further apart in time have a gap between them, ms.
    package var gapMs: Int64

    package init(minStopMs: Int64 = 180_000, radiusMm: Int64 = 50_000, gapMs: Int64 = 3_600_000) {
        self.minStopMs = minStopMs
        self.radiusMm = radiusMm
        self.gapMs = gapMs
    }

    package static let longestMinStopMs: Int64 = 86_400_000
    package static let longestRadiusMm: Int64 = 10_000_000
    package static let longestGapMs: Int64 = 31_536_000_000

    /// Sets `MINSTOP`, `RADIUS` or `GAP`, decimals of seconds, metres and seconds. `name`: what an
    /// error calls it.
    package mutating func set(
        _ option: Option, _ text: UnsafeRawBufferPointer, name: String? = nil
    ) throws(TrackNumberError) {
        let value = try TrackNumber.read(
            text, name: name ?? option.rawValue, unit: option == .radius ? "metres" : "seconds",
            most: Self.most(option))
        switch option {
        case .minStop: minStopMs = value
        case .radius: radiusMm = value
        case .gap: gapMs = value
        }
    }

    /// The same of a word of a command line.
    package mutating func set(
        _ option: Option, word: String, name: String
    ) throws(TrackNumberError) {
        let bytes = Array(word.utf8)
        var copy = self
        let result = bytes.withUnsafeBytes { text in
            Result { () throws(TrackNumberError) in try copy.set(option, text, name: name) }
        }
        try result.get()
        self = copy
    }

    package enum Option: String, CaseIterable, Sendable {
        case minStop = "MINSTOP"
        case radius = "RADIUS"
        case gap = "GAP"
    }

    /// Thousandths of the unit.
    private static func most(_ option: Option) -> Int64 {
        switch option {
        case .minStop: longestMinStopMs
        case .radius: longestRadiusMm
        case .gap: longestGapMs
        }
    }
}

/// A positive decimal number of a question about a track, with thousandths.
package enum TrackNumber {
    /// The furthest a simplified track may be off, mm.
    package static let mostSimplifyMm: Int64 = 100_000_000

    /// The value in thousandths.
    package static func read(
        _ text: UnsafeRawBufferPointer, name: String, unit: String, most: Int64
    ) throws(TrackNumberError) -> Int64 {
        guard case .success(let value) = Decimal.scaled(text, scale: 3), value > 0, value <= most
        else {
            throw TrackNumberError(
                name: name, text: shown(text),
                expected: "\(unit), more than 0 and at most \(most / 1_000)")
        }
        return value
    }

    /// The distance of `SIMPLIFY`, mm.
    package static func simplify(
        _ text: UnsafeRawBufferPointer, name: String = "SIMPLIFY"
    ) throws(TrackNumberError) -> Int64 {
        try read(text, name: name, unit: "metres", most: mostSimplifyMm)
    }

    /// The same of a word of a command line.
    package static func simplify(
        word: String, name: String
    ) throws(TrackNumberError) -> Int64 {
        let bytes = Array(word.utf8)
        let result = bytes.withUnsafeBytes { text in
            Result { () throws(TrackNumberError) in try simplify(text, name: name) }
        }
        return try result.get()
    }

    private static func shown(_ text: UnsafeRawBufferPointer) -> String {
        let cut = text.prefix(64).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
        return String(decoding: cut, as: UTF8.self) + (text.count > 64 ? "..." : "")
    }
}

package struct TrackNumberError: Error, Hashable, Sendable, CustomStringConvertible {
    package var name: String
    package var text: String
    package var expected: String

    package var description: String { "\(name) '\(text)': \(expected) expected" }
}
