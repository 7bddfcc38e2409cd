import CTacho
package import TachoGeo

/// The trails of all riders by number, in one stretch of memory. Used by one thread at a time.
package final class TrailSlab {
    private var base: UnsafeMutablePointer<Trail>
    package private(set) var count = 0
    private var capacity: Int

    package init() {
        precondition(MemoryLayout<Trail>.stride == 64, "a trail is a cache line")
        capacity = 1024
        base = .allocate(capacity: capacity)
    }

    deinit { base.deallocate() }

    /// Memory held.
    package var bytes: Int { capacity * MemoryLayout<Trail>.stride }

    /// The trail of a rider, a new one if nothing is known.
    package subscript(rider: UInt32) -> Trail {
        get { Int(rider) < count ? base[Int(rider)] : Trail() }
        set {
            grow(to: Int(rider) + 1)
            base[Int(rider)] = newValue
        }
    }

    /// Gives a landmark of the rider its number.
    package func number(_ rider: UInt32) -> UInt32 {
        base[Int(rider)].landmarks += 1
        return base[Int(rider)].landmarks
    }

    /// Landmarks of the rider that were given a number.
    package func landmarks(_ rider: UInt32) -> UInt32 {
        Int(rider) < count ? base[Int(rider)].landmarks : 0
    }

    /// What is kept beside a rider's trail has changed.
    package func setDirty(_ rider: UInt32) {
        if Int(rider) < count { base[Int(rider)].isDirty = true }
    }

    package func clearDirty(_ rider: UInt32) { base[Int(rider)].isDirty = false }

    /// Trails asked for ahead of the one being worked on: they lie all over memory.
    private static let ahead = 12

    /// Takes fixes in order; appends their landmarks, without numbers. Cost a fix: about 20 ns.
    package func advance(
        _ fixes: [WayFix], _ limits: Thresholds, into landmarks: inout [Landmark]
    ) {
        // Copies: to look at the object's own for each fix costs as much as the rest.
        var (base, count) = (base, count)
        for index in fixes.indices {
            if index + Self.ahead < fixes.count {
                let rider = Int(fixes[index + Self.ahead].rider)
                if rider < count { tacho_prefetch(base + rider) }
            }
            let fix = fixes[index]
            if Int(fix.rider) >= count {
                grow(to: Int(fix.rider) + 1)
                (base, count) = (self.base, self.count)
            }
            let hashes = base[Int(fix.rider)].take(fix, limits)
            if hashes.places | hashes.cells == 0 { continue }
            if hashes.places != 0 { landmarks.append(Self.landmark(hashes.places, fix)) }
            if hashes.cells != 0 { landmarks.append(Self.landmark(hashes.cells, fix)) }
        }
    }

    private static func landmark(_ hash: UInt64, _ fix: WayFix) -> Landmark {
        Landmark(
            hash: hash, rider: fix.rider, number: 0, tsMs: fix.tsMs,
            place: Landmark.place(latE7: fix.latE7, lonE7: fix.lonE7))
    }

    private func grow(to wanted: Int) {
        if wanted <= count { return }
        if wanted > capacity {
            let room = max(wanted, capacity * 2)
            let bigger = UnsafeMutablePointer<Trail>.allocate(capacity: room)
            bigger.moveInitialize(from: base, count: count)
            base.deallocate()
            base = bigger
            capacity = room
        }
        (base + count).initialize(repeating: Trail(), count: wanted - count)
        count = wanted
    }
}
