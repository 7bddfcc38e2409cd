import TachoGeo
import Testing

@testable import TachoEngine

/// Groups of the stream `alerts` against a model of what Redis 7 does, through kills and restarts.
struct GroupModelTests {
    /// As simple as can be: sorted when asked.
    private struct Model {
        struct Entry {
            var consumer: String
            var atMs: Int64
            var count: Int
        }
        struct Group {
            var last = StreamID.zero
            var entriesRead: Int64 = -1
            var seen: [String: Int64] = [:]
            var pending: [AlertID: Entry] = [:]
        }
        var stream: [AlertID] = []
        var groups: [String: Group] = [:]

        func entriesRead(_ id: StreamID) -> Int64? {
            guard let first = stream.first, let last = stream.last else { return 0 }
            if id == StreamID(last) { return Int64(stream.count) }
            if id > StreamID(last) { return nil }
            if id < StreamID(first) { return 0 }
            return id == StreamID(first) ? 1 : nil
        }

        func lag(_ group: Group) -> Int64? {
            if stream.isEmpty { return 0 }
            if group.entriesRead >= 0 { return Int64(stream.count) - group.entriesRead }
            return entriesRead(group.last).map { Int64(stream.count) - $0 }
        }

        mutating func read(
            _ name: String, _ consumer: String, count: Int?, own: StreamID?, noAck: Bool,
            _ nowMs: Int64
        ) -> String {
            guard var group = groups[name] else { return "noGroupToRead" }
            defer { groups[name] = group }
            func list(_ ids: [AlertID]) -> String {
                "alerts: " + ids.map(\.text).joined(separator: ",")
            }
            if let own {
                group.seen[consumer] = nowMs
                let mine = group.pending.filter {
                    $0.value.consumer == consumer && StreamID($0.key) > own
                }.keys.sorted().prefix(count ?? .max)
                for id in mine {
                    group.pending[id]!.count += 1
                    group.pending[id]!.atMs = nowMs
                }
                return list(Array(mine))
            }
            let new = stream.filter { StreamID($0) > group.last }.prefix(count ?? .max)
            if new.isEmpty { return "nil" }
            group.seen[consumer] = nowMs
            for id in new {
                group.entriesRead =
                    group.entriesRead >= 0
                    ? group.entriesRead + 1 : entriesRead(StreamID(id)) ?? -1
                group.last = StreamID(id)
                if noAck { continue }
                group.pending[id] = Entry(consumer: consumer, atMs: nowMs, count: 1)
            }
            return list(Array(new))
        }

        mutating func claim(
            _ name: String, _ claim: GroupClaim, _ nowMs: Int64
        ) -> String {
            guard var group = groups[name] else { return "noGroup" }
            defer { groups[name] = group }
            let consumer = String(decoding: claim.consumer, as: UTF8.self)
            var claimed: [AlertID] = []
            if let last = claim.lastID { group.last = max(group.last, last) }
            for id in claim.ids {
                guard let id = AlertID(exactly: id), stream.contains(id) else { continue }
                var entry = group.pending[id]
                if entry == nil && !claim.forces { continue }
                if let entry, nowMs - entry.atMs < claim.minIdleMs { continue }
                if entry == nil { entry = Entry(consumer: consumer, atMs: 0, count: 1) }
                entry!.consumer = consumer
                switch claim.delivered {
                case nil: entry!.atMs = nowMs
                case .idleMs(let idle): entry!.atMs = min(nowMs, nowMs - idle)
                case .atMs(let at): entry!.atMs = at > nowMs ? nowMs : at
                }
                if let retries = claim.retries {
                    entry!.count = Int(retries)
                } else if !claim.idsOnly {
                    entry!.count += 1
                }
                group.seen[consumer] = nowMs
                group.pending[id] = entry
                claimed.append(id)
            }
            return (claim.idsOnly ? "ids " : "claimed ")
                + claimed.map(\.text).joined(separator: ",")
        }

