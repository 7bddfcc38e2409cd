import TachoGeo

/// The points every peer gets: the fleet of the ingest benchmarks from its first report on.
package struct PeerPoints: Sendable {
    package let count: Int
    let riders: Int

    init(count: Int, riders: Int) {
        self.count = count
        self.riders = riders
    }

    /// Hands out all points in the order of their reports.
    func forEach(_ body: (_ rider: Int, _ fix: Fix) throws -> Void) rethrows {
        var fleet = BenchmarkFleet(riders: riders)
        for _ in 0..<count {
            let (rider, fix) = fleet.step()
            try body(rider, fix)
        }
    }

    func batches(of size: Int) -> [[(rider: Int, fix: Fix)]] {
        var all: [[(rider: Int, fix: Fix)]] = []
        var batch: [(rider: Int, fix: Fix)] = []
        forEach { rider, fix in
            batch.append((rider, fix))
            if batch.count == size {
                all.append(batch)
                batch.removeAll(keepingCapacity: true)
            }
        }
        if !batch.isEmpty { all.append(batch) }
        return all
    }

    /// How many riders have a point.
    var activeRiders: Int { min(count, riders) }

    /// Times of all points, added: whoever holds them comes to the same sum.
    var timeSum: UInt64 {
        var sum: UInt64 = 0
        forEach { _, fix in sum &+= UInt64(fix.tsMs) }
        return sum
    }

    var hash: UInt64 {
        var hash = ResultHash()
        hash.mix(UInt64(count))
        hash.mix(timeSum)
        return hash.value
    }

    /// A peer that does not hold all points was not measured.
    func check(_ peer: String, rows: Int, timeSum: UInt64? = nil) throws {
        guard rows == count else { throw PeerError("\(peer) holds \(rows) of \(count) points") }
        if let timeSum, timeSum != self.timeSum {
            throw PeerError("\(peer) holds \(rows) points, but not those that were sent")
        }
    }
}

/// What went wrong with a peer, in words.
package struct PeerError: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
