import TachoGeo

/// Where and by what an alert was decided: the end of every evidence.
struct EvidenceContext {
    /// The fix that decided about another: a later one, or a late one between. nil: the fix itself.
    var decidedBy: Fix?
    /// Of the fix that decided: its range, and how many of its rider had arrived in it before. They
    /// name it in the journal now and in the segment later; its sequence is given out afterwards.
    var range: UInt32
    var arrival: UInt32
    /// Hash of the thresholds.
    var thresholds: UInt64
}
