import NIOCore
import TachoEngine
import TachoGeo
import TachoWire

/// An XREADGROUP with BLOCK that is with the engine. It is not known here whether it found something at
/// once: what ends the wait is decided where entries are handed out, so that none is given to a reader
/// that has just been told that there is nothing.
struct WaitingGroupRead {
    var ticket: UInt64
    var read: GroupTicket
    var timeout: Scheduled<Void>?
}

extension ConnectionHandler {
    func group(_ command: GroupCommand) {
        switch command {
        case .help(let lines):
            output.array(lines.count)
            for line in lines { output.status(line) }
        case .ask(let request):
            let limits = service.limits
            let room = GroupReplyLimits(
                entries: limits.streamEntries, bytes: limits.replyBytes - (1 << 16))
            let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
            let version = output.version
            let read = service.engine.ask(request, limits: room) { answer in
                var writer = ReplyWriter(version)
                writer.group(answer, limits: limits)
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
            guard case .read(let asked) = request, let blockMs = asked.blockMs else { return }
            var waiting = WaitingGroupRead(ticket: ticket, read: read)
            if blockMs > 0, let context {
                let engine = service.engine
                waiting.timeout = context.eventLoop.assumeIsolated().scheduleTask(
                    in: .milliseconds(blockMs)
                ) { engine.letGo(read, answering: true) }
            }
            groupRead = waiting
            service.groupReads += 1
        }
    }

    /// Its answer has come, or the connection ends.
    func endGroupRead(_ ticket: UInt64? = nil) {
        guard let waiting = groupRead, ticket == nil || waiting.ticket == ticket else { return }
        waiting.timeout?.cancel()
        groupRead = nil
        service.groupReads -= 1
    }

    /// Nobody listens any more, or nobody is to wait any longer.
    func letGoOfGroupRead(answering: Bool) {
        guard let waiting = groupRead else { return }
        service.engine.letGo(waiting.read, answering: answering)
    }
}

extension ReplyWriter {
    mutating func group(_ answer: GroupAnswer, limits: ServerLimits) {
        let start = count
        write(answer)
        if count - start > limits.replyBytes {
            truncate(to: start)
            error("ERR too many entries for one reply, use a smaller COUNT")
        }
    }

    private mutating func write(_ answer: GroupAnswer) {
        switch answer {
        case .ok: simple("OK")
        case .integer(let value): integer(value)
        case .nothing: nullArray()
        case .read(let streams):
            // As XREAD: in RESP3 a map.
            if version == .two { array(streams.count) } else { map(streams.count) }
            for (key, entries) in streams {
                if version == .two { array(2) }
                bulk(key)
                list(entries)
            }
        case .claimed(let entries): list(entries)
        case .claimedIDs(let ids): list(ids)
        case .autoClaimed(let next, let entries, let deleted):
            array(3)
            bulk(next?.text ?? "0-0")
            list(entries)
            list(deleted)
        case .autoClaimedIDs(let next, let ids, let deleted):
            array(3)
            bulk(next?.text ?? "0-0")
            list(ids)
            list(deleted)
        case .summary(let summary): write(summary)
        case .pending(let pending):
            array(pending.count)
            for one in pending {
                array(4)
                bulk(one.id.text)
                bulk(one.consumer)
                integer(one.idleMs)
                integer(Int64(one.count))
            }
        case .stream(let stream): write(stream)
        case .groups(let groups):
            array(groups.count)
            for group in groups { write(group) }
        case .consumers(let consumers):
            array(consumers.count)
            for consumer in consumers {
                pairs(3)
                bulk("name")
                bulk(consumer.name)
                bulk("pending")
                integer(Int64(consumer.pending))
                bulk("idle")
                integer(consumer.idleMs)
            }
        case .refused(let refusal): error(refusal.replyText)
        }
    }

    private mutating func pairs(_ count: Int) { map(count) }

    private mutating func list(_ ids: [AlertID]) {
        array(ids.count)
        for id in ids { bulk(id.text) }
    }

    private mutating func list(_ entries: [StreamEntry]) {
        array(entries.count)
        for one in entries {
            switch one {
            case .alert(let alert): entry(alert)
            case .fence(let notice): entry(notice)
            case .order(let order): entry(order)
            case .verdict(let notice): entry(notice)
            case .gone(let id):
                array(2)
                bulk(id.text)
                nullArray()
            }
        }
    }

    private mutating func write(_ summary: PendingSummary) {
        array(4)
        integer(Int64(summary.count))
        if let first = summary.first { bulk(first.text) } else { null() }
        if let last = summary.last { bulk(last.text) } else { null() }
        guard !summary.consumers.isEmpty else { return nullArray() }
        array(summary.consumers.count)
        for (name, count) in summary.consumers {
            array(2)
            bulk(name)
            bulk(String(count))
        }
    }

