package import TachoGeo

/// How loudly a code is reported to operations.
package enum Severity: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// Told to the writer, no alert.
    case none = 0
    case info = 1
    case warn = 2
    case crit = 3

    package var name: String {
        switch self {
        case .none: "none"
        case .info: "info"
        case .warn: "warn"
        case .crit: "crit"
        }
    }

    /// What makes a code louder or quieter than usual.
    package struct Circumstances: Sendable {
        /// An altitude jumped by more than receivers do.
        package var isLargeJump = false
        /// The phone is known to re-send positions while it moves.
        package var isHolder = false
        /// A jump from the rider's very first position, while the phone says it stands at both: the
        /// first one came from a cache.
        package var isCachedStart = false
        /// No longer than the jumps receivers make; and after a gap, as they make them.
        package var isNearJump = false
        package var isAfterGap = false
        /// Within 12 s of a receiver's first position, or of its first after a gap.
        package var isFresh = false
        /// Beyond those, but after a gap: a receiver that was lost for long.
        package var isFarAfterGap = false
        /// No faster than the rider was before: a train, or an aeroplane.
        package var isAtPace = false
        /// Faster than the rider's class by a quarter at most: a train, before anything else.
        package var isNearSpeed = false
        /// From one step to the next: no vehicle gets so fast so soon.
        package var isSudden = false
        package init() {}
    }

    /// `effect` tells the two kinds of TELEPORT apart: held at once, or flagged when confirmed.
    package static func of(
        _ code: Code, effect: Effect, _ circumstances: Circumstances = Circumstances()
    ) -> Severity {
        switch code {
        case .invalid, .tsFuture, .tsPast, .flicker, .tsConflict, .replay, .colocated: .crit
        case .overspeed:
            switch (circumstances.isNearSpeed, circumstances.isSudden) {
            case (false, true): .crit
            case (true, false): .info
            default: .warn
            }
        case .frozen: circumstances.isHolder ? .info : .crit
        // Of a replayed fix the chain's own effect is not seen any more; it was told when it was held.
        case .teleport: ofTeleport(effect, circumstances)
        case .spike: circumstances.isNearJump && circumstances.isFresh ? .info : .warn
        case .gapSpeed: circumstances.isAtPace ? .info : .warn
        case .mockFlag, .tsStep, .tsRate, .speedMismatch, .headingMismatch,
            .pvDiverge, .staticSynth,
            .synthLine, .synthSpeed, .quantised, .constMeta, .zigzag,
            .replayFuzzy:
            .warn
        case .altJump: circumstances.isLargeJump ? .warn : .info
        case .whiteJitter, .glitch, .lockstep: .info
        case .lowAccuracy, .candidate: .none
        }
    }

    private static func ofTeleport(_ effect: Effect, _ of: Circumstances) -> Severity {
        if of.isCachedStart || of.isAtPace || of.isNearJump && of.isFresh { return .info }
        if effect == .hold && of.isNearJump && of.isAfterGap { return .info }
        let isWarning =
            effect == .flag || effect == .quarantine || of.isNearJump || of.isFarAfterGap
        return isWarning ? .warn : .crit
    }
}
