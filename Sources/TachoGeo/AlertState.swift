/// What has become of an alert, by the last of its reviews.
///
/// Reviews are appended and never changed: the state is the last one, the history all of them. No
/// state does anything to a rider or a fix; people decide what follows.
///
///     open ──► ack ──► confirmed ◄─► false_positive
///       └───────┴──────────┴──► appeal ──► appeal_upheld
///                                 ▲  └───► appeal_rejected ──► false_positive
///                                 └──────────────┘
package enum AlertState: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// Nobody has looked at it.
    case open = 0
    /// Somebody is on it.
    case acknowledged = 1
    /// What the rule saw was no forgery.
    case falsePositive = 2
    /// What the rule saw was one.
    case confirmed = 3
    /// The rider, or who speaks for them, objects.
    case appeal = 4
    case appealUpheld = 5
    case appealRejected = 6

    /// As it is written everywhere.
    package var name: String {
        switch self {
        case .open: "open"
        case .acknowledged: "ack"
        case .falsePositive: "false_positive"
        case .confirmed: "confirmed"
        case .appeal: "appeal"
        case .appealUpheld: "appeal_upheld"
        case .appealRejected: "appeal_rejected"
        }
    }

    package init?(name: String) {
        guard let found = AlertState.allCases.first(where: { $0.name == name.lowercased() })
        else { return nil }
        self = found
    }

    /// What may come next. A decision can be corrected as long as no appeal was upheld; an appeal
    /// is decided by its own two answers alone.
    package var successors: [AlertState] {
        switch self {
        case .open: [.acknowledged, .falsePositive, .confirmed, .appeal]
        case .acknowledged: [.falsePositive, .confirmed, .appeal]
        case .falsePositive: [.confirmed]
        case .confirmed: [.falsePositive, .appeal]
        case .appeal: [.appealUpheld, .appealRejected]
        case .appealUpheld: []
        case .appealRejected: [.falsePositive, .appeal]
        }
    }

    /// Whether an alert in this state counts in its rider's risk score.
    package var counts: Bool { self != .falsePositive && self != .appealUpheld }

    /// Whether it says if the alert was right, until a later decision says otherwise.
    package var isDecision: Bool {
        switch self {
        case .falsePositive, .confirmed, .appealUpheld, .appealRejected: true
        case .open, .acknowledged, .appeal: false
        }
    }
}

/// What a reviewer may write.
package enum ReviewText {
    /// Bytes of UTF-8; at least one.
    package static let maxActorBytes = 128
    /// Bytes of UTF-8; none is allowed.
    package static let maxNoteBytes = 1_024

    /// Why the name of who reviews is none; nil: it is one.
    package static func actorDefect(_ text: [UInt8]) -> String? {
        if text.isEmpty { return "who reviews must have a name" }
        if text.count > maxActorBytes {
            return "the name of who reviews has \(text.count) bytes, at most \(maxActorBytes)"
        }
        return isText(text)
            ? nil : "the name of who reviews is not UTF-8 without control characters"
    }

    /// Why a note cannot be kept; nil: it can. Line feeds and tabs are text.
    package static func noteDefect(_ text: [UInt8]) -> String? {
        if text.count > maxNoteBytes {
            return "the note has \(text.count) bytes, at most \(maxNoteBytes)"
        }
        return isText(text.map { $0 == 0x0A || $0 == 0x09 ? 0x20 : $0 })
            ? nil : "the note is not UTF-8 without control characters"
    }

    private static func isText(_ text: [UInt8]) -> Bool {
        text.withUnsafeBytes { RiderName.isPlainUTF8($0) }
    }
}
