import TachoEngine
import TachoGeo
import TachoWire

extension ConnectionHandler {
    /// T.FENCE: no write of fixes, so it runs when all writes before it are committed; a change is
    /// answered when it is durable and in force.
    func fence(_ command: FenceCommand, _ arguments: Arguments) {
        switch command {
        case .set(var definition, let seconds):
            if let seconds { definition.expiresMs = service.nowMs() + seconds * 1000 }
            let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
            let version = output.version
            service.engine.setFence(definition) { result in
                var writer = ReplyWriter(version)
                switch result {
                case .success: writer.simple("OK")
                case .failure(let refusal): writer.error(refusal.replyText)
                }
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        case .delete:
            let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
            let version = output.version
            service.engine.deleteFence(arguments.copy(2)) { result in
                var writer = ReplyWriter(version)
                switch result {
                case .success(let was): writer.integer(was ? 1 : 0)
                case .failure(let refusal): writer.error(refusal.replyText)
                }
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        case .get:
            if let fence = service.engine.fence(arguments.copy(2)) {
                output.fence(fence)
            } else {
                output.nullArray()
            }
        case .list(let count, let cursorArgument):
            let limits = service.limits
            let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
            let version = output.version
            service.engine.fencePage(
                after: cursorArgument.map { arguments.copy($0) },
                limit: min(count ?? Int.max, limits.streamEntries)
            ) { result in
                var writer = ReplyWriter(version)
                switch result {
                case .success(let page): writer.fences(page, limits: limits)
                case .failure(let failure): writer.error(failure.replyText)
                }
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        }
    }
}

extension FenceRefusal {
    var replyText: String {
        switch self {
        case .area(let error): "ERR \(error)"
        case .invalid(let error): "ERR \(error)"
        case .tooMany(let most): "ERR \(most) fences are set, no more can be: delete some"
        case .append(let error): error.replyText
        }
    }
}

extension ReplyWriter {
    /// [field, value, …]: id, area, detect, margin_m, expires_ms (nil: never), inside, events.
    mutating func fence(_ fence: FenceShown) {
        map(7)
        bulk("id")
        bulk(fence.definition.id)
        bulk("area")
        bulk(fence.definition.areaText)
        bulk("detect")
        bulk(fence.definition.detection.text)
        bulk("margin_m")
        decimal(ConnectionHandler.shortest(fence.definition.marginM))
        bulk("expires_ms")
        if let ms = fence.definition.expiresMs { integer(ms) } else { null() }
        bulk("inside")
        integer(Int64(fence.inside))
        bulk("events")
        integer(Int64(fence.events))
    }

    /// As many as fit, and the cursor behind them.
    fileprivate mutating func fences(_ page: FencePage, limits: ServerLimits) {
        var body = ReplyWriter(version)
        var fitting = 0
        for fence in page.fences {
            let before = body.count
            body.fence(fence)
            if fitting > 0 && body.count > limits.replyBytes - 256 {
                body.truncate(to: before)
                break
            }
            fitting += 1
        }
        let next = fitting < page.fences.count ? page.fences[fitting - 1].definition.id : page.next
        array(fitting + (next == nil ? 0 : 1))
        append(contentsOf: body.bytes)
        if let next { bulk(next) }
    }

    /// [id, [field, value, …]]: event, then of a rider rider, ts_ms, lat, lon, since_ms; of the fence
    /// itself ts_ms.
    mutating func entry(_ event: FenceNotice) {
        array(2)
        bulk(event.id.text)
        array(event.rider == nil ? 4 : 12)
        bulk("event")
        bulk(event.kind.name)
        if let rider = event.rider {
            bulk("rider")
            bulk(rider)
        }
        bulk("ts_ms")
        bulk(String(event.tsMs))
        guard event.rider != nil else { return }
        bulk("lat")
        fields { $0.degrees(event.position.latE7) }
        bulk("lon")
        fields { $0.degrees(event.position.lonE7) }
        bulk("since_ms")
        bulk(String(event.sinceMs))
    }
}
