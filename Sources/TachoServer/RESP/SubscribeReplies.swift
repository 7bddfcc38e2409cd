import NIOCore
import TachoEngine
import TachoGeo
import TachoWire

extension ReplyWriter {
    /// `message CHANNEL payload`, or of a pattern `pmessage PATTERN CHANNEL payload`.
    mutating func move(_ rider: [UInt8], _ pattern: GlobPattern?, _ payload: [UInt8]) {
        push(pattern == nil ? 3 : 4)
        if let pattern {
            bulk("pmessage")
            bulk(pattern.text)
        } else {
            bulk("message")
        }
        bulk(SubscribeCommand.prefix + rider)
        bulk(payload)
    }

    /// `subscribe CHANNEL count` and the like; nil: there was none to leave.
    mutating func subscription(_ kind: StaticString, _ channel: [UInt8]?, count: Int) {
        push(3)
        bulk(kind)
        if let channel { bulk(channel) } else { null() }
        integer(Int64(count))
    }
}

extension ConnectionHandler {
    /// Who hears messages may not ask for anything else meanwhile: in RESP2 a reply could not be told
    /// from a message.
    func checkMode(_ command: Command) throws(CommandError) {
        guard output.version == .two, let subscriber, subscriber.count > 0 else { return }
        switch command {
        case .subscription(let command):
            switch command {
            case .channels, .subscribers, .patterns: break
            default: return
            }
        case .session(.ping), .session(.quit), .session(.reset): return
        default: break
        }
        throw .subscribed
    }

    func subscription(_ command: SubscribeCommand) {
        switch command {
        case .subscribe(let riders):
            for rider in riders { subscribe(rider) }
            // What was made for others may be some ms old.
            service.positions.messages.removeAll()
            tellNames(service.positions)
            service.positions.queue(self)
        case .unsubscribe(let riders):
            let all = riders.isEmpty ? Array(subscriber?.riders ?? []) : riders
            for rider in all { unsubscribe(rider) }
            if all.isEmpty {
                output.subscription("unsubscribe", nil, count: subscriber?.count ?? 0)
            }
        case .patternSubscribe(let patterns):
            for pattern in patterns { subscribe(pattern) }
        case .patternUnsubscribe(let patterns):
            let all = patterns.isEmpty ? subscriber?.patterns ?? [] : patterns
            for pattern in all { unsubscribe(pattern) }
            if all.isEmpty {
                output.subscription("punsubscribe", nil, count: subscriber?.count ?? 0)
            }
        case .channels(let pattern):
            let names = service.positions.riders.map { SubscribeCommand.prefix + $0 }
                .filter { pattern?.matches($0) ?? true }
            output.array(names.count)
            for name in names { output.bulk(name) }
        case .subscribers(let channels):
            output.array(2 * channels.count)
            for channel in channels {
                output.bulk(channel)
                let isOne = channel.starts(with: SubscribeCommand.prefix)
                let rider = Array(channel.dropFirst(SubscribeCommand.prefix.count))
                output.integer(isOne ? Int64(service.positions.subscribers(of: rider)) : 0)
            }
        case .patterns: output.integer(Int64(service.positions.patternCount))
        }
    }

    private func hasRoom() -> Bool {
        let all = service.positions.nameCount + service.positions.patternCount
        guard all < service.limits.allSubscriptions else {
            output.error(
                "ERR \(all) subscriptions of all connections are the most; use patterns, or come again"
            )
            return false
        }
        let count = subscriber?.count ?? 0
        if count < service.limits.subscriptions { return true }
        output.error(
            "ERR \(count) subscriptions on one connection are the most; use a pattern, or another "
                + "connection")
        return false
    }

    /// Patterns are looked at for every rider that moves, so their bytes are bounded too.
    private func hasRoom(for pattern: GlobPattern) -> Bool {
        let limit = service.limits.patternBytes
        if (subscriber?.patternBytes ?? 0) + pattern.text.count <= limit { return true }
        output.error(
            "ERR patterns of one connection have at most \(limit) bytes together; use fewer or "
                + "shorter ones, or another connection")
        return false
    }

