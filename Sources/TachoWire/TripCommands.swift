package import TachoGeo

/// `T.TRIPS` and `T.STOPS rider from to [MINSTOP s] [RADIUS m] [GAP s] [COUNT n] [CURSOR c]`.
/// Times are Unix ms, inclusive.
package struct TripRequest: Equatable, Sendable {
    package var fromMs: Int64
    package var toMs: Int64
    package var settings = TripSettings()
    package var count: Int?
    /// Which argument is the cursor of an earlier, cut reply.
    package var cursorArgument: Int?

    static func parse(_ arguments: Arguments) throws(CommandError) -> TripRequest {
        var request = TripRequest(
            fromMs: try Command.time(arguments, 2, name: "from"),
            toMs: try Command.time(arguments, 3, name: "to"))
        for i in stride(from: 4, to: arguments.count, by: 2) {
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "COUNT") {
                request.count = try Command.count(arguments, i + 1)
            } else if arguments.isWord(i, "CURSOR") {
                request.cursorArgument = i + 1
            } else if arguments.isWord(i, "MINSTOP") {
                try request.set(.minStop, arguments[i + 1])
            } else if arguments.isWord(i, "RADIUS") {
                try request.set(.radius, arguments[i + 1])
            } else if arguments.isWord(i, "GAP") {
                try request.set(.gap, arguments[i + 1])
            } else {
                throw .syntax
            }
        }
        return request
    }

    private mutating func set(
        _ option: TripSettings.Option, _ text: UnsafeRawBufferPointer
    ) throws(CommandError) {
        do {
            try settings.set(option, text)
        } catch {
            throw .trackNumber(error)
        }
    }
}

/// `T.AT rider ts [MAXGAP ms]`.
package struct PositionRequest: Equatable, Sendable {
    package var atMs: Int64
    package var maxGapMs: Int64

    /// As far apart as neighbours of one trip or stop may be.
    package static let defaultMaxGapMs = TripSettings().gapMs

    static func parse(_ arguments: Arguments) throws(CommandError) -> PositionRequest {
        guard let atMs = Decimal.integer(arguments[2]) else {
            throw .notInteger(what: "ts", text: arguments.shown(2))
        }
        var request = PositionRequest(atMs: atMs, maxGapMs: defaultMaxGapMs)
        if arguments.count > 3 {
            guard arguments.count == 5, arguments.isWord(3, "MAXGAP") else { throw .syntax }
            guard let value = Decimal.integer(arguments[4]), value >= 0 else {
                throw .notInteger(what: "MAXGAP", text: arguments.shown(4))
            }
            // As a gap of trips: beyond, a look for it would read a whole history.
            request.maxGapMs = min(value, 31_536_000_000)
        }
        return request
    }
}