    private mutating func write(_ group: GroupShown) {
        pairs(6)
        bulk("name")
        bulk(group.name)
        bulk("consumers")
        integer(Int64(group.consumers))
        bulk("pending")
        integer(Int64(group.pending))
        bulk("last-delivered-id")
        bulk(group.last.text)
        bulk("entries-read")
        known(group.entriesRead)
        bulk("lag")
        known(group.lag)
    }

    private mutating func known(_ value: Int64?) {
        if let value { integer(value) } else { null() }
    }

    private mutating func write(_ stream: StreamShown) {
        pairs(stream.full == nil ? 10 : 9)
        bulk("length")
        integer(Int64(stream.length))
        // What Redis would need for entries of a hundred to a node.
        let nodes = Int64((stream.length + 99) / 100)
        bulk("radix-tree-keys")
        integer(nodes)
        bulk("radix-tree-nodes")
        integer(nodes + 1)
        bulk("last-generated-id")
        bulk(stream.last?.text ?? "0-0")
        bulk("max-deleted-entry-id")
        bulk("0-0")
        bulk("entries-added")
        integer(Int64(stream.length))
        bulk("recorded-first-entry-id")
        bulk(stream.firstID?.text ?? "0-0")
        if let full = stream.full {
            bulk("entries")
            list(full.entries)
            bulk("groups")
            array(full.groups.count)
            for group in full.groups { inFull(group) }
            return
        }
        bulk("groups")
        integer(Int64(stream.groupCount))
        bulk("first-entry")
        one(stream.firstEntry)
        bulk("last-entry")
        one(stream.lastEntry)
    }

    private mutating func one(_ found: StreamEntry?) {
        switch found {
        case .alert(let alert)?: entry(alert)
        case .fence(let notice)?: entry(notice)
        case .order(let order)?: entry(order)
        case .verdict(let notice)?: entry(notice)
        case .gone?, nil: null()
        }
    }

    private mutating func inFull(_ group: GroupShown) {
        pairs(7)
        bulk("name")
        bulk(group.name)
        bulk("last-delivered-id")
        bulk(group.last.text)
        bulk("entries-read")
        known(group.entriesRead)
        bulk("lag")
        known(group.lag)
        bulk("pel-count")
        integer(Int64(group.pending))
        let full = group.full ?? ([], [])
        bulk("pending")
        array(full.pending.count)
        for one in full.pending {
            array(4)
            bulk(one.id.text)
            bulk(one.consumer)
            integer(one.deliveredMs)
            integer(Int64(one.count))
        }
        bulk("consumers")
        array(full.consumers.count)
        for consumer in full.consumers {
            pairs(4)
            bulk("name")
            bulk(consumer.name)
            bulk("seen-time")
            integer(consumer.seenMs)
            bulk("pel-count")
            integer(Int64(consumer.pending))
            bulk("pending")
            array(consumer.own.count)
            for one in consumer.own {
                array(3)
                bulk(one.id.text)
                integer(one.deliveredMs)
                integer(Int64(one.count))
            }
        }
    }
}

extension GroupRefusal {
    /// As Redis 7 words it, where it has the case.
    var replyText: String {
        switch self {
        case .noStream:
            "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want"
                + " to use the MKSTREAM option to create an empty stream automatically."
        case .noKey: "ERR no such key"
        case .noGroup(let place):
            "NOGROUP No such key '\(place.key.shown)' or consumer group '\(place.shown)'"
        case .noGroupOfKey(let place):
            "NOGROUP No such consumer group '\(place.shown)' for key name '\(place.key.shown)'"
        case .noGroupToRead(let place):
            "NOGROUP No such key '\(place.key.shown)' or consumer group '\(place.shown)'"
                + " in XREADGROUP with GROUP option"
        case .isThere: "BUSYGROUP Consumer Group name already exists"
        case .isGone: "NOGROUP the consumer group this client was blocked on no longer exists"
        case .cannotMake(let key):
            "ERR '\(key.shown)' cannot be a stream: alerts and fence:ID are"
        case .name(let most): "ERR names of groups and consumers have at most \(most) bytes"
        case .tooMany(let what, let most):
            "ERR there are \(most) \(what) of streams, no more can be: remove some"
        case .tooLong: "ERR too many entries for one reply, use a smaller COUNT"
        case .tryAgain(let ms, let reason): "TRYAGAIN \(ms) \(reason)"
        case .stopped(let reason): "ERR stopped: \(reason)"
        }
    }
}

extension GroupPlace {
    fileprivate var shown: String { group.withUnsafeBytes { Arguments.shown($0) } }
}

extension StreamKey {
    fileprivate var shown: String { text.withUnsafeBytes { Arguments.shown($0) } }
}
