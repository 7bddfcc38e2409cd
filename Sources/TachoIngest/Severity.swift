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
        /// Faster than the rider's class by a quarter at most: a train, before anything else.
        package var isNearSpeed = false
        package init() {}
    }

    /// `effect` tells the two kinds of TELEPORT apart: held at once, or flagged when confirmed.
    package static func of(
        _ code: Code, effect: Effect, _ circumstances: Circumstances = Circumstances()
    ) -> Severity {
        switch code {
        case .invalid, .tsFuture, .tsPast, .flicker, .tsConflict, .replay, .colocated: .crit
        case .overspeed: circumstances.isNearSpeed ? .warn : .crit
        case .frozen: circumstances.isHolder ? .info : .crit
        // Of a replayed fix the chain's own effect is not seen any more; it was told when it was held.
        case .teleport:
            circumstances.isCachedStart
                || effect == .hold && circumstances.isNearJump && circumstances.isAfterGap
                ? .info
                : effect == .flag || effect == .quarantine || circumstances.isNearJump
                    ? .warn : .crit
        case .mockFlag, .tsStep, .tsRate, .gapSpeed, .spike, .speedMismatch, .headingMismatch,
            .pvDiverge, .staticSynth,
            .synthLine, .synthSpeed, .quantised, .constMeta, .zigzag,
            .replayFuzzy:
            .warn
        case .altJump: circumstances.isLargeJump ? .warn : .info
        case .whiteJitter, .glitch, .lockstep: .info
        case .lowAccuracy, .candidate: .none
        }
    }
}

/// One alert per rider and code in 60 s of receipt time; later hits only raise the count.
package struct AlertWindow: Hashable, Sendable, BitwiseCopyable {
    /// Receipt time of the alert that opened the window, ms.
    package var startMs: Int64
    /// Hits in the window, the first included.
    package var count: UInt32

    package init(startMs: Int64, count: UInt32) {
        self.startMs = startMs
        self.count = count
    }

    package static let lengthMs: Int64 = 60_000

    /// Takes a hit. True: it opens a new window and is an alert of its own. A receipt time before
    /// the window counts to it: late evidence opens no second one.
    package static func hit(_ window: inout AlertWindow?, atRecvMs: Int64) -> Bool {
        if var open = window, atRecvMs < open.startMs + lengthMs {
            open.count += 1
            window = open
            return false
        }
        window = AlertWindow(startMs: atRecvMs, count: 1)
        return true
    }
}
