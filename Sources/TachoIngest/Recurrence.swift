package import TachoGeo

/// What is remembered of a code that is no alert until it has come three times within ten minutes of
/// receipt time. GLITCH is the only one: a receiver that finds satellites again jumps now and then,
/// and one that does so all the time is worth a look.
package struct Recurrence: Hashable, Sendable, BitwiseCopyable {
    /// Receipt times of the two newest occurrences, ms.
    package var newerMs: Int64
    package var olderMs: Int64?

    package init(newerMs: Int64, olderMs: Int64? = nil) {
        self.newerMs = newerMs
        self.olderMs = olderMs
    }

    /// Three occurrences less than this apart are an alert.
    package static let windowMs: Int64 = 600_000

    package static func isAsked(of code: Code) -> Bool { code == .glitch }

    /// Takes an occurrence. True: with the two newest before it there are three within the window.
    /// One that is older than both counts, and is forgotten at once.
    package static func occurs(_ memory: inout Recurrence?, atRecvMs: Int64) -> Bool {
        guard let before = memory else {
            memory = Recurrence(newerMs: atRecvMs)
            return false
        }
        guard let olderMs = before.olderMs else {
            memory = Recurrence(
                newerMs: max(before.newerMs, atRecvMs), olderMs: min(before.newerMs, atRecvMs))
            return false
        }
        let newest = max(before.newerMs, atRecvMs)
        let oldest = min(olderMs, atRecvMs)
        memory = Recurrence(
            newerMs: newest, olderMs: max(olderMs, min(before.newerMs, atRecvMs)))
        return newest - oldest < windowMs
    }
}
