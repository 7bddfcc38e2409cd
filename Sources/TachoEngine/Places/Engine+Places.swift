package import TachoGeo

extension Engine {
    /// The riders nearest to a circle's centre, of those inside it, as of all writes answered before
    /// the call: nearest first, at most `count`. `maxAgeMs`: only positions reported that recently.
    /// `completion` runs on a thread of the engine. Cost: about 60 ns for each rider in sight, which of
    /// a dense fleet are some hundred.
    package func nearest(
        _ circle: Circle, count: Int, maxAgeMs: Int64? = nil, nowMs: Int64,
        completion: @escaping @Sendable (Result<[PlacedRider], ReadError>) -> Void
    ) {
        answer(maxAgeMs, nowMs, completion) { [riders] finder in
            finder.nearest(circle, count: count).map { named($0, riders) }
        }
    }

    /// The riders inside an area, with numbers from `first` on, at most `limit`.
    package func within(
        _ area: Area, from first: UInt32 = 0, limit: Int = .max, maxAgeMs: Int64? = nil,
        nowMs: Int64, completion: @escaping @Sendable (Result<WithinPage, ReadError>) -> Void
    ) {
        answer(maxAgeMs, nowMs, completion) { [riders] finder in
            var page = finder.within(area, from: first, limit: limit)
            page.riders = page.riders.map { named($0, riders) }
            return page
        }
    }

    package func nearest(
        _ circle: Circle, count: Int, maxAgeMs: Int64? = nil, nowMs: Int64
    ) throws(ReadError) -> [PlacedRider] {
        try waitFor {
            nearest(circle, count: count, maxAgeMs: maxAgeMs, nowMs: nowMs, completion: $0)
        }
    }

    package func within(
        _ area: Area, from first: UInt32 = 0, limit: Int = .max, maxAgeMs: Int64? = nil,
        nowMs: Int64
    ) throws(ReadError) -> WithinPage {
        try waitFor {
            within(
                area, from: first, limit: limit, maxAgeMs: maxAgeMs, nowMs: nowMs, completion: $0)
        }
    }

    /// On a thread of its own: one such question is quick, and should not wait for those who read
    /// years of history.
    func answer<R: Sendable>(
        _ maxAgeMs: Int64?, _ nowMs: Int64,
        _ completion: @escaping @Sendable (Result<R, ReadError>) -> Void,
        _ body: @escaping @Sendable (PlaceFinderNow) -> R
    ) {
        if control.isClosing { return completion(.failure(.closed)) }
        if let reason = control.failure { return completion(.failure(.stopped(reason))) }
        let finder = PlaceFinderNow(
            grid: grid, latest: latest,
            notBeforeMs: maxAgeMs.map { nowMs.subtractingReportingOverflow($0).partialValue }
                ?? .min)
        let isTaken = placesThread.post { [control] in
            // Who stops must not wait for all that was asked.
            if control.isClosing { return completion(.failure(.closed)) }
            completion(.success(body(finder)))
        }
        if !isTaken { completion(.failure(.closed)) }
    }
}

func named(_ rider: PlacedRider, _ riders: RiderTable) -> PlacedRider {
    var rider = rider
    rider.name = riders.name(of: rider.number)
    return rider
}
