import TachoIngest

/// The newest alerts by rider, as risk scores need them: what a question about now needs, without a
/// look into the database.
///
/// Bounded: when it is full, the oldest by receipt time go, and `coversFromMs` says from when on it
/// is whole. A question about an earlier moment is answered from the rows, with the same result.
struct RiskTable {
    private var hits: [UInt32: [RiskHit]] = [:]
    private(set) var count = 0
    /// All alerts of that receipt time and later are here.
    private(set) var coversFromMs = Int64.min
    private let capacity: Int

    /// Memory: 40 B an alert, and some 100 a rider.
    init(capacity: Int) { self.capacity = capacity }

    var riders: [UInt32] { Array(hits.keys) }

    /// In the order of `RiskHit.precedes`.
    func hits(of rider: UInt32) -> [RiskHit] { hits[rider] ?? [] }

    /// Cost: an append as a rule.
    mutating func add(_ hit: RiskHit, rider: UInt32) {
        guard hit.atRecvMs >= coversFromMs else { return }
        var list = hits.removeValue(forKey: rider) ?? []
        var index = list.count
        while index > 0 && RiskHit.precedes(hit, list[index - 1]) { index -= 1 }
        list.insert(hit, at: index)
        hits[rider] = list
        count += 1
        if count > capacity { forgetOldest() }
    }

    /// People said whether an alert counts. One that is not here was forgotten.
    mutating func set(idMs: Int64, idN: UInt32, rider: UInt32, counts: Bool) {
        guard let index = hits[rider]?.lastIndex(where: { $0.idMs == idMs && $0.idN == idN })
        else { return }
        hits[rider]![index].counts = counts
    }

    /// The oldest quarter goes at least, with all of equal time.
    private mutating func forgetOldest() {
        var times: [Int64] = []
        times.reserveCapacity(count)
        for list in hits.values { for hit in list { times.append(hit.atRecvMs) } }
        times.sort()
        coversFromMs = times[capacity / 4] + 1
        for rider in riders {
            let kept = hits[rider]!.filter { $0.atRecvMs >= coversFromMs }
            count -= hits[rider]!.count - kept.count
            hits[rider] = kept.isEmpty ? nil : kept
        }
    }
}
