#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system's clock.
package enum Clock {
    /// Unix ms.
    package static func nowMs() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }
}