    /// Changes it where it is: a copy of ten thousand names for each further one costs 0.6 ms.
    private func change(_ body: (inout Subscriber) -> Void) {
        if subscriber == nil { subscriber = Subscriber() }
        body(&subscriber!)
    }

    /// Where the rider is now is the first thing that is told.
    private func subscribe(_ rider: [UInt8]) {
        if subscriber?.riders.contains(rider) != true {
            guard hasRoom() else { return }
            let number = service.positions.subscribe(id, to: rider)
            change {
                $0.riders.insert(rider)
                if let number { $0.waiting.insert(number) }
            }
        }
        output.subscription(
            "subscribe", SubscribeCommand.prefix + rider, count: subscriber?.count ?? 0)
    }

    private func unsubscribe(_ rider: [UInt8]) {
        if subscriber?.riders.remove(rider) != nil {
            service.positions.unsubscribe(id, from: rider)
        }
        output.subscription(
            "unsubscribe", SubscribeCommand.prefix + rider, count: subscriber?.count ?? 0)
        forgetIfNone()
    }

    private func subscribe(_ pattern: GlobPattern) {
        let before = subscriber?.patterns.count ?? 0
        if subscriber?.patterns.contains(pattern) != true {
            guard hasRoom(), hasRoom(for: pattern) else { return }
            let end = service.positions.log.end
            change {
                $0.add(pattern)
                if before == 0 { $0.heard = end }
            }
            service.positions.patterns(id, before: before, now: before + 1)
        }
        output.subscription("psubscribe", pattern.text, count: subscriber?.count ?? 0)
    }

    private func unsubscribe(_ pattern: GlobPattern) {
        if let index = subscriber?.patterns.firstIndex(of: pattern) {
            change { $0.removePattern(at: index) }
            let now = subscriber?.patterns.count ?? 0
            service.positions.patterns(id, before: now + 1, now: now)
        }
        output.subscription("punsubscribe", pattern.text, count: subscriber?.count ?? 0)
        forgetIfNone()
    }

    private func forgetIfNone() {
        if subscriber?.count == 0 { subscriber = nil }
    }

    /// Takes all subscriptions back: at RESET, and at the end.
    func unsubscribeFromAll() {
        guard let one = subscriber else { return }
        for rider in one.riders { service.positions.unsubscribe(id, from: rider) }
        if !one.patterns.isEmpty {
            service.positions.patterns(id, before: one.patterns.count, now: 0)
        }
        subscriber = nil
    }

    /// `end`: the number of the next move there will be.
    func hasToHear(_ end: UInt64) -> Bool {
        guard let subscriber, mayHear else { return false }
        return !subscriber.waiting.isEmpty
            || !subscriber.patterns.isEmpty && subscriber.heard < end
    }

    /// A message goes between replies, and only to a client that takes what it got.
    private var mayHear: Bool {
        state.phase == .serving && !state.hasUnansweredWrites
            && output.count < service.limits.markBytes
            && isWritable && context != nil
    }

    /// What it has not heard, from what is true now: one piece, and at once.
    func sendMoves() {
        let hub = service.positions
        guard hasToHear(hub.log.end) else { return }
        tellNames(hub)
        let patterns = subscriber?.patterns ?? []
        if let heard = subscriber?.heard, !patterns.isEmpty, heard < hub.log.end {
            let limit = service.limits.moveBytes
            if patterns.count == 1 {
                let piece = hub.messages.piece(
                    of: patterns[0], output.version, from: heard, hub.log, upTo: limit, service)
                subscriber?.heard = piece.next
                if piece.bytes.readableBytes > 0 { send(piece.bytes) }
            } else {
                let next = hub.messages.append(
                    patterns, from: heard, hub.log, upTo: limit, service, to: &output)
                subscriber?.heard = next
            }
        }
        sendOutput()
    }

    /// Of riders by name.
    private func tellNames(_ hub: PositionHub) {
        let start = output.count
        while output.count - start < service.limits.moveBytes,
            let rider = subscriber?.waiting.popFirst()
        {
            guard let (name, payload) = hub.messages.message(of: rider, service),
                subscriber?.riders.contains(name) == true
            else { continue }
            output.move(name, nil, payload)
        }
    }
}