        mutating func autoClaim(
            _ name: String, _ claim: GroupAutoClaim, _ nowMs: Int64
        ) -> String {
            guard var group = groups[name] else { return "noGroup" }
            defer { groups[name] = group }
            let consumer = String(decoding: claim.consumer, as: UTF8.self)
            var looked = 0
            var claimed: [AlertID] = []
            var next: AlertID?
            for id in group.pending.keys.sorted() where StreamID(id) >= claim.start {
                if looked == claim.count * 10 || claimed.count == claim.count {
                    next = id
                    break
                }
                looked += 1
                if nowMs - group.pending[id]!.atMs < claim.minIdleMs { continue }
                group.seen[consumer] = nowMs
                group.pending[id]!.consumer = consumer
                group.pending[id]!.atMs = nowMs
                if !claim.idsOnly { group.pending[id]!.count += 1 }
                claimed.append(id)
            }
            return "\(next?.text ?? "0-0") " + (claim.idsOnly ? "ids " : "claimed ")
                + claimed.map(\.text).joined(separator: ",") + " -"
        }

        func summary(_ name: String) -> String {
            guard let group = groups[name] else { return "noGroup" }
            let ids = group.pending.keys.sorted()
            let counts = Dictionary(grouping: group.pending.values, by: \.consumer)
                .mapValues(\.count)
            return "\(ids.count) \(ids.first?.text ?? "nil") \(ids.last?.text ?? "nil") "
                + counts.keys.sorted().map { "\($0)=\(counts[$0]!)" }.joined(separator: ",")
        }

        func pending(_ name: String, _ query: PendingQuery, _ nowMs: Int64) -> String {
            guard let group = groups[name] else { return "noGroup" }
            let consumer = query.consumer.map { String(decoding: $0, as: UTF8.self) }
            return group.pending.keys.sorted().filter { id in
                let entry = group.pending[id]!
                return StreamID(id) >= query.start && StreamID(id) <= query.end
                    && nowMs - entry.atMs >= query.minIdleMs
                    && (consumer == nil || entry.consumer == consumer)
            }.prefix(query.count).map { id in
                let entry = group.pending[id]!
                return "\(id.text) \(entry.consumer) \(nowMs - entry.atMs) \(entry.count)"
            }.joined(separator: "; ")
        }

        func info() -> String {
            groups.keys.sorted().map { name in
                let group = groups[name]!
                let read = group.entriesRead < 0 ? "nil" : "\(group.entriesRead)"
                let lag = self.lag(group).map { "\($0)" } ?? "nil"
                return "\(name) \(group.seen.count) \(group.pending.count) \(group.last.text)"
                    + " \(read) \(lag)"
            }.joined(separator: "; ")
        }

        func consumers(_ name: String, _ nowMs: Int64) -> String {
            guard let group = groups[name] else { return "noGroupOfKey" }
            return group.seen.keys.sorted().map { consumer in
                let count = group.pending.values.count { $0.consumer == consumer }
                return "\(consumer) \(count) \(nowMs - group.seen[consumer]!)"
            }.joined(separator: "; ")
        }
    }

    private static let groups = ["a", "b", "c"]
    private static let consumers = ["kim", "lee", "park", "yun"]

