package import TachoGeo

extension Engine {
    /// A page of a rider's trips or stops, as of all writes answered before the call, from the first
    /// accepted or flagged fix of each time. `completion` runs on a thread of the engine.
    /// Cost: 0.3 µs a fix of the time asked for; in turns, between which others are answered.
    package func trips(
        _ query: TripQuery, isWanted: @escaping @Sendable () -> Bool = { true },
        completion: @escaping @Sendable (Result<TripPage, ReadError>) -> Void
    ) {
        let unknown = TripPage(items: [], next: nil, isKnownRider: false)
        let reader = TripReader(query)
        readInTurns(
            query.rider, unknown: unknown, isWanted: isWanted, { try reader.turn($0) }, completion)
    }

    package func trips(_ query: TripQuery) throws(ReadError) -> TripPage {
        try waitFor { trips(query, completion: $0) }
    }

    /// Where a rider was at a time: at a fix, or between two that are at most `maxGapMs` apart, by
    /// the first accepted or flagged fix of each time. nil: nobody knows. `completion` runs on a
    /// thread of the engine.
    package func position(
        of rider: [UInt8], atMs: Int64, maxGapMs: Int64,
        completion: @escaping @Sendable (Result<TrackPosition?, ReadError>) -> Void
    ) {
        let finder = PositionFinder(atMs: atMs, maxGapMs: maxGapMs)
        read(rider, unknown: nil, { try finder.find(in: $0) }, completion)
    }

    package func position(
        of rider: [UInt8], atMs: Int64, maxGapMs: Int64
    ) throws(ReadError) -> TrackPosition? {
        try waitFor { position(of: rider, atMs: atMs, maxGapMs: maxGapMs, completion: $0) }
    }
}
