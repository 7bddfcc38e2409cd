#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A clock that is never set: for durations and pacing.
package enum MonotonicClock {
    package static func nowNs() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    /// Waits until then; a signal ends the wait early.
    package static func sleep(untilNs: UInt64) {
        let now = nowNs()
        guard untilNs > now else { return }
        let leftUs = (untilNs - now) / 1_000
        // Not longer at a time than a wish to stop may wait.
        usleep(UInt32(min(leftUs + 1, 100_000)))
    }
}
