import TachoGeo
import TachoIngest

/// What is said of one code: a name for it, and the figures it rests on.
struct Phrase {
    /// Continues `Held as`, `Flagged as`, `Set aside as`, `Noted as`.
    var title: String
    var detail: String?

    init(_ title: String, _ detail: String?) {
        self.title = title
        self.detail = detail
    }
}

/// One template for each code, by its name. Exact and neutral: what was measured, with its unit,
/// and where the limit lies; never why somebody might have done it.
enum Phrases {
    /// nil: a code without a template, which a test does not let happen.
    static func phrase(_ code: String, _ f: Figures) -> Phrase? {
        point(code, f) ?? time(code, f) ?? chain(code, f) ?? motion(code, f) ?? shape(code, f)
            ?? others(code, f)
    }

    /// Rules that look at one fix.
    private static func point(_ code: String, _ f: Figures) -> Phrase? {
        let aheadMs = f.fix.tsMs - f.recvMs
        switch code {
        case "INVALID":
            return Phrase(
                "a position that receivers report without a fix",
                "it lies within 1.1 km of 0°, 0°")
        case "MOCK_FLAG":
            return Phrase(
                "a position the phone marks as simulated",
                "the phone gives its source as mock; movement was not judged")
        case "TS_FUTURE":
            return Phrase(
                "a time ahead of its receipt",
                "its time is \(Wording.duration(ms: aheadMs)) after its receipt at "
                    + "\(f.time(f.recvMs)); at most \(Wording.duration(ms: f.limits.futureMs)) "
                    + "are accepted")
        case "TS_PAST":
            return Phrase(
                "a time from a clock that was not set",
                "its time lies before \(UTCTime.text(ms: f.limits.pastMs))")
        case "LOWACC":
            let radius = f.fix.accuracyDm == Fix.absent ? nil : Double(f.fix.accuracyDm) * 0.1
            return Phrase(
                "a position of low accuracy",
                radius.map {
                    "the phone gives ±\(Wording.metres($0)); above "
                        + "±\(Wording.metres(Double(f.limits.lowAccuracyDm) * 0.1)) distances are "
                        + "judged with a wide margin"
                })
        default: return nil
        }
    }

    /// Rules about times.
    private static func time(_ code: String, _ f: Figures) -> Phrase? {
        switch code {
        case "TS_CONFLICT":
            return Phrase(
                "another position at a time that has one already",
                Figures.joined(
                    f.distanceM.map {
                        "\(Wording.metres($0)) from the first position of this time"
                    },
                    f.limitM.map { "at most \(Wording.metres($0)) are explained by accuracy" },
                    "more than \(f.limits.conflicts) beside the first are too many"))
        case "TS_STEP":
            return Phrase(
                "a time from a clock that was set back",
                Figures.joined(
                    f.told {
                        Wording.count($0, "fix", "fixes") + " came as they happened, more than "
                            + Wording.duration(ms: f.limits.clockStepMs)
                            + " behind the newest time"
                    }, f.bound { Wording.number($0) }))
        case "TS_RATE":
            return Phrase(
                "a time from a clock that runs slow",
                Figures.joined(
                    f.told {
                        "\(Wording.number($0)) more steps than not took at most "
                            + "\(Wording.number(Double(f.limits.clockRateShare))) of the time "
                            + "between their receipts"
                    }, f.bound { Wording.number($0) }))
        case "TS_OVERLAP":
            return Phrase(
                "a late position that does not fit between its neighbours in time",
                Figures.joined(f.way, f.believable))
        default: return nil
        }
    }

