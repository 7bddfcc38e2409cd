/// What of the options can be another one while the engine runs.
package struct EngineTuning: Sendable, Equatable {
    package var minFreeBytes: UInt64?
    package var memoryLimitBytes: Int?
    package var rangeSeconds: Int
    package var rangePoints: UInt64
    package var retirement: RetireQuery?
}

extension EngineOptions {
    package var tuning: EngineTuning {
        EngineTuning(
            minFreeBytes: minFreeBytes, memoryLimitBytes: memoryLimitBytes,
            rangeSeconds: rangeSeconds, rangePoints: rangePoints, retirement: retirement)
    }
}

extension Engine {
    /// In force from the next look on, within a second. What judging threads remember of late fixes keeps
    /// the share of memory it had at the start.
    package func tune(_ tuning: EngineTuning) {
        control.tune(tuning)
        if tuning.retirement == nil { retirement.stopped() }
    }

    package var tuning: EngineTuning { control.tuning }
}
