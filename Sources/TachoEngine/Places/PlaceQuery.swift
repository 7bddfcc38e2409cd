import TachoCodec
package import TachoGeo

/// A rider found by where it is now.
package struct PlacedRider: Sendable, Hashable {
    package var number: UInt32
    package var name: [UInt8]
    package var position: Coordinate
    package var tsMs: Int64
    /// From the centre that was asked for, m; of `within` 0.
    package var distanceM: Double
}

/// Riders in an area now, in the order in which they were first named.
package struct WithinPage: Sendable {
    package var riders: [PlacedRider]
    /// Where to go on; nil: these were all.
    package var next: UInt32?

    package init(riders: [PlacedRider], next: UInt32?) {
        self.riders = riders
        self.next = next
    }
}

/// Answers who is where now from the grid and the latest positions: memory only.
struct PlaceFinderNow {
    let grid: LiveGrid
    let latest: LatestTable
    /// Older positions do not count, Unix ms.
    let notBeforeMs: Int64

    /// The nearest riders to a circle's centre, nearest first, at most `count`; at one distance in the
    /// order in which they were first named.
    ///
    /// Looks around in circles that double until enough are found: who is outside of one cannot be
    /// nearer. Cost: about 60 ns for each rider in sight.
    func nearest(_ circle: Circle, count: Int) -> [PlacedRider] {
        var radiusM = min(circle.radiusM, Self.firstRadiusM)
        while true {
            let isLast = radiusM >= circle.radiusM
            let reach = isLast ? circle.radiusM : radiusM
            guard let near = try? Circle(lat: circle.lat, lon: circle.lon, radiusM: reach)
            else { return [] }
            let candidates = isLast ? nil : grid.riders(in: Area.circle(near).bounds)
            if isLast || candidates == nil {
                let all = grid.riders(in: Area.circle(circle).bounds) ?? grid.all
                return pick(all, circle, count)
            }
            let found = pick(candidates!, near, count)
            if found.count == count { return found }
            radiusM *= 2
        }
    }

    static let firstRadiusM = 100.0
    private static let ahead = 8

    /// Who on the sphere may be among the nearest is measured, the others are not: 0.5 µs each, and
    /// 0.1 ms near the antipode.
    private func pick(_ riders: [UInt32], _ circle: Circle, _ count: Int) -> [PlacedRider] {
        var inSight: [(rider: PlacedRider, nearestM: Double, furthestM: Double)] = []
        forEach(riders) { rider in
            let (nearest, furthest) = circle.distanceBoundsM(to: rider.position)
            if nearest <= circle.radiusM { inSight.append((rider, nearest, furthest)) }
        }
        var limitM = circle.radiusM
        if count < inSight.count {
            limitM = min(limitM, inSight.map(\.furthestM).sorted()[count - 1])
        }
        var found: [PlacedRider] = []
        for (rider, nearestM, _) in inSight where nearestM <= limitM {
            var rider = rider
            rider.distanceM = circle.distanceM(to: rider.position)
            if rider.distanceM <= circle.radiusM { found.append(rider) }
        }
        found.sort {
            $0.distanceM != $1.distanceM ? $0.distanceM < $1.distanceM : $0.number < $1.number
        }
        return Array(found.prefix(count))
    }

    /// Riders in an area with numbers from `first` on, at most `limit`, ascending.
    /// Cost: about 60 ns for each rider in sight, and the area's test.
    func within(_ area: Area, from first: UInt32, limit: Int) -> WithinPage {
        var riders = (grid.riders(in: area.bounds) ?? grid.all).filter { $0 >= first }
        riders.sort()
        var page = WithinPage(riders: [], next: nil)
        forEach(riders) { rider in
            guard page.next == nil, area.contains(rider.position) else { return }
            if page.riders.count == limit {
                page.next = rider.number
            } else {
                page.riders.append(rider)
            }
        }
        return page
    }

    /// The riders that are shown and not too old, where they are by now.
    func forEach(_ riders: [UInt32], _ body: (PlacedRider) -> Void) {
        for index in riders.indices {
            if index + Self.ahead < riders.count { latest.prefetch(riders[index + Self.ahead]) }
            guard let row = latest.read(riders[index])?.shownRow, row.tsMs >= notBeforeMs else {
                continue
            }
            body(
                PlacedRider(
                    number: riders[index], name: [],
                    position: Coordinate(latE7: row.latE7, lonE7: row.lonE7), tsMs: row.tsMs,
                    distanceM: 0))
        }
    }
}
