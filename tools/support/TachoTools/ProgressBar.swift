internal import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One line on standard error that is drawn again and again; nothing at all unless that is a
/// terminal.
package struct ProgressBar {
    private let isShown: Bool
    /// Of all inputs together; nil when one of them is a pipe.
    private let totalBytes: Int?
    private let start = ContinuousClock.now
    private var lastDrawn: ContinuousClock.Instant?

    private static let interval = Duration.milliseconds(100)
    private static let width = 30

    package init(totalBytes: Int?) {
        isShown = isatty(2) == 1
        self.totalBytes = totalBytes
    }

    /// Draws at most ten times a second.
    package mutating func update(doneBytes: Int, fixes: Int) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let lastDrawn, now - lastDrawn < Self.interval { return }
        lastDrawn = now
        let seconds = (now - start) / .seconds(1)
        emit(Self.text(doneBytes, totalBytes, fixes, seconds: seconds))
    }

    /// The same of what is copied.
    package mutating func update(copiedBytes: Int) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let lastDrawn, now - lastDrawn < Self.interval { return }
        lastDrawn = now
        let seconds = (now - start) / .seconds(1)
        let rate = seconds > 0 ? Int(Double(copiedBytes) / seconds) >> 20 : 0
        emit("\(copiedBytes >> 20) MiB, \(rate) MiB/s")
    }

    /// Takes the line away, so that what follows starts on a clean one.
    package mutating func clear() {
        guard isShown, lastDrawn != nil else { return }
        emit("")
        lastDrawn = nil
    }

    static func text(
        _ doneBytes: Int, _ totalBytes: Int?, _ fixes: Int, seconds: Double
    ) -> String {
        let rate = seconds > 0 ? Int(Double(fixes) / seconds) : 0
        let counts = "\(fixes) fixes, \(rate)/s"
        guard let totalBytes, totalBytes > 0 else { return counts }
        let share = min(1, Double(doneBytes) / Double(totalBytes))
        let full = Int(share * Double(width))
        let bar = String(repeating: "#", count: full) + String(repeating: "-", count: width - full)
        return "[\(bar)] \(Int(share * 100)) %  \(counts)"
    }

    /// Carriage return and "erase to the end of the line" (ECMA-48 EL).
    private func emit(_ text: String) {
        let bytes = Array(("\r\u{1B}[K" + text).utf8)
        _ = write(2, bytes, bytes.count)
    }
}
