/// Every number of `Thresholds` by its name, with what may be set: the one source of `T.RULES GET`
/// and `SET`, of what the journal holds, and of the table in `Sources/rules.md`.
///
/// In order of declaration: a test compares the two. Ranges keep out what a rule cannot work with
/// (a decay over no time, a count beyond where its counter stops), not what is unwise.
package enum ThresholdTable {
    package static let rows: [ThresholdRow] =
        pointRows + chainRows + motionRows + otherRows + speedRows + acrossRows

    package static func row(_ name: String) -> ThresholdRow? { byName[name].map { rows[$0] } }

    private static let byName = Dictionary(
        uniqueKeysWithValues: rows.enumerated().map { ($1.name, $0) })

    private static func row(
        _ name: String, _ field: ThresholdRow.Field, _ range: ClosedRange<Double>,
        _ meaning: String
    ) -> ThresholdRow { ThresholdRow(name, field, range, meaning) }

    private static let pointRows = [
        row(
            "null_island_deg", .scaled(\.nullIslandE7, decimals: 7), 0...1,
            "INVALID: both coordinates nearer to 0 than this"),
        row(
            "ts_future_ms", .ms(\.futureMs), 0...86_400_000,
            "TS_FUTURE: further ahead of its receipt"),
        row(
            "ts_past_ms", .ms(\.pastMs), 0...1_577_836_800_000,
            "TS_PAST: before this Unix time"),
        row(
            "low_accuracy_m", .scaled(\.lowAccuracyDm, decimals: 1), 0...100_000,
            "LOWACC: a radius above this"),
        row(
            "missing_accuracy_m", .double(\.missingAccuracyM), 0...1_000,
            "the radius of a fix that reports none"),
    ]

    private static let chainRows = [
        row(
            "teleport_beyond_m", .double(\.teleportBeyondM), 0...100_000,
            "TELEPORT at once, GAP_SPEED: this far beyond reach"),
        row(
            "teleport_within_ms", .ms(\.teleportWithinMs), 0...3_600_000,
            "TELEPORT at once: legs of at most this"),
        row(
            "jump_base_m", .double(\.jumpBaseM), 0...100_000,
            "jump rule (SPIKE, confirmed TELEPORT): distance from 0 s on"),
        row(
            "jump_growth_mps", .double(\.jumpPerSecondM), 0...1_000,
            "jump rule: more for each second"),
        row(
            "jump_growth_s", .double(\.jumpSeconds), 0...3_600, "jump rule: seconds that count"),
        row(
            "confirmation_fixes", .count(\.confirmations), 2...3,
            "so many consistent fixes make a candidate the anchor"),
        row(
            "hold_credit_ms", .ms(\.holdCreditMs), 0...600_000,
            "longest credit for a position that was held"),
        row(
            "standing_mps", .scaled(\.standingCms, decimals: 2), 0...10,
            "below this reported speed the phone says it stands still"),
    ]

    private static let motionRows = [
        row(
            "channel_agreement_steps", .single(\.channelAgreements), 1...40,
            "a field is believed after so many steps that agreed"),
        row(
            "learned_steps", .word(\.learnedMoves), 0...65_535,
            "new positions after which a phone's habits are known"),
        row(
            "overspeed_ratio", .single(\.overspeedShare), 0.1...10,
            "OVERSPEED: limit as a share of the class's speed"),
        row(
            "overspeed_step_m", .single(\.overspeedStepM), 0...10_000,
            "OVERSPEED: most that one step adds"),
        row(
            "overspeed_debt_m", .single(\.overspeedDebtM), 1...100_000,
            "OVERSPEED: way beyond the limit in all"),
        row(
            "speed_mismatch_tau_s", .single(\.speedMismatchTauS), 1...3_600,
            "SPEED_MISMATCH: smoothing"),
        row(
            "speed_mismatch_mps", .single(\.speedMismatchMps), 0...100,
            "SPEED_MISMATCH: difference at least"),
        row(
            "speed_mismatch_ratio", .single(\.speedMismatchShare), 0...10,
            "SPEED_MISMATCH: difference as a share of the larger one"),
        row(
            "speed_mismatch_s", .single(\.speedMismatchS), 0...119, "SPEED_MISMATCH: for so long"),
        row(
            "heading_against_stretches", .single(\.headingAgainst), 1...12,
            "HEADING_MISMATCH: stretches against the heading"),
        row(
            "heading_frozen_stretches", .single(\.headingFrozen), 1...30,
            "HEADING_MISMATCH: stretches elsewhere with a frozen field"),
        row(
            "pv_diverge_tau_s", .single(\.divergenceTauS), 1...3_600, "PV_DIVERGE: leak"),
        row(
            "pv_diverge_step_m", .single(\.divergenceStepM), 0...10_000,
            "PV_DIVERGE: most that one step adds"),
        row(
            "pv_diverge_m", .single(\.divergenceM), 0...100_000,
            "PV_DIVERGE: length of the sum, beside 2 · accuracy"),
        row(
            "frozen_m", .single(\.frozenM), 0...100_000,
            "FROZEN: reported way at one position"),
        row(
            "frozen_per_hold_mps", .single(\.frozenPerHoldMps), 0...1_000,
            "FROZEN: more for each second of the phone's longest hold"),
        row(
            "frozen_holds", .single(\.frozenHolds), 0...100,
            "FROZEN: longer than so many of those holds"),
        row(
            "static_lock_stops", .byte(\.lockStops), 1...250,
            "STATIC_SYNTH: stops at which the phone jittered"),
        row(
            "static_lock_after_jump_s", .single(\.lockAfterJumpS), 0...3_600,
            "STATIC_SYNTH: exact lock after a jump"),
        row(
            "synth_line_step_s", .single(\.lineStepS), 0...20, "SYNTH_LINE: shortest step"),
        row(
            "synth_line_miss_m", .single(\.lineMissM), 0...1_000,
            "SYNTH_LINE: residual of constant velocity"),
        row("synth_line_steps", .single(\.lineScore), 1...20, "SYNTH_LINE: even steps"),
        row(
            "synth_speed_ratio", .single(\.evenSpeedShare), 0...1,
            "SYNTH_SPEED: change of speed, share"),
        row(
            "synth_speed_mps", .single(\.evenSpeedMps), 0...20,
            "SYNTH_SPEED: change of speed beside the share"),
        row(
            "synth_speed_turning_steps", .single(\.evenSpeedTurning), 1...40,
            "SYNTH_SPEED: even steps with 60° of turning"),
        row(
            "synth_speed_straight_steps", .single(\.evenSpeedStraight), 1...40,
            "SYNTH_SPEED: even steps without, and steps of one reported speed"),
        row(
            "white_jitter_steps", .single(\.jitterSamples), 1...200, "WHITE_JITTER: samples"),
        row(
            "white_jitter_correlation", .single(\.jitterCorrelation), -1...0,
            "WHITE_JITTER: lag-1 correlation below this"),
        row(
            "quantised_fixes", .byte(\.gridRun), 1...200,
            "QUANTISED: moving fixes on the coarse grid"),
        row(
            "quantised_finer_fixes", .byte(\.gridFiner), 1...200,
            "QUANTISED: finer ones this phone showed before"),
        row(
            "const_meta_fixes", .single(\.metadataRun), 1...1_000,
            "CONST_META: moving fixes without a change"),
        row(
            "const_meta_log_likelihood", .single(\.metadataLogLikelihood), -10_000...0,
            "CONST_META: below this under the phone's own rates"),
        row(
            "alt_jump_m", .single(\.altitudeJumpM), 0...100_000,
            "ALT_JUMP: from the steady altitude"),
        row(
            "alt_jump_warn_m", .single(\.altitudeWarnM), 0...200_000,
            "ALT_JUMP: a warning above this"),
        row(
            "zigzag_m", .single(\.zigzagM), 0...10_000,
            "ZIGZAG: off the line, beside 1.5 · accuracy"),
        row(
            "zigzag_accuracy_m", .single(\.zigzagAccuracyM), 0...10_000,
            "ZIGZAG: accuracy that counts at most"),
        row(
            "zigzag_mps2", .single(\.zigzagMps2), 0...1_000,
            "ZIGZAG: acceleration; a reversal of 0.29 of it counts half"),
        row("zigzag_reversals", .single(\.zigzagCount), 1...12, "ZIGZAG: reversals"),
    ]

    private static let otherRows = [
        row(
            "ts_step_ms", .ms(\.clockStepMs), 0...86_400_000, "TS_STEP: behind the newest time"),
        row("ts_step_fixes", .byte(\.clockStepCount), 1...200, "TS_STEP: live fixes"),
        row(
            "ts_rate_ratio", .single(\.clockRateShare), 0...1,
            "TS_RATE: time that passes against receipts"),
        row("ts_rate_steps", .single(\.clockRateCount), 1...30, "TS_RATE: slow steps"),
        row(
            "ts_conflict_m", .double(\.conflictM), 0...100_000,
            "TS_CONFLICT: from the first fix, beside 2 · both accuracies"),
        row(
            "ts_conflict_fixes", .count(\.conflicts), 1...65_535,
            "TS_CONFLICT: so many others of one time, however near"),
        row(
            "glitch_m", .double(\.glitchToM), 0...100_000,
            "GLITCH, severity of TELEPORT: jumps of at most this"),
        row(
            "glitch_gap_ms", .ms(\.glitchGapMs), 0...86_400_000,
            "GLITCH, severity of TELEPORT: after so long without a report"),
        row("gap_ms", .ms(\.gapMs), 0...86_400_000, "GAP_SPEED: a gap longer than this"),
        row("gap_m", .double(\.gapM), 0...10_000_000, "GAP_SPEED: a way longer than this"),
        row(
            "gap_mps", .double(\.gapMps), 0...1_000,
            "GAP_SPEED: faster, for a car; other classes in proportion"),
        row("flicker_m", .single(\.flickerM), 0...100_000, "FLICKER: departures further than this"),
        row("flicker_tau_s", .single(\.flickerTauS), 1...3_600, "FLICKER: leak"),
        row("flicker_departures", .single(\.flickerCount), 1...12, "FLICKER: departures"),
    ]

    private static let speedRows = [
        row("speed_foot_mps", .double(\.footMps), 1...1_000, "believed speed on foot"),
        row("speed_bicycle_mps", .double(\.bicycleMps), 1...1_000, "believed speed of a bicycle"),
        row("speed_scooter_mps", .double(\.scooterMps), 1...1_000, "believed speed of a scooter"),
        row("speed_car_mps", .double(\.carMps), 1...1_000, "believed speed of a car"),
        row("speed_any_mps", .double(\.anyMps), 1...1_000, "believed speed of class any"),
    ]

    private static let acrossRows = [
        row(
            "landmark_one_in_places", .long(\.placeShare), 1...65_536,
            "across riders: one of so many positions is remembered"),
        row(
            "landmark_one_in_cells", .long(\.cellShare), 1...65_536,
            "across riders: one of so many cells is remembered"),
        row(
            "compared_ms", .ms(\.alikeMs), 0...3_600_000,
            "across riders: so much of two ways before they were found alike"),
        row(
            "replay_fixes", .count(\.replayFixes), 1...65_535,
            "REPLAY: fixes in a row, 8 at least of coarse positions"),
        row(
            "replay_age_ms", .ms(\.replayAgeMs), 0...86_400_000,
            "REPLAY, REPLAY_FUZZY: the other way is older; otherwise it is together"),
        row(
            "replay_clock_ms", .ms(\.replayClockMs), 0...600_000,
            "REPLAY: both clocks advance alike"),
        row(
            "colocated_fixes", .count(\.colocatedFixes), 1...65_535,
            "COLOCATED: fixes in a row"),
        row(
            "colocated_ms", .ms(\.colocatedMs), 0...3_600_000,
            "COLOCATED: no further apart in time"),
        row(
            "locked_cells", .count(\.lockedCells), 1...65_535,
            "REPLAY_FUZZY, LOCKSTEP: cells entered alike"),
        row(
            "locked_ratio", .double(\.lockedShare), 0...1,
            "REPLAY_FUZZY, LOCKSTEP: share of all cells (by time 0.8 at least)"),
        row("locked_m", .double(\.lockedM), 0...100_000, "REPLAY_FUZZY, LOCKSTEP: way"),
        // A landmark holds so few bits of its place that further ones look near.
        row(
            "locked_within_m", .double(\.lockedWithinM), 0...90,
            "REPLAY_FUZZY, LOCKSTEP: entered no further apart (by time 5 at most)"),
        row(
            "locked_within_ms", .ms(\.lockedWithinMs), 0...60_000,
            "REPLAY_FUZZY, LOCKSTEP: at the same distance in time, give or take"),
    ]
}