    @Test(arguments: 0..<12)
    func `groups answer as the model does, also after kills and restarts`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let bench = try GroupBench()
        var model = Model()
        for step in 0..<600 {
            if random.chance(30) { bench.clock.advance(Int64(random.number(1...5_000))) }
            if random.chance(25) {
                try bench.alert(random.number(1...4))
                model.stream = bench.ids
            }
            let (is_, should) = one(bench, &model, &random)
            #expect(is_ == should, "seed \(seed), step \(step)")
            if is_ != should { return }
            if random.chance(2) {
                try bench.kill()
            } else if random.chance(1) {
                try bench.restart()
            }
        }
        #expect(model.stream.count > 200, "seed \(seed): too little happens")
    }

    private func id(_ model: Model, _ random: inout SeededGenerator) -> StreamID {
        guard random.chance(85), !model.stream.isEmpty else {
            return random.one([.zero, StreamID(ms: 5, n: 5), .greatest])
        }
        return StreamID(random.one(model.stream))
    }

    /// A request, what is answered to it and what should be.
    private func one(
        _ bench: GroupBench, _ model: inout Model, _ random: inout SeededGenerator
    ) -> (is: String, should: String) {
        let name = random.one(Self.groups)
        let consumer = random.one(Self.consumers)
        let place = bench.place(name)
        let now = bench.clock.now
        let kind = random.number(0...99)
        if kind < 20 { return change(bench, &model, &random, name, consumer) }
        switch kind {
        case 20..<45:
            let own: StreamID? = random.chance(30) ? id(model, &random) : nil
            let count = random.one([nil, 1, 3, 10])
            let noAck = random.chance(15)
            return (
                bench.ask(
                    bench.readRequest(
                        consumer, group: name, count: count, own: own, noAck: noAck)
                ).text,
                model.read(name, consumer, count: count, own: own, noAck: noAck, now)
            )
        case 45..<60:
            let ids = (0..<random.number(1...6)).map { _ in id(model, &random) }
            var count = 0
            for one in ids {
                guard let one = AlertID(exactly: one) else { continue }
                if model.groups[name]?.pending.removeValue(forKey: one) != nil { count += 1 }
            }
            return (bench.ask(.acknowledge(place, ids)).text, "\(count)")
        case 60..<70:
            var claim = GroupClaim(
                consumer: Array(consumer.utf8), minIdleMs: random.one([0, 0, 3_000, 20_000]))
            claim.ids = (0..<random.number(1...6)).map { _ in id(model, &random) }
            claim.delivered = random.one([nil, .idleMs(7), .atMs(now - 99), .atMs(now + 5)])
            claim.retries = random.one([nil, nil, 0, 7])
            (claim.forces, claim.idsOnly) = (random.chance(30), random.chance(30))
            claim.lastID = random.chance(10) ? id(model, &random) : nil
            return (bench.ask(.claim(place, claim)).text, model.claim(name, claim, now))
        case 70..<78:
            var claim = GroupAutoClaim(
                consumer: Array(consumer.utf8), minIdleMs: random.one([0, 3_000, 20_000]),
                start: random.chance(50) ? .zero : id(model, &random))
            (claim.count, claim.idsOnly) = (random.one([1, 2, 100]), random.chance(30))
            return (bench.ask(.autoClaim(place, claim)).text, model.autoClaim(name, claim, now))
        case 78..<84: return (bench.ask(.summary(place)).text, model.summary(name))
        case 84..<92:
            var query = PendingQuery()
            if random.chance(40) { query.start = id(model, &random) }
            if random.chance(40) { query.end = id(model, &random) }
            (query.count, query.minIdleMs) = (random.one([0, 2, 1_000]), random.one([0, 4_000]))
            if random.chance(40) { query.consumer = Array(consumer.utf8) }
            return (bench.ask(.pending(place, query)).text, model.pending(name, query, now))
        case 92..<96: return (bench.ask(.groups(place.key)).text, model.info())
        default: return (bench.ask(.consumers(place)).text, model.consumers(name, now))
        }
    }

    private func change(
        _ bench: GroupBench, _ model: inout Model, _ random: inout SeededGenerator,
        _ name: String, _ consumer: String
    ) -> (is: String, should: String) {
        let place = bench.place(name)
        let start: GroupStart = random.chance(20) ? .newest : .after(id(model, &random))
        let read: Int64? = random.one([nil, nil, nil, 0, 5, -1])
        let last: StreamID =
            switch start {
            case .newest: model.stream.last.map { StreamID($0) } ?? .zero
            case .after(let id): id
            }
        let isThere = model.groups[name] != nil
        switch random.number(0...9) {
        case 0...4:
            if !isThere {
                model.groups[name] = Model.Group(last: last, entriesRead: read ?? -1)
            }
            return (
                bench.ask(.create(place, start: start, makesStream: false, entriesRead: read)).text,
                isThere ? "isThere" : "OK"
            )
        case 5:
            model.groups[name] = nil
            return (bench.ask(.destroy(place)).text, isThere ? "1" : "0")
        case 6:
            if isThere {
                model.groups[name]!.last = last
                model.groups[name]!.entriesRead = read ?? -1
            }
            return (
                bench.ask(.setID(place, start: start, entriesRead: read)).text,
                isThere ? "OK" : "noGroupOfKey"
            )
        case 7, 8:
            let was = model.groups[name]?.seen[consumer] != nil
            if isThere && !was { model.groups[name]!.seen[consumer] = bench.clock.now }
            return (
                bench.ask(.createConsumer(place, Array(consumer.utf8))).text,
                isThere ? (was ? "0" : "1") : "noGroupOfKey"
            )
        default:
            let lost = model.groups[name]?.pending.filter { $0.value.consumer == consumer } ?? [:]
            for id in lost.keys { model.groups[name]!.pending[id] = nil }
            model.groups[name]?.seen[consumer] = nil
            return (
                bench.ask(.deleteConsumer(place, Array(consumer.utf8))).text,
                isThere ? "\(lost.count)" : "noGroupOfKey"
            )
        }
    }
}
