import TachoGeo

/// QUANTISED: positions on a grid of 0.0001° from a phone that has shown finer ones.
///
/// Four moving fixes in a row; by chance that is 10^-16 for a phone with six decimals. Delivery
/// order. State: 2 B.
struct GridState: Hashable, Sendable, BitwiseCopyable {
    private(set) var finer: UInt8 = 0
    private(set) var run: UInt8 = 0

    mutating func restart() { run = 0 }

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ fix: Fix, _ limits: Thresholds) -> UInt64 {
        guard !step.isHold else { return code(limits) }
        if fix.latE7 % 1_000 == 0 && fix.lonE7 % 1_000 == 0 {
            run = min(run + 1, 200)
            return code(limits)
        }
        run = 0
        finer = min(finer + 1, 200)
        return 0
    }

    private func code(_ limits: Thresholds) -> UInt64 {
        Code.quantised.bit(if: run >= limits.gridRun && finer >= limits.gridFiner)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&finer)
        visitor.visit(&run)
    }
}
