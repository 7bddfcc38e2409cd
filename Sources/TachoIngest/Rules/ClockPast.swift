import TachoGeo

/// TS_PAST: the phone's time is before 2000-01-01, a clock that was never set.
enum ClockPast {
    @inline(__always)
    static func judge(_ fix: Fix, _ limits: Thresholds) -> Finding {
        .when(fix.tsMs < limits.pastMs, .tsPast, .quarantine)
    }
}
