import CTacho

/// What is known of each rider between two fixes, by number: one line of memory a fix.
final class FenceRiders {
    struct Record: BitwiseCopyable {
        /// In here nothing changes but by time.
        var quiet = FenceBox.empty
        /// The newest time of an accepted or flagged fix.
        var newestMs = Int64.min
        /// When a dwell is to be told.
        var dueMs = Int64.max
        /// Of the fences, when `quiet` was found.
        var version: UInt32 = 0
        /// To be written with the next checkpoint.
        var isDirty = false
        var hasStays = false
    }

    private var records: UnsafeMutablePointer<Record>
    private(set) var count = 0
    private var capacity = 1024

    init() { records = .allocate(capacity: capacity) }

    deinit { records.deallocate() }

    var bytes: Int { capacity * MemoryLayout<Record>.stride }

    @inline(__always)
    func record(_ rider: UInt32) -> UnsafeMutablePointer<Record> {
        if Int(rider) >= count { grow(to: Int(rider) + 1) }
        return records + Int(rider)
    }

    /// Asks for a line that is needed a little later.
    @inline(__always)
    func prefetch(_ rider: UInt32) {
        if Int(rider) < count { tacho_prefetch(records + Int(rider)) }
    }

    func removeAll() { count = 0 }

    private func grow(to needed: Int) {
        if needed > capacity {
            let grown = max(capacity * 2, needed)
            let room = UnsafeMutablePointer<Record>.allocate(capacity: grown)
            room.update(from: records, count: count)
            records.deallocate()
            records = room
            capacity = grown
        }
        (records + count).initialize(repeating: Record(), count: needed - count)
        count = needed
    }
}