    /// Rules that measure from the last trusted position.
    private static func chain(_ code: String, _ f: Figures) -> Phrase? {
        switch code {
        case "TELEPORT" where f.outcome == .confirmed && !f.isImmediate:
            return Phrase(
                "a jump to a place that later fixes confirmed",
                Figures.joined(
                    f.way, f.limitM.map { "jumps of more than \(Wording.metres($0)) are flagged" }))
        case "TELEPORT":
            return Phrase("an impossible jump", Figures.joined(f.way, f.believable))
        case "SPIKE":
            return Phrase(
                "an excursion that ended where it began",
                Figures.joined(
                    f.way, f.decidedByMs.map { "the fix at \(f.time($0)) is back within reach" },
                    f.limitM.map { "excursions of more than \(Wording.metres($0)) are reported" }))
        case "GLITCH":
            return Phrase(
                "a jump as receivers make them after a gap",
                Figures.joined(
                    f.way,
                    "after gaps of more than \(Wording.duration(ms: f.limits.glitchGapMs)) jumps "
                        + "of up to \(Wording.metres(f.limits.glitchToM)) are for information"))
        case "CANDIDATE":
            let fate: String
            switch f.outcome {
            case .returned?:
                fate =
                    "the fix at \(f.decidedByMs.map(f.time) ?? "a later time") came back to the "
                    + "place before"
            case .replaced?: fate = "later fixes did not confirm the place"
            default: fate = "\(f.limits.confirmations) fixes that agree on the place confirm it"
            }
            return Phrase(
                "a position out of reach", Figures.joined(f.way, f.believable, fate))
        case "GAP_SPEED":
            return Phrase(
                "a long way over a gap",
                Figures.joined(f.way, f.believable.map { $0 + " in that time" }))
        case "FLICKER":
            return Phrase(
                "one of several departures to another place",
                Figures.joined(
                    f.told {
                        "\(Wording.number($0)) departures of more than "
                            + Wording.metres(Double(f.limits.flickerM))
                            + ", earlier ones counted less"
                    }, f.bound { Wording.number($0) }))
        default: return nil
        }
    }

    /// Rules that compare movement with what the phone reports.
    private static func motion(_ code: String, _ f: Figures) -> Phrase? {
        switch code {
        case "OVERSPEED":
            return Phrase(
                "more way than the vehicle makes, again and again",
                Figures.joined(
                    f.told {
                        "\(Wording.metres($0)) beyond what \(Wording.vehicle(f.vehicle)) makes at "
                            + Wording.speed(f.vehicle.believedMps(f.limits))
                    }, f.bound(Wording.metres)))
        case "SPEED_MISMATCH":
            return Phrase(
                "a reported speed that does not fit the movement",
                Figures.joined(
                    f.told {
                        "for \(Wording.duration(seconds: $0)) both were further apart than "
                            + "\(Wording.speed(Double(f.limits.speedMismatchMps))) and "
                            + "\(Wording.number(Double(f.limits.speedMismatchShare) * 100)) %"
                    }, f.bound { Wording.duration(seconds: $0) }))
        case "HEADING_MISMATCH":
            let isFrozen = f.statistic == "frozen_stretches"
            return Phrase(
                "a reported heading that does not fit the movement",
                Figures.joined(
                    f.told {
                        isFrozen
                            ? "\(Wording.number($0)) stretches of 10 m led elsewhere while the "
                                + "heading never changed"
                            : "\(Wording.number($0)) more stretches of 10 m led against the "
                                + "heading than along it"
                    }, f.bound { Wording.number($0) }))
        case "PV_DIVERGE":
            return Phrase(
                "a position that leaves where speed and heading lead",
                Figures.joined(
                    f.told { "\(Wording.metres($0)) apart by now" },
                    f.limit.map {
                        "the limit is \(Wording.metres($0)) and twice the accuracy"
                    }))
        case "FROZEN":
            return Phrase(
                "a position that stayed while the phone reported movement",
                Figures.joined(
                    f.told { "\(Wording.metres($0)) of way by the reported speed" },
                    f.limit.map {
                        "the limit is \(Wording.metres($0)), the accuracy, and more on phones "
                            + "that repeat positions"
                    }))
        case "STATIC_SYNTH":
            return Phrase(
                "a stand without the scatter this phone's positions have",
                f.told {
                    "the very same position for \(Wording.duration(seconds: $0))"
                        + (f.run.map { ", \(Wording.count($0, "fix", "fixes")) in a row" } ?? "")
                })
        default: return nil
        }
    }

