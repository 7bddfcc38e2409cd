/// Why a write was not taken, for who counts.
package enum WriteRefusal: String, Sendable, CaseIterable {
    case disk, journal, memory, pending, stopped
}

/// Fixes of writes that were not taken, by reason, since the start.
package struct WriteRefusals: Sendable, Equatable {
    private var points = [Int](repeating: 0, count: WriteRefusal.allCases.count)

    mutating func note(_ reason: WriteRefusal, points count: Int) {
        points[WriteRefusal.allCases.firstIndex(of: reason)!] += count
    }

    package subscript(reason: WriteRefusal) -> Int {
        points[WriteRefusal.allCases.firstIndex(of: reason)!]
    }
}
