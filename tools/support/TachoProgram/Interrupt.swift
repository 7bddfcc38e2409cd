internal import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ctrl-C and SIGTERM as a wish to stop at the next good place. A second signal ends at once.
package enum Interrupt {
    private static let count = Atomic<Int>(0)

    /// From now on signals are only noted. System calls that wait return with EINTR.
    package static func catchSignals() {
        // The handler may not be the first to touch a lazily made global.
        _ = count.load(ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in Interrupt.note() }
            sigaction(number, &action, nil)
        }
    }

    package static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

    private static func note() {
        if count.add(1, ordering: .relaxed).oldValue > 0 { _exit(130) }
    }
}
