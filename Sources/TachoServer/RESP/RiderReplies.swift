import TachoAccess
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
        let shown = shownRiders
        service.engine.riderPage(from: first, limit: shown == nil ? limit : Int(Int32.max)) {
            var writer = ReplyWriter(version)
            let result = $0.map { page in shown.map { page.only($0, limit) } ?? page }
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

extension RiderPage {
    /// A user's own riders, cut so that the cursor names one of them too.
    fileprivate func only(_ shown: RiderPrefixes, _ limit: Int) -> RiderPage {
        var own: [(name: [UInt8], state: RiderState)] = []
        for rider in riders where shown.contain(rider.name) {
            guard own.count < limit else {
                return RiderPage(riders: own, next: rider.state.number)
            }
            own.append(rider)
        }
        return RiderPage(riders: own, next: nil)
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
