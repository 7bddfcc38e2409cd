import Foundation
import Testing

/// A race on purpose, for `tools/threads --prove`: were it not reported, no report would mean nothing.
struct PlantedRaceTests {
    static let isWanted = ProcessInfo.processInfo.environment["TACHO_PLANTED_RACE"] != nil

    private final class Shared: @unchecked Sendable {
        var count = 0
    }

    @Test(.enabled(if: isWanted, "only under tools/threads --prove"))
    func `two threads count without a lock`() {
        let shared = Shared()
        let threads = (0..<2).map { _ in
            let ended = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                for _ in 0..<100_000 { shared.count += 1 }
                ended.signal()
            }
            return ended
        }
        for ended in threads { ended.wait() }
        #expect(shared.count > 0)
    }
}
