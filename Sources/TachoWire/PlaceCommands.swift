package import TachoGeo

/// `T.NEARBY lat lon radius_m [COUNT k] [MAXAGE ms] [WITHDIST] [WITHCOORD]`.
package struct NearbyQuery: Equatable, Sendable {
    package var circle: Circle
    /// nil: all inside.
    package var count: Int?
    /// Older positions do not count, ms.
    package var maxAgeMs: Int64?
    package var withDistance = false
    package var withPosition = false

    static func parse(_ arguments: Arguments) throws(CommandError) -> NearbyQuery {
        let words = (1...3).map { String(decoding: arguments[$0], as: UTF8.self) }
        guard case .circle(let circle) = try area(["CIRCLE"] + words).area else { throw .syntax }
        var query = NearbyQuery(circle: circle)
        var i = 4
        while i < arguments.count {
            if arguments.isWord(i, "WITHDIST") {
                query.withDistance = true
            } else if arguments.isWord(i, "WITHCOORD") {
                query.withPosition = true
            } else if arguments.isWord(i, "COUNT"), i + 1 < arguments.count {
                i += 1
                query.count = try Command.count(arguments, i)
            } else if arguments.isWord(i, "MAXAGE"), i + 1 < arguments.count {
                i += 1
                query.maxAgeMs = try maxAge(arguments, i)
            } else {
                throw .syntax
            }
            i += 1
        }
        return query
    }

    /// Reads an area from the words of a request.
    static func area(_ words: [String]) throws(CommandError) -> (area: Area, words: Int) {
        do {
            return try Area.read(words)
        } catch {
            throw .area(error)
        }
    }

    static func maxAge(_ arguments: Arguments, _ index: Int) throws(CommandError) -> Int64 {
        guard let value = Decimal.integer(arguments[index]), value >= 0 else {
            throw .notInteger(what: "MAXAGE", text: arguments.shown(index))
        }
        return value
    }
}

/// `T.WITHIN area [MAXAGE ms] [COUNT n] [CURSOR c]`.
package struct WithinQuery: Equatable, Sendable {
    package var area: Area
    package var maxAgeMs: Int64?
    /// At most so many riders; what is left is behind a cursor. nil: all.
    package var count: Int?
    /// Which argument is the cursor of an earlier, cut reply.
    package var cursorArgument: Int?

    static func parse(_ arguments: Arguments) throws(CommandError) -> WithinQuery {
        let words = (1..<arguments.count).map { String(decoding: arguments[$0], as: UTF8.self) }
        let (area, taken) = try NearbyQuery.area(words)
        var query = WithinQuery(area: area)
        for i in stride(from: 1 + taken, to: arguments.count, by: 2) {
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "MAXAGE") {
                query.maxAgeMs = try NearbyQuery.maxAge(arguments, i + 1)
            } else if arguments.isWord(i, "COUNT") {
                query.count = try Command.count(arguments, i + 1)
            } else if arguments.isWord(i, "CURSOR") {
                query.cursorArgument = i + 1
            } else {
                throw .syntax
            }
        }
        return query
    }
}

/// `T.WHO area FROM t1 TO t2 [COUNT n] [CURSOR c]`. Times are Unix ms, inclusive; `-` and `+` as in
/// T.RANGE.
package struct WhoQuery: Equatable, Sendable {
    package var area: Area
    package var fromMs: Int64
    package var toMs: Int64
    package var count: Int?
    /// Which argument is the cursor of an earlier, cut reply.
    package var cursorArgument: Int?

    static func parse(_ arguments: Arguments) throws(CommandError) -> WhoQuery {
        let words = (1..<arguments.count).map { String(decoding: arguments[$0], as: UTF8.self) }
        let (area, taken) = try NearbyQuery.area(words)
        var (from, to): (Int64?, Int64?)
        var (count, cursor): (Int?, Int?)
        for i in stride(from: 1 + taken, to: arguments.count, by: 2) {
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "FROM") {
                from = try Command.time(arguments, i + 1, name: "FROM")
            } else if arguments.isWord(i, "TO") {
                to = try Command.time(arguments, i + 1, name: "TO")
            } else if arguments.isWord(i, "COUNT") {
                count = try Command.count(arguments, i + 1)
            } else if arguments.isWord(i, "CURSOR") {
                cursor = i + 1
            } else {
                throw .syntax
            }
        }
        guard let from, let to else { throw .syntax }
        return WhoQuery(
            area: area, fromMs: from, toMs: to, count: count, cursorArgument: cursor)
    }
}
