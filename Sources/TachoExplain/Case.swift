package import TachoGeo
package import TachoIngest

/// Everything stored about one fix that explains its verdict, as the engine found it.
package struct Case: Sendable {
    package var rider: String
    /// With the verdict decided on arrival.
    package var stored: StoredFix
    package var current: Verdict
    /// Place among the fixes of its time, by arrival.
    package var ordinal: Int
    /// In the order in which they were decided.
    package var amendments: [CaseAmendment]
    /// Alerts about this fix, and those that count it in their 60 s.
    package var alerts: [CaseAlert]
    package var place: CasePlace
    /// The fixes around it by time and arrival, itself included.
    package var track: [CaseFix]
    /// The track begins with the rider's first fix.
    package var reachesFirst: Bool
    /// Of the rules that judged it, as far as that is known: what is recomputed is recomputed with
    /// these.
    package var limits: Thresholds

    package init(
        rider: String, stored: StoredFix, current: Verdict, ordinal: Int,
        amendments: [CaseAmendment], alerts: [CaseAlert], place: CasePlace, track: [CaseFix],
        reachesFirst: Bool, limits: Thresholds
    ) {
        self.rider = rider
        self.stored = stored
        self.current = current
        self.ordinal = ordinal
        self.amendments = amendments
        self.alerts = alerts
        self.place = place
        self.track = track
        self.reachesFirst = reachesFirst
        self.limits = limits
    }
}

/// A fix of the track around the one that is explained.
package struct CaseFix: Sendable {
    package var fix: Fix
    package var vehicle: VehicleClass
    package var current: Verdict
    /// Place among the fixes of its time.
    package var ordinal: Int

    package init(fix: Fix, vehicle: VehicleClass, current: Verdict, ordinal: Int) {
        self.fix = fix
        self.vehicle = vehicle
        self.current = current
        self.ordinal = ordinal
    }
}

package struct CaseAmendment: Sendable, Hashable {
    package var verdict: Verdict
    package var cause: AmendCause
    /// Of the fix whose arrival caused it; nil: not in the database yet.
    package var sequence: UInt64?
    package var ruleSet: UInt16

    package init(verdict: Verdict, cause: AmendCause, sequence: UInt64?, ruleSet: UInt16) {
        self.verdict = verdict
        self.cause = cause
        self.sequence = sequence
        self.ruleSet = ruleSet
    }
}

package struct CaseAlert: Sendable {
    package var code: String
    package var severity: String
    /// The fix it is about: another one if it counts this one in its 60 s.
    package var tsMs: Int64
    package var atRecvMs: Int64
    /// Hits in its window.
    package var count: Int
    package var evidenceJSON: String

    package init(
        code: String, severity: String, tsMs: Int64, atRecvMs: Int64, count: Int,
        evidenceJSON: String
    ) {
        self.code = code
        self.severity = severity
        self.tsMs = tsMs
        self.atRecvMs = atRecvMs
        self.count = count
        self.evidenceJSON = evidenceJSON
    }
}

/// Where the bytes of a fix lie.
package struct CasePlace: Sendable, Hashable {
    package enum Holder: String, Sendable {
        /// Not in a chunk yet: in the journal, and in tails of the last checkpoint.
        case journal
        /// In a chunk of the database.
        case hot
        /// In a sealed segment.
        case segment
    }

    package struct InSegment: Sendable, Hashable {
        package var id: UInt64
        /// Below the data directory.
        package var file: String
        package var block: Int
        package var index: Int

        package init(id: UInt64, file: String, block: Int, index: Int) {
            self.id = id
            self.file = file
            self.block = block
            self.index = index
        }
    }

    package var holder: Holder
    package var range: UInt32
    /// Fixes of the rider that had arrived in the range before.
    package var arrival: UInt32
    /// Bounds of the range's sequences; the last is nil while it is open.
    package var firstSequence: UInt64
    package var lastSequence: UInt64?
    package var segment: InSegment?
    /// Why the place in the segment cannot be told.
    package var problem: String?

    package init(
        holder: Holder, range: UInt32, arrival: UInt32, firstSequence: UInt64,
        lastSequence: UInt64?
    ) {
        self.holder = holder
        self.range = range
        self.arrival = arrival
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
    }
}
