/// How often an address has said a wrong password lately, and how long its next answer is kept back.
package struct FailedAttempts {
    private struct Count {
        var failures: Int
        var lastMs: Int64
    }

    private var counts: [String: Count] = [:]

    /// So many are a slip of the finger.
    package static let freeAttempts = 3
    package static let firstDelayMs: Int64 = 100
    package static let greatestDelayMs: Int64 = 3_000
    /// After so long without one all is forgotten.
    package static let memoryMs: Int64 = 60_000
    package static let maxAddresses = 4_096

    package init() {}

    package var count: Int { counts.count }

    /// Notes a failure and says how long its answer waits. `address` is without the port.
    package mutating func failed(_ address: String, nowMs: Int64) -> Int64 {
        if counts[address] == nil, counts.count >= Self.maxAddresses { forget(nowMs) }
        // With more addresses than there is room for, the others share one count.
        let name = counts[address] != nil || counts.count < Self.maxAddresses ? address : ""
        var count = counts[name] ?? Count(failures: 0, lastMs: nowMs)
        if nowMs - count.lastMs > Self.memoryMs { count.failures = 0 }
        count.failures += 1
        count.lastMs = nowMs
        counts[name] = count
        let beyond = count.failures - Self.freeAttempts
        guard beyond > 0 else { return 0 }
        return min(Self.greatestDelayMs, Self.firstDelayMs << Int64(min(beyond - 1, 10)))
    }

    private mutating func forget(_ nowMs: Int64) {
        counts = counts.filter { nowMs - $0.value.lastMs <= Self.memoryMs }
    }
}
