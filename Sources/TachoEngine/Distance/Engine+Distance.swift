import TachoGeo

extension Engine {
    /// How far a rider went, by `DistanceV1`, as of all writes answered before the call.
    /// `completion` runs on a thread of the engine.
    /// Cost: 0.15 µs a fix of the time asked for; in turns, between which others are answered.
    package func distance(
        _ query: DistanceQuery, isWanted: @escaping @Sendable () -> Bool = { true },
        completion: @escaping @Sendable (Result<DistancePage, ReadError>) -> Void
    ) {
        let reader = DistanceReader(query)
        readInTurns(
            query.rider, unknown: DistancePage(isKnownRider: false), isWanted: isWanted,
            { try reader.turn($0) }, completion)
    }

    package func distance(_ query: DistanceQuery) throws(ReadError) -> DistancePage {
        try waitFor { distance(query, completion: $0) }
    }
}
