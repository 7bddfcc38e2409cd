#if canImport(Glibc)
    import Glibc
#endif

/// Keeps copying below so many bytes a second, and tells how far it is. Used by one thread.
package final class Pacer {
    /// nil: as fast as it goes.
    private let bytesPerSecond: Double?
    private let progress: (UInt64) -> Void
    private let isStopping: () -> Bool
    private let start = ContinuousClock.now
    private var paced: Double = 0
    private(set) var bytes: UInt64 = 0

    package init(
        bytesPerSecond: UInt64? = nil, progress: @escaping (UInt64) -> Void = { _ in },
        isStopping: @escaping () -> Bool = { false }
    ) {
        self.bytesPerSecond = bytesPerSecond.map { Double($0) }
        self.progress = progress
        self.isStopping = isStopping
    }

    /// Called with each piece that was read.
    func took(_ count: Int) {
        bytes += UInt64(count)
        progress(bytes)
        guard let bytesPerSecond else { return }
        paced += Double(count)
        let ahead = paced / bytesPerSecond - (ContinuousClock.now - start) / .seconds(1)
        if ahead > 0 {
            usleep(UInt32(min(ahead, 1) * 1e6))
        } else if ahead < -1 {
            // What was not used is not saved up: a burst is what this is against.
            paced -= ahead * bytesPerSecond
        }
    }

    func check() throws(BackupFailure) { if isStopping() { throw .interrupted } }
}
