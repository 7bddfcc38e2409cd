/// What a geofence tells of: who comes in, who goes out, who stays for long.
package struct FenceDetection: Hashable, Sendable {
    package var enter: Bool
    package var exit: Bool
    /// Told once a stay, when it has lasted so many seconds.
    package var dwellSeconds: Int?

    package init(enter: Bool, exit: Bool, dwellSeconds: Int?) {
        self.enter = enter
        self.exit = exit
        self.dwellSeconds = dwellSeconds
    }

    package static let longestDwellSeconds = 30 * 86_400

    /// Reads `enter,exit,dwell:120`: each at most once, at least one.
    package init(text: String) throws(FenceError) {
        self.init(enter: false, exit: false, dwellSeconds: nil)
        for word in text.lowercased().split(separator: ",", omittingEmptySubsequences: false) {
            if word == "enter", !enter {
                enter = true
            } else if word == "exit", !exit {
                exit = true
            } else if word.hasPrefix("dwell:"), dwellSeconds == nil,
                let seconds = Int(word.dropFirst(6)), seconds > 0,
                seconds <= Self.longestDwellSeconds
            {
                dwellSeconds = seconds
            } else {
                throw .detection(String(text.prefix(64)))
            }
        }
    }

    package var text: String {
        var words: [String] = []
        if enter { words.append("enter") }
        if exit { words.append("exit") }
        if let dwellSeconds { words.append("dwell:\(dwellSeconds)") }
        return words.joined(separator: ",")
    }
}

/// An area whose borders are watched. Leaving takes more than entering: a rider is inside from the
/// first fix in the area to the first that is more than the margin outside, so noise on the border
/// does not make a row of entries and exits.
package struct FenceDefinition: Hashable, Sendable {
    /// 1 to 128 bytes of UTF-8 without control characters, as riders have.
    package var id: [UInt8]
    /// As it was given, words with spaces between.
    package var areaText: String
    package var detection: FenceDetection
    package var marginM: Double
    /// Server time, Unix ms; nil: never.
    package var expiresMs: Int64?

    /// As wide as the noise of a good receiver among houses.
    package static let usualMarginM = 20.0
    package static let widestMarginM = 10_000.0
    package static let longestExpirySeconds: Int64 = 10 * 366 * 86_400

    package init(
        id: [UInt8], areaText: String, detection: FenceDetection,
        marginM: Double = FenceDefinition.usualMarginM, expiresMs: Int64? = nil
    ) {
        self.id = id
        self.areaText = areaText
        self.detection = detection
        self.marginM = marginM
        self.expiresMs = expiresMs
    }

    /// Metres, to a decimetre.
    package static func margin(_ text: String) throws(FenceError) -> Double {
        guard let value = Double(text), value >= 0, value <= widestMarginM,
            text.utf8.allSatisfy({ $0 &- 48 < 10 || $0 == UInt8(ascii: ".") })
        else { throw .margin(String(text.prefix(64))) }
        return (value * 10).rounded() / 10
    }

    /// Seconds from now.
    package static func expiry(_ text: String) throws(FenceError) -> Int64 {
        guard let value = Int64(text), value > 0, value <= longestExpirySeconds else {
            throw .expiry(String(text.prefix(64)))
        }
        return value
    }

    /// To a decimetre, as it is stored.
    package var marginDm: UInt32 {
        get { UInt32((marginM * 10).rounded()) }
        set { marginM = Double(newValue) / 10 }
    }

    package func area() throws(AreaError) -> Area {
        let words = areaText.split(separator: " ").map(String.init)
        return try Area.read(words).area
    }
}

/// What is said on the stream of a fence.
package enum FenceEventKind: UInt8, CaseIterable, Sendable {
    case enter = 1
    case exit = 2
    case dwell = 3
    /// The fence was deleted; nothing is said of who was inside.
    case delete = 4
    case expire = 5

    package var name: String {
        switch self {
        case .enter: "enter"
        case .exit: "exit"
        case .dwell: "dwell"
        case .delete: "delete"
        case .expire: "expire"
        }
    }
}

/// Why a fence cannot be set.
package enum FenceError: Error, Hashable, CustomStringConvertible {
    case detection(String)
    case margin(String)
    case expiry(String)
    case id(Malformed)

    package var description: String {
        switch self {
        case .detection(let text):
            "DETECT '\(text)': enter, exit and dwell:SECONDS (1 to "
                + "\(FenceDetection.longestDwellSeconds)) with commas between, each once"
        case .margin(let text):
            "MARGIN '\(text)': 0 to \(Int(FenceDefinition.widestMarginM)) m expected"
        case .expiry(let text):
            "EX '\(text)': seconds, 1 to \(FenceDefinition.longestExpirySeconds), expected"
        case .id: "fence id: 1 to 128 bytes of UTF-8 without control characters expected"
        }
    }
}
