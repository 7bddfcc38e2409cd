/// What a verdict does to a fix. Ordered: the strongest of several wins.
package enum Effect: UInt8, Comparable, Sendable, CaseIterable, BitwiseCopyable {
    /// In latest and in settlement.
    case accept = 0
    /// As accept, with a mark.
    case flag = 1
    /// Stored; not in latest, not in settlement, until a chain confirms it.
    case hold = 2
    /// Stored; never in latest or settlement.
    case quarantine = 3

    package static func < (a: Effect, b: Effect) -> Bool { a.rawValue < b.rawValue }

    package var name: String {
        switch self {
        case .accept: "accept"
        case .flag: "flag"
        case .hold: "hold"
        case .quarantine: "quarantine"
        }
    }
}

/// A rule's name and its number for ever: the bit it has in a verdict. Numbers are only appended.
///
/// Built so far; `format-spec.md` lists all numbers, also those reserved for rules to come.
package enum Code: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case invalid = 0
    case mockFlag = 1
    case tsFuture = 2
    case tsPast = 3
    case lowAccuracy = 4
    case tsStep = 5
    case tsConflict = 6
    case teleport = 8
    case spike = 9
    case candidate = 10
    case flicker = 11
    case gapSpeed = 12
    case overspeed = 13
    case speedMismatch = 14
    case headingMismatch = 15
    case pvDiverge = 16
    case frozen = 17
    case staticSynth = 18
    case synthLine = 19
    case synthSpeed = 20
    case whiteJitter = 21
    case quantised = 22
    case constMeta = 23
    case altJump = 24
    case zigzag = 25
    case replay = 26
    case replayFuzzy = 27
    case colocated = 28
    case lockstep = 29
    case glitch = 30
    case tsRate = 31

    @inlinable package var bit: UInt64 { 1 << UInt64(rawValue) }

    package var name: String { Code.names[Int(rawValue)]! }

    /// All names by number, built or reserved. nil: free.
    package static let names: [String?] = {
        let known = [
            "INVALID", "MOCK_FLAG", "TS_FUTURE", "TS_PAST", "LOWACC", "TS_STEP", "TS_CONFLICT",
            "TS_OVERLAP", "TELEPORT", "SPIKE", "CANDIDATE", "FLICKER", "GAP_SPEED", "OVERSPEED",
            "SPEED_MISMATCH", "HEADING_MISMATCH", "PV_DIVERGE", "FROZEN", "STATIC_SYNTH",
            "SYNTH_LINE", "SYNTH_SPEED", "WHITE_JITTER", "QUANTISED", "CONST_META", "ALT_JUMP",
            "ZIGZAG", "REPLAY", "REPLAY_FUZZY", "COLOCATED", "LOCKSTEP", "GLITCH", "TS_RATE",
        ]
        return known.map { $0 } + Array(repeating: nil, count: 64 - known.count)
    }()
}

/// What the rules decided about one fix: a set of codes, and the effect.
///
/// `isTrusted` is the judge's own mark: after this fix the chain stood on it with no candidate
/// open. The late path starts and ends at such fixes, so it is stored with the verdict.
package struct Verdict: Hashable, Sendable, BitwiseCopyable {
    /// One bit per `Code`.
    package var codes: UInt64
    package var effect: Effect
    package var isTrusted: Bool

    package init(codes: UInt64 = 0, effect: Effect = .accept, isTrusted: Bool = false) {
        self.codes = codes
        self.effect = effect
        self.isTrusted = isTrusted
    }

    /// In latest and in settlement.
    @inlinable package var isShown: Bool { effect.rawValue <= Effect.flag.rawValue }

    /// `ok`, or `EFFECT:CODE+CODE` with the codes in number order.
    package var text: String {
        if codes == 0 && effect == .accept { return "ok" }
        var parts: [String] = []
        for number in 0..<64 where codes & (1 << UInt64(number)) != 0 {
            parts.append(Code.names[number] ?? "CODE\(number)")
        }
        return effect.name + ":" + parts.joined(separator: "+")
    }
}

/// Which fixes a read returns, by the effect of their current verdict.
package enum VerdictFilter: String, Sendable, CaseIterable {
    case all
    /// Effect accept.
    case ok
    /// Every other effect.
    case flagged

    package func admits(_ verdict: Verdict) -> Bool {
        switch self {
        case .all: true
        case .ok: verdict.effect == .accept
        case .flagged: verdict.effect != .accept
        }
    }
}
