package import TachoGeo

/// The order in which a rider's fixes of one range arrived, kept beside their order in time.
///
/// `arrivals[i]` counts the fixes of the rider and range that arrived before fix i. Over all of
/// them the arrivals are 0…n−1, once each; sorting by them gives the delivery order again.
package enum DeliveryOrder {
    /// Ascending by (time, arrival).
    static func isSorted(
        _ fixes: UnsafeBufferPointer<StoredFix>, _ arrivals: UnsafeBufferPointer<UInt32>
    ) -> Bool {
        for i in stride(from: 1, to: fixes.count, by: 1) {
            let before = (fixes[i - 1].fix.tsMs, arrivals[i - 1])
            guard before < (fixes[i].fix.tsMs, arrivals[i]) else { return false }
        }
        return true
    }

    /// Every number below the count exactly once. Cost: a byte per fix.
    static func isComplete(_ arrivals: UnsafeBufferPointer<UInt32>) -> Bool {
        var seen = [Bool](repeating: false, count: arrivals.count)
        for arrival in arrivals {
            guard arrival < UInt32(arrivals.count), !seen[Int(arrival)] else { return false }
            seen[Int(arrival)] = true
        }
        return true
    }

    /// The fixes as they arrived. `arrivals` must be complete.
    package static func rebuild(_ fixes: [StoredFix], arrivals: [UInt32]) -> [StoredFix] {
        var order = [Int](repeating: 0, count: fixes.count)
        for (place, arrival) in arrivals.enumerated() { order[Int(arrival)] = place }
        return order.map { fixes[$0] }
    }
}
