import TachoStore

extension Engine {
    /// The watermark is at most this far behind the last acknowledgement, with the time of a sync.
    private static let tickMs = 50
    private static let ticksPerSecond = 20
    private static let ticksPerMemoryCheck = 4
    private static let ticksPerMinute = 60 * ticksPerSecond

    /// Watermark, memory, disk space, background errors, checkpoints that are due, ranges that are old.
    func tick() {
        var count = 0
        var rangeAgeSeconds = 0
        var lastRange = progress.now.range
        var lag = SealLag()
        while control.sleepOneTick(milliseconds: Self.tickMs) {
            if control.failure != nil { continue }
            if let failure = store.journal.failure {
                control.fail(failure.description)
                continue
            }
            do {
                if progress.now.group > control.markedGroup(store.watermark) {
                    try advanceWatermark(isClean: false)
                }
            } catch {
                control.fail("\(error)")
                continue
            }
            let wishes = control.takeWishes()
            if wishes.checkpoint && !control.isClosing { checkpointInBackground() }
            if wishes.cut { seal { _ in } }
            expireFences()
            count += 1
            if count % Self.ticksPerMemoryCheck == 0 { checkMemory() }
            guard count % Self.ticksPerSecond == 0 else { continue }
            control.checkDisk(options.directory, shortage: store.journal.shortage())
            let errors = store.database.backgroundErrors
            if errors > 0 { control.fail("RocksDB reports \(errors) background errors") }
            scrubber.tick(nowMs: options.nowMs())
            if count % Self.ticksPerMinute == 0 {
                retireInBackground()
                expireBackup()
            }
            let (now, tuning) = (progress.now, control.tuning)
            control.sealLagMs = lag.look(
                last: now.nextSequence - 1, sealedThrough: sealTotals().through,
                atMs: EngineOptions.steadyMs)
            if now.range != lastRange {
                lastRange = now.range
                rangeAgeSeconds = 0
            }
            rangeAgeSeconds += 1
            let isOld = tuning.rangeSeconds > 0 && rangeAgeSeconds >= tuning.rangeSeconds
            let isLarge = now.nextSequence - now.rangeFirst >= tuning.rangePoints
            // What a kill or a refusal left cut, also where nothing new comes: soon after a start, then
            // not each second, as a refusal may have read all of a segment.
            let isBehind =
                tuning.rangeSeconds > 0 && count % Self.ticksPerMinute == Self.ticksPerSecond
                && sealTotals().lastRange + 1 < now.range
            if isBehind || (isOld || isLarge) && now.nextSequence > now.rangeFirst {
                if sealInBackground() { rangeAgeSeconds = 0 }
            }
        }
    }

    /// Writers go on meanwhile; only the judging of one moment is held.
    func checkpointInBackground(completion: @escaping @Sendable () -> Void = {}) {
        let barrier = Barrier(.checkpoint, shards: workers.count, completion: completion)
        control.withBarrierOrder {
            for worker in workers { worker.post(.barrier(barrier)) }
        }
    }
}
