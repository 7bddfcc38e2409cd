import TachoEngine
import TachoGeo
import TachoWire

extension ConnectionHandler {
    /// T.RIDER: no write of fixes, so it runs when all writes before it are committed; a change is
    /// answered when it is durable.
    func rider(_ command: RiderCommand, _ arguments: Arguments) {
        switch command {
        case .set(let vehicle):
            let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
            let version = output.version
            service.engine.setVehicle(vehicle, rider: arguments.copy(2)) { result in
                var writer = ReplyWriter(version)
                switch result {
                case .success: writer.simple("OK")
                case .failure(let failure): writer.error(failure.replyText)
                }
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        case .get: riderState(arguments.copy(2))
        case .list(let count, let cursorArgument):
            var first: UInt32 = 0
            if let index = cursorArgument {
                guard let cursor = UInt32(String(decoding: arguments[index], as: UTF8.self)) else {
                    return refuseCursor(arguments, index, of: "T.RIDER")
                }
                first = cursor
            }
            riderPage(from: first, limit: min(count ?? Int.max, service.limits.streamEntries))
        }
    }

    private func riderState(_ name: [UInt8]) {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.riderState(name) { result in
            var writer = ReplyWriter(version)
            switch result {
            case .failure(let failure): writer.error(failure.replyText)
            case .success(nil): writer.nullArray()
            case .success(let state?): writer.rider(name, state)
            }
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    private func riderPage(from first: UInt32, limit: Int) {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.riderPage(from: first, limit: limit) { result in
            var writer = ReplyWriter(version)
            switch result {
            case .failure(let failure): writer.error(failure.replyText)
            case .success(let page):
                writer.array(page.riders.count + (page.next == nil ? 0 : 1))
                for rider in page.riders { writer.rider(rider.name, rider.state) }
                if let next = page.next { writer.bulk(String(next)) }
            }
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

extension ReplyWriter {
    /// [field, value, …]: rider, vehicle, points, newest_ts_ms (nil without a fix).
    fileprivate mutating func rider(_ name: [UInt8], _ state: RiderState) {
        map(4)
        bulk("rider")
        bulk(name)
        bulk("vehicle")
        bulk(state.vehicle.name)
        bulk("points")
        integer(Int64(state.points))
        bulk("newest_ts_ms")
        if let newest = state.newestMs { integer(newest) } else { null() }
    }
}
