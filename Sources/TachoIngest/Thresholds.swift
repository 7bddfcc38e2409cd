import TachoGeo

/// The numbers the rules compare with, as code uses them. Their names, units and what may be set:
/// `ThresholdTable`; defaults and what they mean: `Sources/rules.md`.
///
/// A set of thresholds is identified by `hash`, which travels with every commit group: who
/// recomputes a verdict can tell whether the same numbers were used.
package struct Thresholds: Sendable, Hashable {
    /// Null island: both |lat| and |lon| below this, 1e-7 degree.
    package var nullIslandE7: Int32 = 100_000
    /// A fix further ahead of its receipt than this comes from a wrong clock, ms.
    package var futureMs: Int64 = 30_000
    /// 2000-01-01T00:00:00Z: no phone sends positions from before.
    package var pastMs: Int64 = 946_684_800_000
    /// Accuracy above this is told to the writer, 0.1 m.
    package var lowAccuracyDm: Int32 = 1_000
    /// Assumed where a phone reports no accuracy, m.
    package var missingAccuracyM = 15.0
    /// TELEPORT at once: this far beyond reach, m.
    package var teleportBeyondM = 350.0
    /// TELEPORT at once applies to legs of at most this, ms.
    package var teleportWithinMs: Int64 = 60_000
    /// The jump rule (confirmed TELEPORT, SPIKE): base, m; per second up to 10 s, m/s.
    package var jumpBaseM = 330.0
    package var jumpPerSecondM = 15.0
    package var jumpSeconds = 10.0
    /// So many consistent fixes make a candidate the anchor.
    package var confirmations = 3
    /// The longest time a held position is credited, ms (twice the device's learned hold, at least
    /// 15 s; holds are not learned in this rule set).
    package var holdCreditMs: Int64 = 15_000
    /// Below this reported speed the phone says it stands still, 0.01 m/s.
    package var standingCms: Int32 = 60

    // Rules about motion, in single precision as they compute.
    /// A field is believed after so many steps at which it agreed with the movement.
    package var channelAgreements: Float = 12
    /// Steps with a new position after which a phone's habits are known.
    package var learnedMoves: UInt16 = 20
    /// Of the class's speed; what is beyond it adds to the debt, m, by so much a step at most.
    package var overspeedShare: Float = 0.97
    package var overspeedStepM: Float = 80
    package var overspeedDebtM: Float = 200
    package var speedMismatchTauS: Float = 25
    package var speedMismatchMps: Float = 3
    package var speedMismatchShare: Float = 0.45
    package var speedMismatchS: Float = 15
    package var headingAgainst: Float = 6
    package var headingFrozen: Float = 10
    package var divergenceTauS: Float = 90
    package var divergenceStepM: Float = 36
    package var divergenceM: Float = 90
    /// Way by the reported speed at one position, m; more for a phone that holds positions, m/s of
    /// its longest hold; and runs of so many holds.
    package var frozenM: Float = 30
    package var frozenPerHoldMps: Float = 45
    package var frozenHolds: Float = 2.5
    package var lockStops: UInt8 = 2
    package var lockAfterJumpS: Float = 25
    package var lineStepS: Float = 2.9
    package var lineMissM: Float = 0.25
    package var lineScore: Float = 10
    package var evenSpeedShare: Float = 0.006
    package var evenSpeedMps: Float = 0.04
    package var evenSpeedTurning: Float = 18
    package var evenSpeedStraight: Float = 26
    package var jitterSamples: Float = 45
    package var jitterCorrelation: Float = -0.6
    package var gridRun: UInt8 = 4
    package var gridFiner: UInt8 = 20
    package var metadataRun: Float = 12
    package var metadataLogLikelihood: Float = -25
    package var altitudeJumpM: Float = 120
    package var altitudeWarnM: Float = 400
    package var zigzagM: Float = 25
    package var zigzagAccuracyM: Float = 30
    package var zigzagMps2: Float = 7
    package var zigzagCount: Float = 4
    /// TS_STEP: so far behind the newest time, ms, so many times.
    package var clockStepMs: Int64 = 20_000
    package var clockStepCount: UInt8 = 5
    /// TS_RATE: time passes at so much of the pace of receipt at most, so many times.
    package var clockRateShare: Float = 0.7
    package var clockRateCount: Float = 15
    /// TS_CONFLICT: so far from the first fix of the time, m, beside both accuracies; or so many
    /// others of one time.
    package var conflictM = 30.0
    package var conflicts = 4
    /// GLITCH: jumps of at most so many metres, after a gap of so many ms.
    package var glitchToM = 2_000.0
    package var glitchGapMs: Int64 = 9_000
    /// GAP_SPEED: a gap of so many ms, a way of so many m, at so many m/s of a car; other classes
    /// in proportion to their speed.
    package var gapMs: Int64 = 60_000
    package var gapM = 1_500.0
    package var gapMps = 31.0
    package var flickerM: Float = 200
    package var flickerTauS: Float = 90
    package var flickerCount: Float = 3
    /// Believed speeds by vehicle class, m/s: how far a rider can have come in a minute.
    package var footMps = 12.0
    package var bicycleMps = 22.0
    package var scooterMps = 36.0
    package var carMps = 42.0
    package var anyMps = 95.0

    // Rules across riders.
    /// One of so many places, and of so many cells, is remembered for days.
    package var placeShare: UInt64 = 16
    package var cellShare: UInt64 = 8
    /// What is compared of two tracks ends where they were found alike and begins so long before, ms.
    package var alikeMs: Int64 = 10 * 60_000
    /// REPLAY: so many fixes in a row, from so old a track, ms, its clock advancing alike, ms.
    package var replayFixes = 3
    package var replayAgeMs: Int64 = 10 * 60_000
    package var replayClockMs: Int64 = 10_000
    /// COLOCATED: so many fixes in a row within so much time, ms.
    package var colocatedFixes = 3
    package var colocatedMs: Int64 = 90_000
    /// REPLAY_FUZZY and LOCKSTEP: so many cells, this share of all, so long a way, m; each entered at
    /// the same place, m, at the same distance in time, ms.
    package var lockedCells = 8
    package var lockedShare = 0.6
    package var lockedM = 600.0
    package var lockedWithinM = 6.5
    package var lockedWithinMs: Int64 = 350

    /// Codes that are never given; by themselves none. Some cannot be off: `RuleSet.switchable`.
    package var off: UInt64 = 0

    /// No rule about motion is on: nothing is remembered of it.
    @inline(__always)
    package var isMotionOff: Bool { off & RuleSet.motionCodes == RuleSet.motionCodes }

    package init() {}

    /// FNV-1a over the numbers in declaration order, each in eight bytes. Read off the declaration, so
    /// that none can be forgotten; about 0.1 ms, once an engine.
    package var hash64: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for child in Mirror(reflecting: self).children {
            guard let value = child.value as? any StateValue else {
                preconditionFailure("a threshold that is no number: \(child.label ?? "?")")
            }
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                hash = (hash ^ (value.bits >> shift & 0xFF)) &* 0x100_0000_01B3
            }
        }
        return hash
    }
}
