import TachoStore

extension Engine {
    /// The operator's consent to a loss becomes part of the record, before anything new is taken.
    ///
    /// Segments that outlived it were taken over while state was recovered (`Recovery.adoptSegments`). The
    /// numbering of ranges and sequences goes on behind the last of them, so that the next segment
    /// continues their chain, and only what no segment holds is recorded there as a gap.
    func recordLoss(_ adopted: AdoptedSegments?) throws(StoreError) {
        guard let loss = store.acceptedLoss else {
            // Broken off by a kill behind the first of the steps below.
            return try stepBehind(lastRange: control.seals.lastRange)
        }
        var first = loss.first
        if let adopted {
            if first > 0 && first <= adopted.lastSequence {
                let end = min(adopted.lastSequence, loss.last)
                // Numbers that are stepped over, and no loss: segments hold them.
                try commitAndWait { .loss(first: first, last: end, isHeld: true, $0) }
                first = end + 1
            }
            try stepBehind(lastRange: adopted.lastRange)
        }
        if loss.last == 0 || first <= loss.last {
            try commitAndWait { .loss(first: first, last: loss.last, isHeld: false, $0) }
        }
        try control.load(store.database)
    }

    /// Nothing comes to a range that is sealed.
    private func stepBehind(lastRange: UInt32) throws(StoreError) {
        guard lastRange >= progress.now.range else { return }
        let kept = try store.database.get(.meta, Keys.range(lastRange))
        runBarrier(.cut(next: lastRange + 1))
        if let reason = control.failure { throw .io(reason) }
        // The cut takes all ranges that were stepped over for one.
        guard let kept else { return }
        try commitAndWait { .rows([(.meta, Keys.range(lastRange), kept)], $0) }
    }

    /// Hands an item to the committer and waits until it is durable.
    func commitAndWait(
        _ item: (@escaping @Sendable () -> Void) -> CommitItem
    ) throws(StoreError) {
        let done = Monitor(false)
        commits.push(
            item {
                done.change { isDone in
                    isDone = true
                    return (true, ())
                }
            })
        done.wait { $0 ? () : nil }
        if let reason = control.failure { throw .io(reason) }
    }
}
