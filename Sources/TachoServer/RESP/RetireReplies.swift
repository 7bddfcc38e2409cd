import TachoEngine
import TachoWire

/// Points that leave the database.
extension ConnectionHandler {
    /// Minutes, for ranges of many points: answered at its end.
    func retire(_ request: RetireRequest) {
        guard var query = service.retirement(request) else {
            return output.error(
                "ERR this server keeps all points in its database: say HOTDAYS d, or start it with "
                    + "--hot-days")
        }
        query.hotDays = request.hotDays ?? query.hotDays
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.retire(query) { result in
            var writer = ReplyWriter(version)
            writer.retired(result)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

extension RespService {
    /// Mirrors that the server was told to require hold for whoever asks.
    fileprivate func retirement(_ request: RetireRequest) -> RetireQuery? {
        engine.retirementQuery ?? request.hotDays.map { RetireQuery(hotDays: $0) }
    }
}

extension ReplyWriter {
    /// T.RETIRE: [segment, points, bytes] of each range that left, [segment, reason] of each that had
    /// to stay.
    fileprivate mutating func retired(_ result: Result<RetireReport, RetireError>) {
        switch result {
        case .failure(let error): self.error("ERR \(error)")
        case .success(let report):
            array(2)
            array(report.retired.count)
            for range in report.retired {
                array(3)
                integer(Int64(range.segment))
                integer(Int64(range.points))
                integer(Int64(range.bytes))
            }
            array(report.kept.count)
            for range in report.kept {
                array(2)
                integer(Int64(range.segment))
                bulk(range.reason)
            }
        }
    }
}
