import TachoWire

extension TachoClient {
    /// Riders of one T.MGET; a request may have 1,024 arguments.
    private static let ridersPerRequest = 500
    /// What one connection may follow by name, a bound of the server.
    static let mostFollowed = 10_000

    /// Where a rider is: the newest fix by its own time that is accepted or flagged. nil: the server
    /// knows none. Sees every point that was acknowledged before.
    public func latest(_ rider: String) async throws(TachoReadError) -> RiderPosition? {
        let reply = try await questions.ask { $0.command("T.GET", rider) }
        if reply == .null { return nil }
        guard let position = ReplyValues.latest(rider, reply) else {
            throw .notUnderstood("T.GET: a fix expected")
        }
        return position
    }

    /// The same of many riders, in their order.
    public func latest(_ riders: [String]) async throws(TachoReadError) -> [RiderPosition?] {
        var positions: [RiderPosition?] = []
        var rest = riders[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.ridersPerRequest)
            rest = rest.dropFirst(some.count)
            let reply = try await questions.ask { $0.command(["T.MGET"] + some) }
            guard let found = reply.elements, found.count == some.count else {
                throw .notUnderstood("T.MGET: an answer for each rider expected")
            }
            for (rider, one) in zip(some, found) {
                let position = ReplyValues.latest(rider, one)
                guard one == .null || position != nil else {
                    throw .notUnderstood("T.MGET: a fix expected")
                }
                positions.append(position)
            }
        }
        return positions
    }

    /// A rider's fixes by their time, both ends included; nil is open. Pages come as they are asked
    /// for, so a track of any length needs little memory.
    public func track(
        _ rider: String, fromMs: Int64? = nil, toMs: Int64? = nil,
        verdicts: TrackVerdicts = .all
    ) -> Track {
        Track(
            questions: questions, rider: rider, fromMs: fromMs, toMs: toMs, verdicts: verdicts)
    }

    /// Where these riders are, and then each change of it, the newest only: who takes slowly misses
    /// what is old news. Goes on by itself after a lost connection, beginning with where they are.
    /// At most 10,000 of them, for a server lets a connection have no more subscriptions: for more
    /// there is `positions(matching:)`, or several of these.
    public func positions(of riders: [String]) -> PositionUpdates {
        precondition(!riders.isEmpty, "name the riders to follow, or use positions(matching:)")
        var requests: [[String]] = []
        var rest = riders[...]
        while !rest.isEmpty {
            let some = rest.prefix(WireLimits.maxArguments)
            rest = rest.dropFirst(some.count)
            requests.append(["SUBSCRIBE"] + some.map { "pos:\($0)" })
        }
        var updates = PositionUpdates(questions: questions, requests: requests)
        if riders.count > Self.mostFollowed, Set(riders).count > Self.mostFollowed {
            updates.defect =
                "\(riders.count) riders, at most \(Self.mostFollowed) are followed by name:"
                + " use positions(matching:), or several sequences"
        }
        return updates
    }

    /// The same of all riders whose names match a pattern of Redis, `*` being all of them.
    public func positions(matching pattern: String = "*") -> PositionUpdates {
        PositionUpdates(questions: questions, requests: [["PSUBSCRIBE", "pos:\(pattern)"]])
    }

    /// Alerts for one consumer of a group, each until it is acknowledged: see `Alerts`.
    public func alerts(
        group: String, consumer: String, from start: Alerts.Start = .everything
    ) -> Alerts {
        Alerts(questions: questions, group: group, consumer: consumer, start: start)
    }
}

/// Which fixes of a track are wanted.
public enum TrackVerdicts: String, Sendable {
    case all
    /// Effect accept.
    case ok
    /// The rest.
    case flagged
}

/// A rider's fixes, by their time.
public struct Track: AsyncSequence, Sendable {
    public typealias Element = RiderPosition
    public typealias Failure = TachoReadError

    let questions: Questions
    let rider: String
    let fromMs: Int64?
    let toMs: Int64?
    let verdicts: TrackVerdicts

    public func makeAsyncIterator() -> Iterator { Iterator(track: self) }

    public struct Iterator: AsyncIteratorProtocol {
        public typealias Element = RiderPosition
        public typealias Failure = TachoReadError

        private static let pageFixes = 4_096

        let track: Track
        private var page: ArraySlice<RiderPosition> = []
        private var cursor: String?
        private var isOver = false

        init(track: Track) { self.track = track }

        public mutating func next() async throws(TachoReadError) -> RiderPosition? {
            while page.isEmpty {
                if isOver { return nil }
                try await turnPage()
            }
            return page.removeFirst()
        }

        private mutating func turnPage() async throws(TachoReadError) {
            let (track, cursor) = (track, cursor)
            var words = [
                "T.RANGE", track.rider, track.fromMs.map { String($0) } ?? "-",
                track.toMs.map { String($0) } ?? "+", "VERDICT", track.verdicts.rawValue, "COUNT",
                String(Self.pageFixes),
            ]
            if let cursor { words += ["CURSOR", cursor] }
            let request = words
            let reply = try await track.questions.ask { $0.command(request) }
            guard var rows = reply.elements else { throw .notUnderstood("T.RANGE: fixes expected") }
            self.cursor = rows.last?.text
            if self.cursor != nil { rows.removeLast() } else { isOver = true }
            var positions: [RiderPosition] = []
            positions.reserveCapacity(rows.count)
            for row in rows {
                guard let position = ReplyValues.tracked(track.rider, row) else {
                    throw .notUnderstood("T.RANGE: a fix expected")
                }
                positions.append(position)
            }
            page = positions[...]
        }
    }
}
