import TachoStore

/// Which ranges may leave RocksDB.
package struct RetireQuery: Sendable, Equatable {
    /// Those whose newest receipt is at least so many days ago; fractions count.
    package var hotDays: Double
    /// Directories of mirrors, each of which must have a confirmed copy (`format-spec.md` §9.10).
    package var copies: [String]

    package init(hotDays: Double, copies: [String] = []) {
        self.hotDays = hotDays
        self.copies = copies
    }

    /// Receipts up to then are old enough; they were rounded up by one step.
    func newestRecvMs(nowMs: Int64) -> Int64 {
        let hotMs = min(max(hotDays, 0) * 86_400_000, Double(Int64.max / 4))
        return nowMs - Int64(hotMs) + 64
    }
}

/// A range whose points are read from its segment now.
package struct RetiredRange: Sendable, Hashable {
    package var segment: UInt64
    package var points: UInt64
    /// Of the chunks that left RocksDB, in this run.
    package var bytes: UInt64
}

/// A range that was old enough and stays where it is.
package struct KeptRange: Sendable, Hashable {
    package var segment: UInt64
    /// One line that says what to do.
    package var reason: String
}

/// What a run came to.
package struct RetireReport: Sendable, Hashable {
    package var retired: [RetiredRange] = []
    package var kept: [KeptRange] = []
}

/// Why a run ended early. What was done by then stays.
package enum RetireError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The engine is closed, or an I/O error ended all acknowledging.
    case stopped(String)

    package var description: String {
        switch self {
        case .stopped(let reason): "stopped: \(reason)"
        }
    }

    package static func == (a: RetireError, b: RetireError) -> Bool {
        switch (a, b) {
        case (.stopped, .stopped): true
        }
    }
}
