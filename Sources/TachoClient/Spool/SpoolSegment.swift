import NIOCore

/// Where a batch is in the spool.
struct SpoolPlace: Hashable, Sendable {
    var segment: UInt64
    var record: Int
}

/// A record that will not be delivered: dropped from a full spool, or damaged.
struct SpoolLoss: Sendable {
    var parts: [Part]
    var points: Int
    var reason: String
    /// Of an earlier life, which may have sent it.
    var mayBeStored: Bool
}

/// A batch in a file of the spool.
struct SpoolRecord {
    enum Stage {
        case pending
        /// Handed out, not answered.
        case out
        case settled
    }

    var offset: Int
    var length: Int
    var points: Int
    var parts: [Part]
    var stage = Stage.pending
    /// What was just written need not be read back.
    var cached: ByteBuffer?
}

/// A file of the spool.
struct SpoolSegment {
    var number: UInt64
    var path: String
    var bytes: Int64
    var records: [SpoolRecord] = []
    var pending = 0
    var unsettled = 0
    /// Where to look for pending records from either end.
    var firstPending = 0
    var lastPending = -1
    var isOfEarlierLife = false
    var isDamaged = false
    var refusal: String?
    /// Readings that failed one after another, and when the next one is due.
    var failedReadings = 0
    var readAgainNs: UInt64 = 0

    mutating func oldestPending() -> Int {
        while records[firstPending].stage != .pending { firstPending += 1 }
        return firstPending
    }

    mutating func newestPending() -> Int {
        while records[lastPending].stage != .pending { lastPending -= 1 }
        return lastPending
    }
}
