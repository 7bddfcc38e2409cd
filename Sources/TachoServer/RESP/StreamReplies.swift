import NIOCore
import TachoEngine
import TachoGeo
import TachoWire

/// What was found in one stream.
enum StreamEntries {
    case alerts([Alert])
    case fence([FenceNotice])
    case orders([OrderEntry])
    case verdicts([VerdictNotice])

    var count: Int {
        switch self {
        case .alerts(let alerts): alerts.count
        case .fence(let events): events.count
        case .orders(let entries): entries.count
        case .verdicts(let entries): entries.count
        }
    }
}

extension ReplyWriter {
    mutating func entry(_ entries: StreamEntries, _ index: Int) {
        switch entries {
        case .alerts(let alerts): entry(alerts[index])
        case .fence(let events): entry(events[index])
        case .orders(let entries): entry(entries[index])
        case .verdicts(let entries): entry(entries[index])
        }
    }

    /// XRANGE. More than the server gives at once is an error: a client that pages would take a
    /// short page for the last.
    mutating func entries(_ found: StreamEntries, limits: ServerLimits) {
        let start = count
        array(found.count)
        for index in 0..<found.count { entry(found, index) }
        if found.count > limits.streamEntries || count - start > limits.replyBytes {
            truncate(to: start)
            error("ERR too many entries for one reply, use a smaller COUNT")
        }
    }

    /// XREAD: [[stream, entries], …], in RESP3 a map of them. What does not fit is read with the next call, as the client
    /// goes on from the last id it got.
    mutating func readEntries(
        _ streams: [(name: StreamName, entries: StreamEntries)],
        limits: ServerLimits
    ) {
        var pieces: [(name: StreamName, fitting: Int, bytes: [UInt8])] = []
        var bytes = 0
        for (name, entries) in streams {
            var body = ReplyWriter(version)
            var fitting = 0
            for index in 0..<entries.count {
                let before = body.count
                body.entry(entries, index)
                let isFirst = fitting == 0 && pieces.isEmpty
                if !isFirst && bytes + body.count > limits.replyBytes - 256 {
                    body.truncate(to: before)
                    break
                }
                fitting += 1
            }
            if fitting == 0 { break }
            bytes += body.count + 160
            pieces.append((name, fitting, body.bytes))
        }
        if version == .three { map(pieces.count) } else { array(pieces.count) }
        for piece in pieces {
            if version == .two { array(2) }
            bulk(piece.name.text)
            array(piece.fitting)
            append(contentsOf: piece.bytes)
        }
    }
}

/// An XREAD with BLOCK that has found nothing yet.
struct BlockedRead {
    /// What it asks for. Most readers of a stream wait behind the same entry.
    struct Question: Hashable {
        var streams: [Place]
        var limit: Int
    }

    struct Place: Hashable {
        var name: StreamName
        var after: AlertID?
    }

    var ticket: UInt64
    var question: Question
    var timeout: Scheduled<Void>?
}

extension ConnectionHandler {
    func streamRange(_ range: StreamRange) {
        let limit = min(range.count ?? Int.max, service.limits.streamEntries + 1)
        guard !range.isEmpty else { return output.array(0) }
        let after = range.start.predecessor.map { AlertID($0) }
        let found = service.entries(
            of: range.stream, after: after, through: AlertID(range.end), limit: limit)
        output.entries(found, limits: service.limits)
    }

    func streamLength(_ stream: StreamName) {
        output.integer(Int64(service.length(of: stream)))
    }

    func streamRead(_ read: StreamRead) {
        let question = BlockedRead.Question(
            streams: read.streams.map { stream in
                switch stream.start {
                case .after(let id): .init(name: stream.name, after: AlertID(id))
                case .newest: .init(name: stream.name, after: service.lastID(of: stream.name))
                }
            }, limit: min(read.count ?? Int.max, service.limits.streamEntries))
        let found = service.answer(question)
        if !found.isEmpty {
            return output.readEntries(found, limits: service.limits)
        }
        guard let blockMs = read.blockMs, let context else { return output.nullArray() }
        var blocked = BlockedRead(ticket: state.startAnswer(), question: question)
        if blockMs > 0 {
            let ticket = blocked.ticket
            blocked.timeout = context.eventLoop.assumeIsolated().scheduleTask(
                in: .milliseconds(blockMs)
            ) { [weak self] in self?.timedOut(ticket) }
        }
        self.blocked = blocked
        service.block(id, on: question.streams.map(\.name))
    }

    /// True if there is something for this connection. `answers` spares asking the engine again
    /// for every one of thousands that wait behind the same entry.
    func entriesArrived(
        _ answers: inout [BlockedRead.Question: [(name: StreamName, entries: StreamEntries)]]
    ) -> Bool {
        guard let blocked else { return false }
        let question = blocked.question
        let found = answers[question] ?? service.answer(question)
        answers[question] = found
        guard !found.isEmpty else { return false }
        blocked.timeout?.cancel()
        forgetBlocked(blocked.ticket)
        output.readEntries(found, limits: service.limits)
        return true
    }

    private func timedOut(_ ticket: UInt64) {
        guard blocked?.ticket == ticket else { return }
        unblock()
        goOn()
    }

    /// Ends an XREAD that found nothing.
    func unblock() {
        guard let blocked else { return }
        blocked.timeout?.cancel()
        forgetBlocked(blocked.ticket)
        output.nullArray()
    }

    private func forgetBlocked(_ ticket: UInt64) {
        let isCurrent = state.answered(ticket)
        precondition(isCurrent, "XREAD \(ticket) is blocked in \(state.phase)")
        blocked = nil
        service.unblock(id)
    }
}

extension RespService {
    func entries(
        of stream: StreamName, after: AlertID?, through: AlertID?, limit: Int
    ) -> StreamEntries {
        switch stream {
        case .alerts: .alerts(engine.alerts(after: after, through: through, limit: limit))
        case .fence(let id):
            .fence(engine.fenceEvents(id, after: after, through: through, limit: limit))
        case .orders:
            .orders(engine.orderEntries(after: after, through: through, limit: limit))
        case .verdicts:
            .verdicts(engine.verdictEntries(after: after, through: through, limit: limit))
        case .other: .alerts([])
        }
    }

    func length(of stream: StreamName) -> Int {
        switch stream {
        case .alerts: engine.alertCount
        case .fence(let id): engine.fenceStream(id).events
        case .orders: engine.orderEntryCount
        case .verdicts: engine.verdictEntryCount
        case .other: 0
        }
    }

    func lastID(of stream: StreamName) -> AlertID? {
        switch stream {
        case .alerts: engine.lastAlertID
        case .fence(let id): engine.fenceStream(id).last
        case .orders: engine.lastOrderID
        case .verdicts: engine.lastVerdictID
        case .other: nil
        }
    }

    /// Streams with entries behind what is known of them, no more in all than fit into a reply: the rest by
    /// the next call.
    func answer(
        _ question: BlockedRead.Question
    ) -> [(name: StreamName, entries: StreamEntries)] {
        var left = limits.streamEntries
        var answer: [(name: StreamName, entries: StreamEntries)] = []
        for place in question.streams where left > 0 {
            let found = entries(
                of: place.name, after: place.after, through: nil,
                limit: min(question.limit, left))
            left -= found.count
            if found.count > 0 { answer.append((place.name, found)) }
        }
        return answer
    }
}
