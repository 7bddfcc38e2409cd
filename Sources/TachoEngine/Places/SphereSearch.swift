import TachoCodec
package import TachoGeo

/// Which riders round a centre to list, measured as Redis does.
package struct SphereQuery: Sendable, Hashable {
    package enum Centre: Sendable, Hashable {
        /// Degrees.
        case position(lat: Double, lon: Double)
        /// Where the rider of this name is.
        case rider([UInt8])
    }

    package var centre: Centre
    package var extent: SphereShape.Extent
    /// nil: of a `count` the nearest first, otherwise in the order in which they were first named.
    package var order: DistanceOrder?
    /// nil: all inside.
    package var count: Int?
    /// Any of those inside will do, not only the first of the order.
    package var isAny: Bool
    /// More are not listed.
    package var limit: Int

    package init(
        centre: Centre, extent: SphereShape.Extent, order: DistanceOrder? = nil,
        count: Int? = nil, isAny: Bool = false, limit: Int = .max
    ) {
        self.centre = centre
        self.extent = extent
        self.order = order
        self.count = count
        self.isAny = isAny
        self.limit = limit
    }
}

package enum SphereAnswer: Sendable, Hashable {
    case riders([PlacedRider])
    /// More than the query's limit.
    case tooMany
    /// The rider in the centre is not known, or nothing is shown of it.
    case unknownRider
}

extension Engine {
    /// The riders in a circle or rectangle on Redis's sphere, as of all writes answered before the call.
    /// `completion` runs on a thread of the engine. Cost: about 100 ns for each rider in sight; with a
    /// count, unless the furthest are asked for, only those near the centre are.
    package func search(
        _ query: SphereQuery,
        completion: @escaping @Sendable (Result<SphereAnswer, ReadError>) -> Void
    ) {
        answer(nil, 0, completion) { [riders] finder in
            let centre: (lat: Double, lon: Double)
            switch query.centre {
            case .position(let lat, let lon): centre = (lat, lon)
            case .rider(let name):
                guard let number = name.withUnsafeBytes({ riders.number(of: $0) }),
                    let row = finder.latest.read(number)?.shownRow
                else { return .unknownRider }
                let position = Coordinate(latE7: row.latE7, lonE7: row.lonE7)
                centre = (position.lat, position.lon)
            }
            let shape = SphereShape(lat: centre.lat, lon: centre.lon, extent: query.extent)
            let found = finder.search(shape, query)
            if found.count > query.limit { return .tooMany }
            return .riders(found.map { named($0, riders) })
        }
    }

    package func search(_ query: SphereQuery) throws(ReadError) -> SphereAnswer {
        try waitFor { search(query, completion: $0) }
    }

    /// How many riders have a position that is shown.
    package var placedRiders: Int { grid.count }
}

extension PlaceFinderNow {
    /// At one distance in the order in which riders were first named.
    func search(_ shape: SphereShape, _ query: SphereQuery) -> [PlacedRider] {
        if let count = query.count, query.order != .descending || query.isAny {
            // Any will do: the nearest are found soonest.
            return sorted(nearest(shape, count: count), query.order ?? .ascending)
        }
        let all = inside(shape, grid.riders(in: shape.bounds) ?? grid.all)
        guard let order = query.order else { return all.sorted { $0.number < $1.number } }
        let sorted = sorted(all, order)
        return query.count.map { Array(sorted.prefix($0)) } ?? sorted
    }

    /// Looks around in circles that double until enough are found: who is outside of one is further
    /// away than all inside.
    private func nearest(_ shape: SphereShape, count: Int) -> [PlacedRider] {
        var radiusM = Self.firstRadiusM
        while radiusM < shape.reachM {
            let circle = SphereShape(
                lat: shape.lat, lon: shape.lon, extent: .circle(radiusM: radiusM))
            guard let riders = grid.riders(in: circle.bounds) else { break }
            let found = inside(shape, riders).filter { $0.distanceM <= radiusM }
            if found.count >= count { return Array(sorted(found, .ascending).prefix(count)) }
            radiusM *= 2
        }
        let all = inside(shape, grid.riders(in: shape.bounds) ?? grid.all)
        return Array(sorted(all, .ascending).prefix(count))
    }

    private func inside(_ shape: SphereShape, _ riders: [UInt32]) -> [PlacedRider] {
        var found: [PlacedRider] = []
        forEach(riders) { rider in
            guard let distanceM = shape.distanceM(to: rider.position) else { return }
            var rider = rider
            rider.distanceM = distanceM
            found.append(rider)
        }
        return found
    }

    private func sorted(_ riders: [PlacedRider], _ order: DistanceOrder) -> [PlacedRider] {
        riders.sorted { a, b in
            if a.distanceM == b.distanceM { return a.number < b.number }
            return order == .ascending ? a.distanceM < b.distanceM : a.distanceM > b.distanceM
        }
    }
}
