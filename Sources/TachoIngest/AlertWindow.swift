/// One alert per rider and code in 60 s of receipt time; later hits only raise the count.
///
/// But for a critical one in a window that a lower one opened: who asks for critical alerts only must
/// hear of a jump of 20 km that follows one of 600 m within the minute.
package struct AlertWindow: Hashable, Sendable, BitwiseCopyable {
    /// Receipt time of the alert that opened the window, ms.
    package var startMs: Int64
    /// Hits in the window, the first included.
    package var count: UInt32
    /// The alert that opened it is critical.
    package var isCritical: Bool

    package init(startMs: Int64, count: UInt32, isCritical: Bool) {
        self.startMs = startMs
        self.count = count
        self.isCritical = isCritical
    }

    package static let lengthMs: Int64 = 60_000

    /// Takes a hit. True: it opens a new window and is an alert of its own, at the start of that
    /// window. A receipt time before the window counts to it: late evidence opens no second one.
    package static func hit(
        _ window: inout AlertWindow?, atRecvMs: Int64, isCritical: Bool
    ) -> Bool {
        var startMs = atRecvMs
        if var open = window, atRecvMs < open.startMs + lengthMs {
            guard isCritical && !open.isCritical && atRecvMs >= open.startMs else {
                open.count += 1
                window = open
                return false
            }
            // Windows are told apart by their start.
            startMs = max(atRecvMs, open.startMs + 1)
        }
        window = AlertWindow(startMs: startMs, count: 1, isCritical: isCritical)
        return true
    }
}
