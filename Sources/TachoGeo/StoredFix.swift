/// Vehicle class of a rider when a fix was received: it sets the speed that is believed.
package enum VehicleClass: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case car = 0
    case foot = 1
    case bicycle = 2
    case scooter = 3
    case any = 4

    package var name: String {
        switch self {
        case .car: "car"
        case .foot: "foot"
        case .bicycle: "bicycle"
        case .scooter: "scooter"
        case .any: "any"
        }
    }
}

/// How a fix came in, which decides what the rules take as its receipt time.
package enum Provenance: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// Sent as it happened: rules take the server's receipt time.
    case live = 0
    /// Imported without a receipt time: rules take min(ts, server's receipt time).
    case history = 1
    /// Imported with a receipt time of another system: rules take that.
    case claimed = 2
}

/// A fix with what the server added: receipt, circumstances, verdict. The unit of chunks and tails.
package struct StoredFix: Hashable, Sendable, BitwiseCopyable {
    package var fix: Fix
    package var provenance: Provenance
    package var vehicle: VehicleClass
    /// The verdict as decided on arrival; in answers to readers the current one.
    package var verdict: Verdict
    /// The server's receipt time in Unix ms: tsMs plus a multiple of 64, rounded up.
    package var recvMs: Int64
    /// The receipt time another system claimed, exact; meaningful only if provenance is `claimed`.
    package var claimedRecvMs: Int64

    package init(
        fix: Fix, provenance: Provenance, vehicle: VehicleClass, verdict: Verdict, recvMs: Int64,
        claimedRecvMs: Int64
    ) {
        self.fix = fix
        self.provenance = provenance
        self.vehicle = vehicle
        self.verdict = verdict
        self.recvMs = recvMs
        self.claimedRecvMs = claimedRecvMs
    }

    /// The receipt time the rules used and alerts show, in Unix ms.
    package var ruleRecvMs: Int64 {
        switch provenance {
        case .live: recvMs
        case .history: min(fix.tsMs, recvMs)
        case .claimed: claimedRecvMs
        }
    }

    /// The receipt time as stored: ts + ⌈delay / 64⌉ · 64 ms, also when the delay is negative.
    package static func quantisedReceipt(tsMs: Int64, nowMs: Int64) -> Int64 {
        // Division rounds toward zero, so a positive remainder is what has to be rounded up.
        let delayMs = nowMs - tsMs
        var steps = delayMs / receiptStepMs
        if delayMs % receiptStepMs > 0 { steps += 1 }
        return tsMs + steps * receiptStepMs
    }

    @inlinable package static var receiptStepMs: Int64 { 64 }
}
