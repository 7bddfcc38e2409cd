import TachoGeo

/// TS_FUTURE: the phone's time is more than 30 s ahead of receipt. Honest clocks are within 15 s.
///
/// Depends on the fix and its receipt time. Quarantine: a future fix must never pin `latest`.
enum ClockFuture {
    @inline(__always)
    static func judge(_ fix: Fix, recvMs: Int64, _ limits: Thresholds) -> Finding {
        .when(fix.tsMs > recvMs + limits.futureMs, .tsFuture, .quarantine)
    }
}
