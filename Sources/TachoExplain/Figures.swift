import TachoGeo
import TachoIngest

/// What a sentence about one code may say. Figures that are not known are nil, and the sentence
/// does without them: nothing is made up.
struct Figures {
    var fix: Fix
    /// The receipt time that rules used, Unix ms.
    var recvMs: Int64
    var vehicle: VehicleClass
    var limits: Thresholds

    // From the last trusted position.
    var anchorMs: Int64?
    var distanceM: Double?
    var dtMs: Int64?
    var speedMps: Double?
    /// How far was believable before this code was given.
    var limitM: Double?

    // How the fate of a held fix was decided.
    var outcome: Retrace.Outcome?
    var decidedByMs: Int64?
    var isImmediate = false

    // From the evidence of the alert.
    var statistic: String?
    var value: Double?
    var limit: Double?
    var run: Double?
    /// For codes that compare riders: the other one, and the time of its fix.
    var otherRider: String?
    var otherMs: Int64?

    /// A time beside that of the fix.
    func time(_ ms: Int64) -> String { UTCTime.text(ms: ms, beside: fix.tsMs) }

    /// `5,012 m in 1.0 s from the last trusted position at 12:03:04.000Z`.
    var way: String? {
        guard let distanceM, let dtMs, let anchorMs else { return nil }
        let pace = speedMps.map { dtMs >= 10_000 ? " (\(Wording.speed($0)))" : "" } ?? ""
        return "\(Wording.metres(distanceM)) in \(Wording.duration(ms: dtMs))\(pace) from the "
            + "last trusted position at \(time(anchorMs))"
    }

    /// `at most 432 m are believable for a car`.
    var believable: String? {
        limitM.map {
            "at most \(Wording.metres($0)) are believable for \(Wording.vehicle(vehicle))"
        }
    }

    /// Parts that are known, joined by semicolons.
    static func joined(_ parts: String?...) -> String? {
        let known = parts.compactMap { $0 }
        return known.isEmpty ? nil : known.joined(separator: "; ")
    }

    /// `value` in the words of `text`, if it is known.
    func told(_ text: (Double) -> String) -> String? { value.map(text) }

    /// `the limit is 200 m`.
    func bound(_ text: (Double) -> String) -> String? { limit.map { "the limit is " + text($0) } }

    var other: String {
        (otherRider.map { "rider \($0)" } ?? "another ride")
            + (otherMs.map { " from \(time($0))" } ?? "")
    }
}
