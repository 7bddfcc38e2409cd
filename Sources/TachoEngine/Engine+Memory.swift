import TachoStore

/// Memory of an engine by what holds it, bytes. Bounded elsewhere and not counted: fixes on their
/// way (`maxPendingPoints`, about 200 B each), rows that wait for the database, thread stacks.
struct MemoryFigures {
    var slots: Int
    /// Open tails and those that wait for the database, of all engines of the process.
    var tails: Int
    var latest: Int
    var names: Int
    /// Memtables, block cache, indexes of open tables.
    var rocksDB: Int
    /// What rules across riders remember: 64 B a rider, 8 MiB a day for at most eight, a run of
    /// landmarks.
    var across: Int
    /// Who is in which place now.
    var grid: Int
    /// Fences, and who is inside.
    var fences: Int
    /// What consumer groups have pending.
    var groups: Int
    /// Blocks of sealed segments that were read last.
    var segments: Int

    var total: Int {
        slots + tails + latest + names + rocksDB + across + grid + fences + groups + segments
    }

    var tailsHoldTheMost: Bool {
        tails >= max(slots, latest, names, rocksDB, across, grid, fences, groups, segments)
    }
}

extension Engine {
    /// Cost: some thirty numbers of RocksDB, less than 0.1 ms.
    var memory: MemoryFigures {
        let riderCount = riders.count
        let shards = workers.count
        return MemoryFigures(
            slots: (0..<shards).reduce(0) { sum, shard in
                sum + SlotSlab.bytes(riders: (riderCount + shards - 1 - shard) / shards)
            },
            tails: TailPool.shared.bytes.used, latest: latest.bytes, names: riders.bytes,
            rocksDB: control.isClosing ? 0 : Int(store.database.memoryBytes),
            across: across?.bytes ?? 0, grid: grid.bytes, fences: fences.bytes,
            groups: groups.figures.bytes, segments: segments.bytes)
    }

    var memoryLimitBytes: Int {
        control.tuning.memoryLimitBytes ?? EngineOptions.defaultMemoryLimitBytes
    }

    /// Over the limit: a cut of the range if tails hold the most, which closes all of them and
    /// frees them when their chunks are written; otherwise a checkpoint. One at a time.
    func checkMemory() {
        let memory = memory
        guard control.memoryIs(memory.total, limit: memoryLimitBytes) else { return }
        // Tails are let go by their judge, which does not look while it is given nothing.
        for worker in workers { worker.post(.sweep) }
        guard !control.isClosing else { return }
        if memory.tailsHoldTheMost {
            if control.beginRelief() { seal { [control] _ in control.endRelief() } }
        } else if control.beginRelief(pauseTicks: Self.checkpointPauseTicks) {
            checkpointInBackground { [control] in control.endRelief() }
        }
    }

    /// 10 s of ticks: a checkpoint that frees nothing is not to follow the last one at once.
    private static let checkpointPauseTicks = 50
}