    /// Rules about the shape of the movement and of the data.
    private static func shape(_ code: String, _ f: Figures) -> Phrase? {
        switch code {
        case "SYNTH_LINE":
            return Phrase(
                "movement straighter than receivers measure it",
                Figures.joined(
                    f.told {
                        "\(Wording.number($0)) steps within "
                            + "\(Wording.number(Double(f.limits.lineMissM))) m of constant velocity"
                    }, f.bound { Wording.number($0) }))
        case "SYNTH_SPEED":
            return Phrase(
                "movement at a speed steadier than receivers measure it",
                Figures.joined(
                    f.told { "\(Wording.number($0)) steps of one speed" },
                    f.limit.map {
                        $0 < Double(f.limits.evenSpeedStraight)
                            ? "the limit is \(Wording.number($0)) with turns, "
                                + "\(Wording.number(Double(f.limits.evenSpeedStraight))) without"
                            : "the limit is \(Wording.number($0))"
                    }))
        case "WHITE_JITTER":
            return Phrase(
                "scatter unlike that of a receiver",
                Figures.joined(
                    f.told { "changes of direction correlate with \(Wording.number($0))" },
                    f.bound(Wording.number)))
        case "QUANTISED":
            return Phrase(
                "a position coarser than this phone's others",
                Figures.joined(
                    f.told {
                        Wording.count($0, "fix", "fixes") + " in a row lie on a grid of 0.0001°"
                    }, f.bound { Wording.number($0) }))
        case "CONST_META":
            return Phrase(
                "accuracy and altitude that never change while the position does",
                Figures.joined(
                    f.run.map {
                        "unchanged over \(Wording.count($0, "moving fix", "moving fixes"))"
                    },
                    f.told {
                        "log-likelihood \(Wording.number($0)) by this phone's own habits"
                    }, f.bound { Wording.number($0) }))
        case "ALT_JUMP":
            return Phrase(
                "another altitude all at once",
                Figures.joined(
                    f.told { "\(Wording.metres($0)) from the steady one" },
                    f.limit.map { "the limit is \(Wording.metres($0)) and 10 m/s" }))
        case "ZIGZAG":
            return Phrase(
                "reversals sharper than vehicles turn",
                Figures.joined(
                    f.told {
                        "\(Wording.number($0)) reversals of more than "
                            + "\(Wording.metres(Double(f.limits.zigzagM))) off an even pace, "
                            + "half for one below "
                            + "\(Wording.number(Double(f.limits.zigzagMps2))) m/s²"
                    }, f.bound { Wording.number($0) }))
        default: return nil
        }
    }

    /// Rules that compare riders, or a ride with earlier ones.
    private static func others(_ code: String, _ f: Figures) -> Phrase? {
        switch code {
        case "REPLAY":
            Phrase("positions that repeat an earlier record exactly", samePositions(f))
        case "REPLAY_FUZZY":
            Phrase("a way that repeats an earlier record closely in place and time", sameWay(f))
        case "COLOCATED":
            Phrase("the very same positions as another rider at the same time", samePositions(f))
        case "LOCKSTEP":
            Phrase("a way shared with another rider at the same pace", sameWay(f))
        default: nil
        }
    }

    private static func samePositions(_ f: Figures) -> String? {
        Figures.joined(
            f.told { Wording.count($0, "position", "positions") + " equal those of " + f.other }
                ?? "they equal those of \(f.other)",
            f.bound { Wording.number($0) })
    }

    private static func sameWay(_ f: Figures) -> String? {
        Figures.joined(
            f.told { Wording.count($0, "place", "places") + " agree with " + f.other }
                ?? "it agrees with \(f.other)",
            f.bound { Wording.number($0) })
    }
}
