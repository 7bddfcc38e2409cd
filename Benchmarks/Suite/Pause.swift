#if canImport(Glibc)
    import Glibc
#endif

enum Pause {
    /// 50 µs: lets the engine's threads have the core.
    static func short() { usleep(50) }
}
