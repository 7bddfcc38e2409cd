package import TachoGeo

/// TS_STEP: fixes come as they happen, and their times lie behind: the clock was set back.
///
/// Five in a row that keep step with their receipt, each more than 20 s behind the newest time. A
/// backlog comes in a burst and never counts. Held, and out of the chain: what the clock says is
/// not when it was. Delivery order. State: 17 B.
package struct ClockStepState: Hashable, Sendable, BitwiseCopyable {
    private var tsMs: Int64 = 0
    private var recvMs: Int64 = 0
    private(set) var count: UInt8 = 0

    /// A fix older than the newest, or as old.
    package mutating func judge(
        _ fix: Fix, recvMs: Int64, newestTsMs: Int64, _ limits: Thresholds
    ) -> Finding {
        // `Int64.min`: no fix was newer; the difference would not fit.
        guard newestTsMs > fix.tsMs, newestTsMs - fix.tsMs > limits.clockStepMs else {
            return .nothing
        }
        let received = recvMs - self.recvMs
        let passed = fix.tsMs - tsMs
        let isLive =
            received >= 300 && received <= 30_000
            && Double(abs(received - passed)) < 1_500 + 0.3 * Double(received)
        // A repetition, or one that overtook another, says nothing.
        if !isLive && passed <= 0 && received < 5_000 { return .nothing }
        count = isLive ? min(count + 1, 200) : 0
        tsMs = fix.tsMs
        self.recvMs = recvMs
        return .when(count >= limits.clockStepCount, .tsStep, .hold)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&tsMs)
        visitor.visit(&recvMs)
        visitor.visit(&count)
    }
}
